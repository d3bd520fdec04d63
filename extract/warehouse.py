"""Where the data goes: the one place that decides between DuckDB and PostgreSQL.

`TARGET` and the variables that go with it are the same for dlt and for dbt's `profiles.yml`.
"""

import fcntl
import hashlib
import os
import re
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from io import TextIOWrapper
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from extract.errors import DroppedError, ExtractError, UsageError
from extract.payload import read_fixture

if TYPE_CHECKING:
    import dlt

OnWait = Callable[[str], None]

# Seconds between two looks at whether the database is free.
_POLL = 0.2
# A server that restarts is back within seconds: waits of 1, 2, 4, 8, 8 and 8 s.
_TRIES = 7
_LONGEST_WAIT = 8


class Warehouse(ABC):
    """A database that dlt loads into and dbt builds in.

    Args:
        name: what to call it in messages.
        location: what tells it from other databases; secrets are no part of it.
        schema: schema of the final tables. Raw tables stand in `<schema>_raw`.
        on_wait: told who is waited for; None means not to wait.

    Attributes:
        name: what to call it in messages.
        raw: schema of the raw tables.
    """

    def __init__(self, name: str, location: str, schema: str, on_wait: OnWait | None) -> None:
        self.name = name
        self.raw = f"{schema}_raw"
        self._location = location
        self._on_wait = on_wait
        self._locks: list[TextIOWrapper] = []

    @cached_property
    def pipeline(self) -> "dlt.Pipeline":
        """dlt's pipeline into this database, with working files that no other process uses."""
        for number in count():
            if self._lock(number):
                return self._pipeline(number)
        raise AssertionError("count() has no end")

    def finish_abandoned(self, on_found: Callable[[], None]) -> None:
        """Loads what runs on this machine had fetched when they were killed.

        Args:
            on_found: called before each such load.

        Raises:
            ExtractError: see `load`.
        """
        pipelines = [self.pipeline]
        numbers = sorted(int(path.stem) for path in self._folder.glob("*.lock"))
        pipelines += [self._pipeline(number) for number in numbers if self._lock(number)]
        for pipeline in pipelines:
            if pipeline.has_pending_data:
                on_found()
                self._finish(pipeline)
            _clear_leftovers(Path(pipeline.working_dir))

    @property
    def _folder(self) -> Path:
        """Where dlt keeps its working files; a folder a database, so that no load goes astray."""
        name = hashlib.blake2b(self._location.encode(), digest_size=6).hexdigest()
        return Path(os.environ.get("DLT_DATA_DIR") or ".dlt") / "pipelines" / name

    def _lock(self, number: int) -> bool:
        """Takes one of the working folders, unless a process has it. Locks die with processes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._locks.append(lock)
        return True

    def _pipeline(self, number: int) -> "dlt.Pipeline":
        import dlt

        return dlt.pipeline(
            pipeline_name="sportmonks",
            pipelines_dir=str(self._folder / str(number)),
            destination=self._destination(),
            dataset_name=self.raw,
        )

    def load(self, data: Any) -> None:
        """Commits one load.

        Raises:
            ExtractError: the API broke it off; or the database cannot be reached, and what was
                fetched waits for the next run; or it refuses the data, which are dropped, so that
                the next run asks again.
            KeyboardInterrupt: a person broke it off.
        """
        with _cause_of_failed_step():
            self.pipeline.extract(data)
        self._finish(self.pipeline)

    def _finish(self, pipeline: "dlt.Pipeline") -> None:
        """Loads what is extracted. Not by `pipeline.run`, which drops it on a first run."""
        with _cause_of_failed_step():
            try:
                _forget_normalized_twice(pipeline)
                if not pipeline.default_schema_name:
                    raise LookupError("a first run was killed before dlt had noted its schema")
                pipeline.normalize()
                for attempt in self.retrying():
                    with attempt, self.turn("load"):
                        pipeline.load()
                        self._loaded()
            except Exception as error:
                self._explain(pipeline, error)
                raise

    def _explain(self, pipeline: "dlt.Pipeline", error: Exception) -> None:
        """Says what becomes of what was fetched, if it was not a person who broke the load off.

        What can be loaded later is kept; what never can be is dropped, or it would be in the way of
        every run to come.
        """
        causes = list(_causes(error))
        line = _first_line(causes[-1])
        if any(map(self.is_lost, causes)):
            raise ExtractError(
                f"The connection to the {self.name} was lost ({line}). What was fetched is kept: "
                "the next run loads it first."
            ) from error
        # A run that was killed while dlt noted the schema of a table leaves data without one.
        without_schema = isinstance(causes[-1], LookupError)
        if without_schema or any(map(self.is_refused, causes)):
            with self.turn("load"):
                pipeline.abort_packages()
                self._discard_staging()
            raise DroppedError(
                f"What was fetched cannot be stored in the {self.name} ({line}). It is dropped, "
                "and will be asked for again."
            ) from error

    def retrying(self) -> Retrying:
        """Tries again while the database is away, for about half a minute."""
        return Retrying(
            retry=retry_if_exception(lambda error: any(map(self.is_lost, _causes(error)))),
            stop=stop_after_attempt(_TRIES),
            wait=wait_exponential(max=_LONGEST_WAIT),
            reraise=True,
        )

    def has_tables(self) -> bool:
        """Whether every raw table is there."""
        from extract.tables import SCHEMAS

        # Where the tables are there and may not be read, the list below would not show them.
        self.query(f"select 1 from {self.raw}.runs limit 1")
        names = ", ".join(f"'{name}'" for name in SCHEMAS)
        found = self.query(
            "select count(*) from information_schema.tables "
            f"where table_schema = '{self.raw}' and table_name in ({names})"
        )
        return found == [(len(SCHEMAS),)]

    @abstractmethod
    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the raw tables; none if a table does not exist yet."""

    @abstractmethod
    def turn(self, purpose: str) -> AbstractContextManager[None]:
        """The exclusive right to write, for a load or a transform, as long as the block lasts.

        Args:
            purpose: what others are told who wait meanwhile.

        Raises:
            ExtractError: another process has it and there is nobody to tell that we wait.
        """

    def close(self) -> None:
        """Gives the database free for the next process."""
        for lock in self._locks:
            lock.close()

    @abstractmethod
    def dbt_environment(self) -> dict[str, str]:
        """Variables that dbt needs beside those that the user has set."""

    @abstractmethod
    def is_lost(self, error: BaseException) -> bool:
        """Whether an error says that the database went away, so that asking again may help."""

    @abstractmethod
    def is_refused(self, error: BaseException) -> bool:
        """Whether an error says that the data cannot be stored, however often it is tried."""

    @abstractmethod
    def _destination(self) -> Any:
        """dlt's destination."""

    @abstractmethod
    def _loaded(self) -> None:
        """What the engine needs after each load."""

    @abstractmethod
    def _discard_staging(self) -> None:
        """Empties the tables that dlt merges from."""


