"""`python -m extract`: the command `sportmonks`."""

# Before the imports that take long.
from extract import interrupts

interrupts.install()

import ctypes  # noqa: E402
import gc  # noqa: E402
import io  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

_M_TRIM_THRESHOLD = -1
_TRIM_THRESHOLD_BYTES = 65_536


def _return_freed_memory() -> None:
    """Returns freed memory to the system at once. Call it before Arrow is imported.

    Chunks are allocated and freed in turn. Arrow's own pool would keep half as much again, and so
    would glibc, which learns from large blocks to keep larger ones. Other C libraries than glibc
    are left as they are.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)


if sys.argv[1:2] == ["transform"]:
    # dbt keeps the parsed project until it ends. Garbage collection would take an eighth of a
    # transform after a small change.
    gc.disable()
else:
    _return_freed_memory()

# A character that the terminal or file cannot encode is written as an escape such as `\xfc`.
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")

from extract.cli.commands import app  # noqa: E402

app()
