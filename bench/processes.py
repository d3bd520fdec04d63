"""Commands, with their time and memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """What a command took: wall time in seconds, and the most memory that it had at once in MB."""

    seconds: float
    peak: float


def run(module: str, *arguments: str, environment: Mapping[str, str]) -> Measured:
    """Runs `python -m module arguments…`; its output is shown if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
        # Not process.wait(): it does not tell the memory.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode()}")
    return Measured(seconds, usage.ru_maxrss / 1024)
