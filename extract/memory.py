"""Keeps what a process holds in memory to what it needs."""

import ctypes
import os

_M_TRIM_THRESHOLD = -1
_BYTES = 65_536


def return_freed_memory() -> None:
    """Has memory given back to the system as it is freed. To be called before Arrow is imported.

    Chunks are allocated and freed in turn. Arrow's own pool, and glibc's, which learns from large
    blocks to keep larger ones, would hold on to half as much again. Other C libraries than glibc
    are left alone.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_TRIM_THRESHOLD, _BYTES)
