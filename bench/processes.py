"""Commands, with their time and memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes:
        seconds: wall time.
        peak: the most memory that it had at once, in MB.
        output: what it wrote to standard output.
    """

    seconds: float
    peak: float
    output: str = ""


def run(module: str, *arguments: str, environment: Mapping[str, str]) -> Measured:
    """Runs `python -m module arguments…`; its output is shown if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env={**os.environ, **environment}, stdout=output, stderr=errors
        )
        # Not process.wait(): it does not tell the memory.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        said, complained = (file.read().decode() for file in map(_from_start, (output, errors)))
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{said}{complained}")
    return Measured(seconds, usage.ru_maxrss / 1024, said)


def _from_start(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file