def wait_until_free(name: str, holder: Callable[[], str | None], on_wait: OnWait | None) -> None:
    """Waits until nobody holds a database.

    Args:
        name: what to call the database.
        holder: tries to get it; says who has it, None when that is us.
        on_wait: told once who is waited for; None means not to wait.

    Raises:
        ExtractError: somebody has it, and `on_wait` is None.
    """
    announced = False
    while other := holder():
        if on_wait is None:
            raise ExtractError(
                f"The {name} is in use by {other}. Try again when it has finished, or without "
                "--no-wait to wait for it."
            )
        if not announced:
            on_wait(f"Waiting for {other}, which uses the {name}.")
            announced = True
        time.sleep(_POLL)


def _forget_normalized_twice(pipeline: "dlt.Pipeline") -> None:
    """Drops what is extracted and normalized already: left by a kill between dlt's two steps.

    dlt would normalize it again, and fail on every run (dlt-hub/dlt#4446).
    """
    extracted = set(pipeline.list_extracted_load_packages())
    for load_id in extracted & set(pipeline.list_normalized_load_packages()):
        pipeline._get_normalize_storage().extracted_packages.delete_package(load_id)


def _clear_leftovers(working_dir: Path) -> None:
    """Removes what dlt would keep for ever: a record of every load, and data of killed extracts."""
    kept = working_dir / "normalize" / "extracted"
    for folder in [*working_dir.glob("load/loaded/*"), *working_dir.glob("normalize/*")]:
        if folder != kept and folder.is_dir():
            shutil.rmtree(folder)


