"""Writes the pages into a folder: beside it first, so that a kill leaves the old ones."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from extract.errors import BusyError, ExtractError, UsageError, first_line
from extract.report.football import Counts, write_football
from extract.report.operations import write_page
from extract.text import printable
from extract.warehouse.base import OnWait
from extract.warehouse.query import open_query_when_free

# A folder with this file is a report, and may be replaced while it has nothing but our entries.
_MARKER = Path("assets", "written-by-sportmonks-report.txt")
_ENTRIES = {"assets", "data", "index.html", "operations.html"}
_NOT_A_MISTAKE = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


@dataclass(frozen=True)
class Site:
    """What was written.

    Attributes:
        index: the first page.
        counts: the football pages.
        files: number of files.
        size: their size in bytes.
        seconds: how long it took.
        problem: why the operations page could not be written; None if it was.
    """

    index: Path
    counts: Counts
    files: int
    size: int
    seconds: float
    problem: str | None


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
    if target in (Path.cwd(), *Path.cwd().parents):
        raise UsageError(f"{target} holds the working directory: --output names another folder.")
    try:
        with _replacing(target) as new:
            with open_query_when_free(on_wait, wait) as query:
                counts = write_football(new, query, datetime.now(UTC), on_step)
            (new / _MARKER).write_text("The command `sportmonks report` replaces this folder.\n")
            problem = _write_operations(new / "operations.html", on_wait, wait, on_step)
            sizes = [path.stat().st_size for path in new.rglob("*") if path.is_file()]
    except OSError as error:
        kind = ExtractError if error.errno in _NOT_A_MISTAKE else UsageError
        raise kind(f"{folder} cannot be written: {error.strerror}.") from error
    seconds = time.monotonic() - began
    return Site(target / "index.html", counts, len(sizes), sum(sizes), seconds, problem)


def _write_operations(
    path: Path, on_wait: OnWait, wait: bool, on_step: Callable[[str], None]
) -> str | None:
    """Writes the operations page; returns why not, because the football pages do not need it."""
    try:
        write_page(path, on_wait, wait, "index.html", on_step)
    except (OSError, BusyError):
        raise
    except Exception as error:
        reason = first_line(error)
        if not isinstance(error, ExtractError):
            reason = f"{type(error).__name__}: {reason}"
        problem = f"The operations page could not be written: {reason}"
        path.write_text(
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Operations</title>'
            f'<p>{escape(problem)}</p><p><a href="index.html">Football pages</a></p></html>\n',
            encoding="utf-8",
        )
        return problem
    return None


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Gives an empty folder beside the target, which takes its place when the block succeeds."""
    new, old = (target.with_name(f".{target.name}.{suffix}") for suffix in ("new", "old"))
    if not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: {target.parent} is no folder.")
    with _locked(new):
        try:
            # A process was killed between the two renames below.
            if old.exists() and not target.exists():
                old.rename(target)
            _reject_other_folder(target)
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
        return
    if not target.is_dir():
        raise UsageError(f"{target} is a file: --output names a folder.")
    names = {path.name for path in target.iterdir()}
    if names and not (target / _MARKER).is_file():
        raise UsageError(f"{target} is not a report: name a folder that is empty or missing.")
    if others := sorted(names - _ENTRIES):
        raise UsageError(
            f"{target} has {printable(others[0])}, which is not part of the report and would be "
            "deleted: move it, or name another folder."
        )


def _empty(folder: Path) -> None:
    """Removes what a killed process has left."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
