"""Commits loads with dlt, and finishes the loads of killed runs."""

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import count
from pathlib import Path

import dlt
from dlt.common.storages.load_package import PackageStorage
from dlt.extract import DltResource, DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from extract.errors import DroppedError, ExtractError, exception_chain, first_line
from extract.warehouse import raw_tables as tables
from extract.warehouse.base import Warehouse
from extract.warehouse.working_files import find_damaged_file

_PIPELINE = "sportmonks"
# System errors of a disk that is full, over its quota or limit, read-only or failing.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def pipelines_folder() -> Path:
    """The folder of dlt's working files, for all databases."""
    return Path(os.environ.get("DLT_DATA_DIR") or ".dlt") / "pipelines"


class Loader:
    """dlt's pipeline into a warehouse, with working files that no other process uses.

    A load is extracted to disk, then committed under the write lock, because on PostgreSQL the
    loads of all processes share dlt's staging tables.

    Args:
        warehouse: the destination.
        on_damage: called with a line when damaged working files are moved aside.
    """

    def __init__(self, warehouse: Warehouse, on_damage: Callable[[str], None]) -> None:
        self._warehouse = warehouse
        self._on_damage = on_damage
        # A folder for each database, so that no load reaches another; in it one for each process.
        name = hashlib.blake2b(warehouse.location.encode(), digest_size=6).hexdigest()
        self._folder = pipelines_folder() / name
        self._folder.mkdir(parents=True, exist_ok=True)
        self._locks: list[TextIOWrapper] = []
        self._pipeline = self._pipeline_in(next(filter(self._lock, count())))

    def load(
        self, data: DltSource | Sequence[DltResource], on_fetched: Callable[[], None] | None = None
    ) -> float:
        """Commits one load.

        A stored row stays if it is newer than the loaded row, whatever the order of loads.

        Args:
            data: the resources to load.
            on_fetched: called when all data are on disk.

        Returns:
            Seconds from then until the load was committed.

        Raises:
            DroppedError: the database refuses the data, which are fetched again later.
            ExtractError: the API failed; or the database cannot be reached, and the next run loads
                what was fetched.
            KeyboardInterrupt: Ctrl-C.
        """
        with _cause_of_failed_step():
            for resource in _resources(data):
                table = str(resource.table_name)
                resource.apply_hints(
                    write_disposition=tables.newest_wins(table, self._warehouse.raw)
                )
            self._pipeline.extract(data)
        if on_fetched:
            on_fetched()
        began = time.monotonic()
        self._finish(self._pipeline)
        return time.monotonic() - began

    @property
    def has_pending(self) -> bool:
        """Whether data are extracted and not committed."""
        return bool(self._pipeline.has_pending_data)

    def finish_abandoned(self, on_found: Callable[[], None]) -> None:
        """Loads what killed runs on this machine had fetched.

        Args:
            on_found: called before each such load.

        Raises:
            DroppedError, ExtractError: as in `load`.
        """
        numbers = sorted(int(path.stem) for path in self._folder.glob("*.lock"))
        others = map(self._pipeline_in, filter(self._lock, numbers))
        for pipeline in [self._pipeline, *others]:
            if pipeline.has_pending_data:
                on_found()
                self._finish(pipeline)
            _clear_leftovers(Path(pipeline.working_dir))
        if not self._warehouse.has_tables():
            # dlt's state does not fit this database, which is new or was emptied.
            self._pipeline.drop()

    def close(self) -> None:
        """Releases the working files for other processes."""
        for lock in self._locks:
            lock.close()

    def _lock(self, number: int) -> bool:
        """Takes a working folder if it is free. The lock is released when the process ends."""
        lock = (self._folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._locks.append(lock)
        return True

    def _pipeline_in(self, number: int) -> dlt.Pipeline:
        folder = self._folder / str(number)
        self._move_damaged(folder)
        return dlt.pipeline(
            pipeline_name=_PIPELINE,
            pipelines_dir=str(folder),
            destination=self._warehouse.destination(),
            dataset_name=self._warehouse.raw,
        )

    def _move_damaged(self, folder: Path) -> None:
        """Moves a working folder aside if dlt cannot read a file in it.

        Its data are not committed, so that they are due, and fetched again.
        """
        damaged = find_damaged_file(folder / _PIPELINE)
        if damaged is None:
            return
        moved = folder.with_name(f"{folder.name}-damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        folder.rename(moved)
        self._on_damage(
            f"The working file {damaged.relative_to(folder / _PIPELINE)} was damaged, for example "
            f"by a power failure. The folder is kept as {moved}; its data are fetched again."
        )

    def _finish(self, pipeline: dlt.Pipeline) -> None:
        """Loads extracted data. `pipeline.run` would drop them on a first run."""
        with _cause_of_failed_step():
            try:
                _forget_normalized_twice(pipeline)
                if not pipeline.default_schema_name:
                    raise _LostSchemaError("all tables")
                pipeline.normalize()
                self._warehouse.write("load", lambda: self._commit(pipeline))
            except Exception as error:
                self._explain(pipeline, error)
                raise

    def _commit(self, pipeline: dlt.Pipeline) -> None:
        _restart_packages(pipeline)
        pipeline.load()
        self._warehouse.after_load()

    def _explain(self, pipeline: dlt.Pipeline, error: Exception) -> None:
        """Raises an error that says what happens with the fetched data.

        Data that can be loaded later are kept. Data that can never be loaded are dropped, because
        they would make every later run fail. For other errors it does nothing.
        """
        warehouse = self._warehouse
        *_, first = causes = list(exception_chain(error))
        reason = first_line(first)
        # dlt raises a KeyError for a table that is missing in its schema.
        if isinstance(first, KeyError) and first.args[:1] and first.args[0] in tables.SCHEMAS:
            first = _LostSchemaError(first.args[0])
        if any(map(warehouse.is_connection_error, causes)):
            # The run is over: it must not wait for the database again.
            warehouse.retry_when_disconnected = False
            raise ExtractError(
                f"The connection to the {warehouse.name} was lost ({reason}). What was fetched is "
                "kept: the next run loads it first."
            ) from error
        if isinstance(first, _LostSchemaError):
            reason = f"a run was killed before dlt had noted the schema of {first}"
        elif not any(map(warehouse.is_data_error, causes)):
            return
        with warehouse.write_lock("load"):
            pipeline.drop()
            warehouse.discard_staging()
        raise DroppedError(
            f"What was fetched cannot be stored in the {warehouse.name} ({reason}). It is dropped, "
            "and a later run fetches it again."
        ) from error


class _LostSchemaError(Exception):
    """dlt has no schema of a table, and cannot load its data. The text names the table."""


def _resources(data: DltSource | Sequence[DltResource]) -> Iterable[DltResource]:
    return data.selected_resources.values() if isinstance(data, DltSource) else data


def _forget_normalized_twice(pipeline: dlt.Pipeline) -> None:
    """Drops extracted packages that are normalized already, after a kill between these two steps.

    dlt would normalize them again, and fail on every run (dlt-hub/dlt#4446).
    """
    extracted = set(pipeline.list_extracted_load_packages())
    for load_id in extracted & set(pipeline.list_normalized_load_packages()):
        pipeline._get_normalize_storage().extracted_packages.delete_package(load_id)


def _restart_packages(pipeline: dlt.Pipeline) -> None:
    """Makes dlt load partly loaded packages from the beginning.

    dlt would continue where it stopped. But on PostgreSQL, without the write lock, another process
    may have emptied the staging tables, and dlt would merge from them without the rows of this
    package.
    """
    packages = pipeline._get_load_storage().normalized_packages
    for load_id in packages.list_packages():
        folder = Path(packages.storage.make_full_path(packages.get_package_path(load_id)))
        begun = folder / PackageStorage.APPLIED_SCHEMA_UPDATES_FILE_NAME
        if not begun.exists():
            continue
        new = folder / PackageStorage.NEW_JOBS_FOLDER
        for state in (PackageStorage.STARTED_JOBS_FOLDER, PackageStorage.COMPLETED_JOBS_FOLDER):
            for job in (folder / state).iterdir():
                job.rename(new / job.name)
        # The merges: dlt adds them again when the staging tables are filled.
        merges = new.glob("*.sql")
        for file in [*merges, *(folder / PackageStorage.PENDING_TRANSITIONS_FOLDER).iterdir()]:
            file.unlink()
        # Last, so that all of this is repeated after a kill.
        begun.rename(folder / PackageStorage.SCHEMA_UPDATES_FILE_NAME)


def _clear_leftovers(working_dir: Path) -> None:
    """Removes files that dlt never removes: a record of every load, and data of killed extracts."""
    kept = working_dir / "normalize" / "extracted"
    for folder in [*working_dir.glob("load/loaded/*"), *working_dir.glob("normalize/*")]:
        if folder != kept and folder.is_dir():
            shutil.rmtree(folder)


@contextmanager
def _cause_of_failed_step() -> Iterator[None]:
    """Raises the cause of a failed dlt step: our own error, Ctrl-C, or dlt's error in one line."""
    try:
        yield
    except PipelineStepFailed as error:
        *_, first = causes = list(exception_chain(error))
        for cause in causes:
            if isinstance(cause, ExtractError | KeyboardInterrupt):
                raise cause from error
        first = _disk_error(error) or first
        raise ExtractError(
            f"The load failed at step {error.step!r}: {first_line(first)}"
        ) from error
    except OSError as error:
        # dlt fails later, when it reads files that it could not write.
        first = _disk_error(error) or error
        raise ExtractError(f"The load failed: {first_line(first)}") from error


def _disk_error(error: BaseException) -> OSError | None:
    """The system error about the disk that caused an error; None if there is none."""
    for cause in exception_chain(error, with_context=True):
        if isinstance(cause, OSError) and cause.errno in _DISK_ERRORS:
            return cause
    return None