@contextmanager
def _cause_of_failed_step() -> Iterator[None]:
    """Raises what broke a dlt step off: our own error, Ctrl-C, or dlt's error in one line."""
    from dlt.pipeline.exceptions import PipelineStepFailed

    try:
        yield
    except PipelineStepFailed as error:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ExtractError | KeyboardInterrupt):
                raise cause from error
        raise ExtractError(
            f"The load failed at step {error.step!r}: {_first_line(causes[-1])}"
        ) from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, then what led to it, down to the first one."""
    cause: BaseException | None = error
    while cause:
        yield cause
        # dlt keeps the error of a load's job beside its own.
        job_error = getattr(cause, "client_exception", None)
        cause = job_error or cause.__cause__ or cause.__context__


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


class WarehouseFixtures:
    """What the warehouse holds of some fixtures; the `StoredFixtures` of a chunk."""

    def __init__(self, warehouse: Warehouse, fixture_ids: Iterable[int]) -> None:
        self._warehouse = warehouse
        self._hashes: dict[int, str] = dict(
            warehouse.query(
                f"select id, payload_hash from {warehouse.raw}.fixtures "
                f"where id in ({_list(fixture_ids)})"
            )
        )

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload, None if there is none."""
        return self._hashes.get(fixture_id)

    def filled_arrays(self, fixture_ids: Sequence[int]) -> Mapping[int, Set[str]]:
        """Which of `statistics` and `events` have elements in the stored payloads, by id."""
        payloads = self._warehouse.query(
            f"select cast(payload as text) from {self._warehouse.raw}.fixtures "
            f"where id in ({_list(fixture_ids)})"
        )
        fixtures = (read_fixture(payload.encode()) for (payload,) in payloads)
        return {fixture.id: fixture.filled_arrays for fixture in fixtures if fixture}


def open_warehouse(on_wait: OnWait | None, must_exist: bool = False) -> Warehouse:
    """Opens the warehouse that `TARGET` names.

    Args:
        on_wait: told who is waited for; None means not to wait.
        must_exist: do not make a DuckDB file that is not there.

    Raises:
        UsageError: a variable is missing or wrong, or the database cannot be written.
        ExtractError: another process holds the database, or it does not answer.
    """
    target = os.environ.get("TARGET") or "duckdb"
    schema = os.environ.get("SPORTMONKS_SCHEMA") or "sportmonks"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", schema) or schema.startswith("pg_"):
        raise UsageError(
            f"SPORTMONKS_SCHEMA is {schema!r}: it must begin with a letter and hold at most 40 "
            "lower-case letters, digits and underscores."
        )
    if target == "duckdb":
        from extract.warehouse_duckdb import DuckDbWarehouse

        path = duckdb_path()
        if must_exist and not path.exists():
            raise UsageError(nothing_extracted(f"DuckDB file {path}"))
        return DuckDbWarehouse(path, schema, on_wait)
    if target == "postgres":
        from extract.warehouse_postgres import PostgresWarehouse

        return PostgresWarehouse(os.environ, schema, on_wait)
    raise UsageError(f"TARGET is {target!r}: it must be duckdb or postgres.")


def duckdb_path() -> Path:
    """The DuckDB file, relative to the working directory unless it is absolute."""
    return Path(os.environ.get("DUCKDB_PATH") or "sportmonks.duckdb")


def nothing_extracted(warehouse: str) -> str:
    """What to say of a warehouse without raw tables."""
    return f"Nothing is extracted into the {warehouse} yet: run `make extract` first."


def _list(ids: Iterable[int]) -> str:
    return ", ".join(str(int(id)) for id in ids) or "null"
