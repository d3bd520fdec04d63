"""Runs commands, and measures their time, CPU and memory."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Measured:
    """The cost of a command.

    Attributes:
        seconds: wall time.
        peak: peak memory in MB, of the command alone; 0 where it was not measured.
        client_cpu: CPU seconds of the command, user and system, children included.
        server_cpu: CPU seconds of the database server meanwhile; 0 on DuckDB.
        output: its standard output.
    """

    seconds: float
    peak: float = 0.0
    client_cpu: float = 0.0
    server_cpu: float = 0.0
    output: str = ""

    @property
    def cpu(self) -> float:
        """CPU seconds of the command and the server."""
        return self.client_cpu + self.server_cpu

    def __add__(self, other: "Measured") -> "Measured":
        """The cost of this command and then another one."""
        return Measured(
            self.seconds + other.seconds,
            max(self.peak, other.peak),
            self.client_cpu + other.client_cpu,
            self.server_cpu + other.server_cpu,
        )


def median(measured: Sequence[Measured]) -> Measured:
    """The medians of several runs, and their largest memory."""
    return Measured(
        statistics.median(each.seconds for each in measured),
        max(each.peak for each in measured),
        statistics.median(each.client_cpu for each in measured),
        statistics.median(each.server_cpu for each in measured),
    )


def no_server() -> float:
    """The CPU seconds of the server of an engine that has none."""
    return 0.0


def run(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    server_cpu: Callable[[], float] = no_server,
    python: str = sys.executable,
    folder: Path | None = None,
) -> Measured:
    """Runs `python -m module arguments…`; its output is shown if it fails.

    Args:
        module: to run.
        arguments: of the command.
        environment: variables beside those of this process.
        server_cpu: returns the CPU seconds that the database server has taken so far.
        python: the interpreter.
        folder: to run in; by default that of this process.
    """
    command = [python, "-m", module, *arguments]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        server_before = server_cpu()
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env={**os.environ, **environment}, cwd=folder, stdout=output, stderr=errors
        )
        # Not process.wait(): it does not return the memory.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, failed = (file.read().decode() for file in map(_from_start, (output, errors)))
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{printed}{failed}")
    client_cpu = usage.ru_utime + usage.ru_stime
    return Measured(
        seconds, usage.ru_maxrss / 1024, client_cpu, server_cpu() - server_before, printed
    )


def _from_start(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file
