"""What the job needs of its database, whichever engine it is."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from extract.errors import BusyError, OldTablesError, StoppedError, exception_chain
from extract.quota.window import InMemoryQuotaStore, QuotaStore
from extract.warehouse.target import final_tables_query, old_tables_query

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.destination import Destination


OnWait = Callable[[str], None]

# Seconds between two attempts to take a lock.
_POLL = 0.2
# A server restarts within seconds: waits of 1, 2, 4, 8, 8 and 8 s.
_TRIES = 7
_LONGEST_WAIT = 8


class Warehouse(ABC):
    """A database that dlt loads into and dbt builds in.

    Args:
        name: the name of the database in messages.
        location: identifies the database; without secrets.
        schema: schema of the final tables. The raw tables are in `<schema>_raw`.
        on_wait: called with a line when waiting begins; None means not to wait.

    Attributes:
        name: the name of the database in messages.
        raw: schema of the raw tables.
        location: identifies the database.
        retry_when_disconnected: whether to wait for a database that closed the connection.
    """

    def __init__(self, name: str, location: str, schema: str, on_wait: OnWait | None) -> None:
        self.name = name
        self.raw = f"{schema}_raw"
        self.location = location
        self._on_wait = on_wait
        self.retry_when_disconnected = True

    def retrying(self) -> Retrying:
        """Retries while the database cannot be reached, for about half a minute."""

        def announce(state: RetryCallState) -> None:
            if state.attempt_number == 1 and self._on_wait is not None:
                self._on_wait(f"The connection to the {self.name} was lost: trying again.")

        return Retrying(
            retry=retry_if_exception(
                lambda error: any(map(self.is_connection_error, exception_chain(error)))
            ),
            stop=stop_after_attempt(_TRIES if self.retry_when_disconnected else 1),
            wait=wait_exponential(max=_LONGEST_WAIT),
            before_sleep=announce,
            reraise=True,
        )

    def write(self, purpose: str, work: Callable[[], object]) -> None:
        """Does work under the write lock, again if the connection was lost meanwhile.

        Args:
            purpose: as in `write_lock`.
            work: safe to repeat.

        Raises:
            BusyError: another process has the lock, and this one does not wait.
            ExtractError: the database cannot be reached.
        """
        for attempt in self.retrying():
            with attempt, self.write_lock(purpose):
                work()

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Raises an error in the block where it would wait for a lock or a lost connection."""
        before = self._on_wait, self.retry_when_disconnected
        self._on_wait, self.retry_when_disconnected = None, False
        try:
            yield
        finally:
            self._on_wait, self.retry_when_disconnected = before

    def reject_old_tables(self) -> None:
        """Raises an error if the raw tables are of a version before 0.2.0.

        Raises:
            OldTablesError: they are; no migration exists.
        """
        if self.query(old_tables_query(self.raw)):
            raise OldTablesError(self.raw, self.move_aside())

    @abstractmethod
    def move_aside(self) -> str:
        """A sentence that says how to move old raw tables aside."""

    def has_tables(self) -> bool:
        """Whether every raw table exists with every column, and the view beside them.

        Raises:
            OldTablesError: the raw tables are of a version before 0.2.0.
        """
        from extract.warehouse.raw_tables import DUE, SCHEMAS

        # information_schema leaves out tables that may not be read: this raises an error instead.
        self.query(f"select 1 from {self.raw}.runs limit 1")
        found = self.query(
            "select table_name, column_name from information_schema.columns "
            f"where table_schema = '{self.raw}'"
        )
        wanted = {(table, column) for table, schema in SCHEMAS.items() for column in schema.names}
        if {*wanted, (DUE, "id")} <= set(found):
            return True
        self.reject_old_tables()
        return False

    def has_final_tables(self) -> bool:
        """Whether a transform has built the final tables."""
        return bool(self.query(final_tables_query()))

    def latest_times(self) -> dict[str, datetime]:
        """The latest time in each raw table that has rows."""
        from extract.warehouse.raw_tables import RECORDS, TIMES

        # After an upgrade, some tables are missing.
        existing = self.query(
            f"select table_name from information_schema.tables where table_schema = '{self.raw}'"
        )
        found = {table for (table,) in existing} & (TIMES.keys() - RECORDS)
        if not found:
            return {}
        latest = " union all ".join(
            f"select '{table}', max({TIMES[table]}) from {self.raw}.{table}" for table in found
        )
        return {table: time for table, time in self.query(latest) if time is not None}

    def set_times_back(self, latest: Mapping[str, datetime], to: datetime) -> None:
        """Sets times that are ahead of the clock back. Call it with the write lock.

        Args:
            latest: the latest time to set back, by table; rows with later times were stored since.
            to: the latest possible time.
        """
        from extract.warehouse.raw_tables import KEYS, TIMES

        for table, until in latest.items():
            name, time, (key, *_) = f"{self.raw}.{table}", TIMES[table], KEYS[table]
            is_ahead = (
                f"{time} > timestamptz '{to.isoformat()}' "
                f"and {time} <= timestamptz '{until.isoformat()}'"
            )
            if until > to:
                # Versions of a fixture keep their order.
                self.execute(
                    f"update {name} as stored set {time} = ahead.{time} from ("
                    f"select {key}, {time} as was, timestamptz '{to.isoformat()}' "
                    f"- (row_number() over (partition by {key} order by {time} desc) - 1) "
                    f"* interval '1 microsecond' as {time} from {name} where {is_ahead}) as ahead "
                    f"where stored.{key} = ahead.{key} and stored.{time} = ahead.was"
                )
        self.execute(
            f"update {self.raw}.listing_log set listed_at = new_fixtures_checked_at "
            "where listed_at > new_fixtures_checked_at"
        )

    @abstractmethod
    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; none if a table or schema in it does not exist yet."""

    @abstractmethod
    def read_raw(self, table: str, schema: "pa.Schema", condition: str = "true") -> "pa.Table":
        """Rows of a raw table, without a Python object for each value.

        Args:
            table: a raw table or view.
            schema: the columns to read. JSON is text.
            condition: SQL that selects rows.
        """

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Runs a statement that writes."""

    @abstractmethod
    def merge(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Stores a few rows in a raw table that exists, except where the stored row is newer.

        It takes milliseconds, where a load of dlt takes a quarter of a second. Call it with the
        write lock.

        Args:
            table: the raw table.
            rows: the rows, with all columns; no two of them have the same key.
        """

    @abstractmethod
    def write_lock(self, purpose: str) -> AbstractContextManager[None]:
        """Holds the exclusive right to write, for a load or a transform, during the block.

        Args:
            purpose: shown to processes that wait for the lock.

        Raises:
            BusyError: another process has the lock; see `_wait_until_free`.
        """

    @abstractmethod
    def lake_lock(self) -> AbstractContextManager[None]:
        """Holds the exclusive right to copy this warehouse to the lake, during the block.

        Loads and transforms go on meanwhile, except into a DuckDB file.

        Raises:
            BusyError: another process has the lock; see `_wait_until_free`.
        """

    @abstractmethod
    def try_lock_season(self, season_id: int | None) -> str | None:
        """Takes the exclusive right to fetch a season's fixtures, until `release_season_locks`.

        The lock is released when the process ends, at the latest.

        Returns:
            The other process that has the lock, None if this process has it now.
        """

    @abstractmethod
    def release_season_locks(self) -> None:
        """Releases the locks on all seasons."""

    def lock_season(self, season_id: int | None, stopped: Callable[[], object]) -> None:
        """Takes the lock on a season as soon as it is free.

        Raises:
            StoppedError: the run was stopped meanwhile.
            BusyError: another process has the lock; see `_wait_until_free`.
        """

        def holder() -> str | None:
            if stopped():
                raise StoppedError("The run is being stopped.")
            return self.try_lock_season(season_id)

        self._wait_until_free(holder)

    @abstractmethod
    def close(self) -> None:
        """Closes the connections, and releases all locks."""

    @abstractmethod
    def dbt_environment(self) -> dict[str, str]:
        """Variables that dbt needs in addition to those that the user has set."""

    @abstractmethod
    def is_connection_error(self, error: BaseException) -> bool:
        """Whether an error means that the connection was lost, so that a retry may help."""

    @abstractmethod
    def is_data_error(self, error: BaseException) -> bool:
        """Whether an error means that the data can never be stored, however often it is retried."""

    @abstractmethod
    def destination(self) -> "Destination[Any, Any]":
        """dlt's destination."""

    @abstractmethod
    def after_load(self) -> None:
        """Maintenance after each load, such as keys and statistics."""

    @abstractmethod
    def empty_cache(self) -> None:
        """Frees the memory that holds blocks of the database."""

    def quota_store(self, token: str) -> QuotaStore:
        """Where the state of the token's quota is kept."""
        return InMemoryQuotaStore()

    @abstractmethod
    def discard_staging(self) -> None:
        """Empties the tables that dlt merges from, where it does."""

    def _wait_until_free(self, holder: Callable[[], str | None]) -> None:
        """Waits until a lock is free, for as long as the setting `lock_timeout` allows.

        Args:
            holder: tries to take the lock; returns the process that has it, None on success.

        Raises:
            BusyError: another process has the lock, and this one does not wait or has waited long
                enough.
        """
        deadline, minutes = None, 0.0
        while other := holder():
            if self._on_wait is None:
                raise BusyError(self.name, other)
            if deadline is None:
                minutes = _lock_timeout()
                deadline = time.monotonic() + 60 * minutes
                self._on_wait(
                    f"Waiting for {other}, which uses the {self.name}, for at most {minutes:g} "
                    f"minute{'' if minutes == 1 else 's'}."
                )
            if time.monotonic() >= deadline:
                raise BusyError(self.name, other, minutes)
            time.sleep(_POLL)


def _lock_timeout() -> float:
    # dlt, which reads the settings, takes half a second to import.
    from extract.config.settings import UNUSED_TOKEN, load_settings

    return load_settings(UNUSED_TOKEN).lock_timeout


def id_list(ids: Iterable[int]) -> str:
    """Ids as a SQL query for `in (...)`; `null` if there are none.

    DuckDB takes six times as long to read a list of 2,500 numbers as to read them from one text.
    """
    text = ",".join(str(int(id)) for id in ids)
    if not text:
        return "null"
    return f"select unnest(cast(string_to_array('{text}', ',') as bigint[]))"
