"""Writes the pages into a folder: beside it first, so that a kill leaves the old ones."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from extract.errors import ExtractError, UsageError
from extract.report.football import Counts, write_football
from extract.report.operations import write_page
from extract.warehouse.base import OnWait
from extract.warehouse.query import open_query_when_free

# A folder with these files is a report, and may be replaced.
_OURS = ("index.html", "assets/router.js")


@dataclass(frozen=True)
class Site:
    """What was written.

    Attributes:
        index: the first page.
        counts: the football pages.
        files: number of files.
        size: their size in bytes.
        seconds: how long it took.
    """

    index: Path
    counts: Counts
    files: int
    size: int
    seconds: float


def write_site(
    folder: Path,
    on_wait: OnWait,
    wait: bool = True,
    on_step: Callable[[str], None] = lambda _: None,
) -> Site:
    """Writes the football site and the operations page.

    The football site is made from the final tables alone.

    Args:
        folder: where to write. It is replaced if it is a report, and created if it is missing.
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another process that uses the warehouse.
        on_step: called with what is read or written now.

    Raises:
        UsageError: there are no tables yet, a setting is wrong, or the folder cannot be written or
            is not a report.
        ExtractError: another process uses the warehouse or writes into the folder, or the warehouse
            cannot be reached.
    """
    began = time.monotonic()
    target = folder.resolve()
    try:
        with _replacing(target) as new:
            with open_query_when_free(on_wait, wait) as query:
                counts = write_football(new, query, datetime.now(UTC), on_step)
            write_page(new / "operations.html", on_wait, wait, "index.html", on_step)
            sizes = [path.stat().st_size for path in new.rglob("*") if path.is_file()]
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.") from error
    seconds = time.monotonic() - began
    return Site(target / "index.html", counts, len(sizes), sum(sizes), seconds)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Gives an empty folder beside the target, which takes its place when the block succeeds."""
    new, old = (target.with_name(f".{target.name}.{suffix}") for suffix in ("new", "old"))
    # A process was killed between the two renames below.
    if old.exists() and not target.exists():
        old.rename(target)
    _reject_other_folder(target)
    with _locked(new):
        try:
            _empty(new)
            yield new
            if target.exists():
                shutil.rmtree(old, ignore_errors=True)
                target.rename(old)
            new.rename(target)
            shutil.rmtree(old, ignore_errors=True)
        except Exception:
            shutil.rmtree(new, ignore_errors=True)
            raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Creates a folder, and holds a lock on it that ends with this process, however it ends."""
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ExtractError(f"Another process writes a report into {folder.parent}.") from error
    finally:
        os.close(descriptor)


def _reject_other_folder(target: Path) -> None:
    """Raises an error where replacing the target would delete something else."""
    if not target.exists():
        if not target.parent.is_dir():
            raise UsageError(f"{target} cannot be written: {target.parent} is no folder.")
        return
    if not target.is_dir():
        raise UsageError(f"{target} is a file: --output names a folder.")
    is_ours = all((target / name).is_file() for name in _OURS)
    if not is_ours and any(target.iterdir()):
        raise UsageError(f"{target} is not a report: name a folder that is empty or missing.")


def _empty(folder: Path) -> None:
    """Removes what a killed process has left."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
