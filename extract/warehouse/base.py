"""Where the data goes: the one place that decides between DuckDB and PostgreSQL.

`TARGET` and the variables that go with it are the same for dlt and for dbt's `profiles.yml`.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from extract.errors import BusyError, StoppedError, exception_chain
from extract.quota.window import InMemoryQuotaStore, QuotaStore
from extract.warehouse.target import looks_for_final_tables

if TYPE_CHECKING:
    from dlt.common.destination import Destination


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
        location: what tells it from other databases.
        retry_when_disconnected: whether to wait for a database that went away.
    """

    def __init__(self, name: str, location: str, schema: str, on_wait: OnWait | None) -> None:
        self.name = name
        self.raw = f"{schema}_raw"
        self.location = location
        self._on_wait = on_wait
        self.retry_when_disconnected = True

    def retrying(self) -> Retrying:
        """Tries again while the database is away, for about half a minute."""

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

    def has_tables(self) -> bool:
        """Whether every raw table is there, with every column, and the view beside them."""
        from extract.warehouse.raw_tables import DUE, SCHEMAS

        # Where the tables are there and may not be read, the list below would not show them.
        self.query(f"select 1 from {self.raw}.runs limit 1")
        found = self.query(
            "select table_name, column_name from information_schema.columns "
            f"where table_schema = '{self.raw}'"
        )
        wanted = {(table, column) for table, schema in SCHEMAS.items() for column in schema.names}
        return {*wanted, (DUE, "id")} <= set(found)

    def has_final_tables(self) -> bool:
        """Whether a transform has built them."""
        return bool(self.query(looks_for_final_tables()))

    def latest_times(self) -> dict[str, datetime]:
        """The latest time in each raw table that has rows."""
        from extract.warehouse.raw_tables import RECORDS, TIMES

        latest = " union all ".join(
            f"select '{table}', max({time}) from {self.raw}.{table}"
            for table, time in TIMES.items()
            if table not in RECORDS
        )
        return {table: time for table, time in self.query(latest) if time is not None}

    def set_times_back(self, latest: Mapping[str, datetime], to: datetime) -> None:
        """Sets back what is later than it can be. Needs the turn.

        Args:
            latest: the times up to which rows are set back, by table; later ones were stored since.
            to: the latest time that they can have.
        """
        from extract.warehouse.raw_tables import KEYS, TIMES

        for table, until in latest.items():
            name, time, (key, *_) = f"{self.raw}.{table}", TIMES[table], KEYS[table]
            is_ahead = (
                f"{time} > timestamptz '{to.isoformat()}' "
                f"and {time} <= timestamptz '{until.isoformat()}'"
            )
            if until > to:
                # The versions of a fixture stay in their order.
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
        """The rows of a query on the raw tables; none if a table does not exist yet."""

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Runs a statement that changes something."""

    @abstractmethod
    def write_lock(self, purpose: str) -> AbstractContextManager[None]:
        """The exclusive right to write, for a load or a transform, as long as the block lasts.

        Args:
            purpose: what others are told who wait meanwhile.

        Raises:
            ExtractError: another process has it and there is nobody to tell that we wait.
        """

    @abstractmethod
    def try_lock_season(self, season_id: int | None) -> str | None:
        """Takes the exclusive right to fetch a season's fixtures, until `release_season_locks`.

        It ends with our process, at the latest.

        Returns:
            Who has it, None when that is us.
        """

    @abstractmethod
    def release_season_locks(self) -> None:
        """Lets others fetch what we have claimed."""

    def lock_season(self, season_id: int | None, stopped: Callable[[], object]) -> None:
        """Claims a season, as soon as nobody else has it.

        Raises:
            StoppedError: the run was stopped meanwhile.
            ExtractError: somebody has it, and there is nobody to tell that we wait.
        """

        def holder() -> str | None:
            if stopped():
                raise StoppedError("The run is being stopped.")
            return self.try_lock_season(season_id)

        self._wait_until_free(holder)

    @abstractmethod
    def close(self) -> None:
        """Gives the database free for the next process."""

    @abstractmethod
    def dbt_environment(self) -> dict[str, str]:
        """Variables that dbt needs beside those that the user has set."""

    @abstractmethod
    def is_connection_error(self, error: BaseException) -> bool:
        """Whether an error says that the database went away, so that asking again may help."""

    @abstractmethod
    def is_data_error(self, error: BaseException) -> bool:
        """Whether an error says that the data cannot be stored, however often it is tried."""

    @abstractmethod
    def destination(self) -> "Destination[Any, Any]":
        """dlt's destination."""

    @abstractmethod
    def after_load(self) -> None:
        """What the engine needs after each load."""

    @abstractmethod
    def empty_cache(self) -> None:
        """Moves what was read, and is not read again soon, out of this process's memory."""

    def quota_store(self, token: str) -> QuotaStore:
        """Where is kept what is known of the token's quota."""
        return InMemoryQuotaStore()

    @abstractmethod
    def discard_staging(self) -> None:
        """Empties the tables that dlt merges from."""

    def _wait_until_free(self, holder: Callable[[], str | None]) -> None:
        """Waits until nobody else has the database, and says once who is waited for.

        Args:
            holder: tries to get it; says who has it, None when that is us.

        Raises:
            BusyError: somebody has it, and there is nobody to tell that we wait.
        """
        announced = False
        while other := holder():
            if self._on_wait is None:
                raise BusyError(self.name, other)
            if not announced:
                self._on_wait(f"Waiting for {other}, which uses the {self.name}.")
                announced = True
            time.sleep(_POLL)


def id_list(ids: Iterable[int]) -> str:
    """Ids as SQL between the brackets of `in (...)`."""
    return ", ".join(str(int(id)) for id in ids) or "null"
