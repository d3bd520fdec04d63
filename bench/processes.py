"""Runs commands, and measures their time and memory."""

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
    """The cost of a command.

    Attributes:
        seconds: wall time.
        peak: peak memory in MB, of the command alone; 0 where it was not measured.
        cpu: CPU seconds, user and system, children included.
        output: its standard output.
    """

    seconds: float
    peak: float
    cpu: float = 0.0
    output: str = ""


def run(module: str, *arguments: str, environment: Mapping[str, str]) -> Measured:
    """Runs `python -m module arguments…`; its output is shown if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env={**os.environ, **environment}, stdout=output, stderr=errors
        )
        # Not process.wait(): it does not return the memory.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, failed = (file.read().decode() for file in map(_from_start, (output, errors)))
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{printed}{failed}")
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(seconds, usage.ru_maxrss / 1024, cpu, printed)


def _from_start(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file
