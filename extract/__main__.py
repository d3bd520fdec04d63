"""The command `sportmonks`, also as `python -m extract`."""

import atexit
import ctypes
import gc
import io
import os
import sys
from contextlib import suppress
from pathlib import Path

from extract import interrupts
from extract.errors import STARTED_BY_VARIABLE

# Options of glibc's `mallopt`, and their values in bytes.
_M_TRIM_THRESHOLD = -1
_TRIM_THRESHOLD = 65_536
_M_MMAP_THRESHOLD = -3
_MMAP_THRESHOLD = 4_000_000
# New objects after which Python's garbage collector runs. With the default of 700, it takes a tenth
# of the time of the imports.
_NEW_OBJECTS = 20_000

# Set when the command has ended. After an error that Python reports, it stays unknown.
_exit_code: int | None = None


def command() -> None:
    """Runs the command as a program: nothing else runs in this process afterwards."""
    global _exit_code
    # Functions that others registered before, such as a profiler's, would not be called.
    if not atexit._ncallbacks():
        # Called last, because it is registered first.
        atexit.register(_end_at_once)
    try:
        main()
    except SystemExit as ending:
        _exit_code = ending.code if isinstance(ending.code, int) else None
        raise


def main() -> None:
    """Runs the command that the arguments name, and raises SystemExit with its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # It is closed. The next file that is opened would get its file descriptor, and
            # libraries would write their output into that file.
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - until the process ends
    # Before the imports that take long.
    interrupts.install()
    is_module = Path(sys.argv[0]).name == "__main__.py"
    os.environ.setdefault(STARTED_BY_VARIABLE, "python -m extract" if is_module else "sportmonks")
    if sys.argv[1:2] == ["transform"]:
        # dbt keeps the parsed project until it ends, and its import is a part of that.
        gc.disable()
    else:
        gc.set_threshold(_NEW_OBJECTS)
        _return_freed_memory()
    # A character that the terminal or file cannot encode is written as an escape such as `\xfc`.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    from extract.cli.commands import app

    app()


def _end_at_once() -> None:
    """Ends the process without freeing its objects. This saves 0.8 s after a small transform."""
    if _exit_code is None:
        return
    # If a stream cannot be written, Python reports it when it ends the process.
    with suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(_exit_code)


def _return_freed_memory() -> None:
    """Makes the process return freed memory to the system at once. Call it before importing Arrow.

    Chunks are allocated and freed in turn. Arrow's own memory pool would keep half as much again,
    and so would glibc, which raises its two thresholds after large blocks. With only one of them
    fixed, it would map each block above 128 KB anew, such as every response: a twentieth of the CPU
    time of an extract. On C libraries other than glibc, only Arrow's pool is changed.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD)
        library.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD)


if __name__ == "__main__":
    command()
