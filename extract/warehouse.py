"""Where the data goes: the one place that decides between DuckDB and PostgreSQL.

`TARGET` and the variables that go with it are the same for dlt and for dbt's `profiles.yml`.
"""

import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from extract.confirmation import CONFIRMED, Unconfirmed
from extract.errors import (
    BusyError,
    NothingExtractedError,
    StoppedError,
    UsageError,
    causes,
)
from extract.payload import Fixture, StoredVersion, read_fixture
from extract.quota import OwnWindows, Windows

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
        patient: whether to wait for a database that went away.
    """

    def __init__(self, name: str, location: str, schema: str, on_wait: OnWait | None) -> None:
        self.name = name
        self.raw = f"{schema}_raw"
        self.location = location
        self._on_wait = on_wait
        self.patient = True

    def retrying(self) -> Retrying:
        """Tries again while the database is away, for about half a minute."""

        def announce(state: RetryCallState) -> None:
            if state.attempt_number == 1 and self._on_wait is not None:
                self._on_wait(f"The connection to the {self.name} was lost: trying again.")

        return Retrying(
            retry=retry_if_exception(lambda error: any(map(self.is_lost, causes(error)))),
            stop=stop_after_attempt(_TRIES if self.patient else 1),
            wait=wait_exponential(max=_LONGEST_WAIT),
            before_sleep=announce,
            reraise=True,
        )

    def has_tables(self) -> bool:
        """Whether every raw table is there, with every column, and the view beside them."""
        from extract.tables import DUE, SCHEMAS

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
        from extract.tables import RECORDS, TIMES

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
        from extract.tables import KEYS, TIMES

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
            f"update {self.raw}.discoveries set listed_at = extended_at "
            "where listed_at > extended_at"
        )

    @abstractmethod
    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the raw tables; none if a table does not exist yet."""

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Runs a statement that changes something."""

    @abstractmethod
    def turn(self, purpose: str) -> AbstractContextManager[None]:
        """The exclusive right to write, for a load or a transform, as long as the block lasts.

        Args:
            purpose: what others are told who wait meanwhile.

        Raises:
            ExtractError: another process has it and there is nobody to tell that we wait.
        """

    @abstractmethod
    def claim(self, season_id: int | None) -> str | None:
        """Takes the exclusive right to fetch a season's fixtures, until `release_claims`.

        It ends with our process, at the latest.

        Returns:
            Who has it, None when that is us.
        """

    @abstractmethod
    def release_claims(self) -> None:
        """Lets others fetch what we have claimed."""

    def wait_for_claim(self, season_id: int | None, stopped: Callable[[], object]) -> None:
        """Claims a season, as soon as nobody else has it.

        Raises:
            StoppedError: the run was stopped meanwhile.
            ExtractError: somebody has it, and there is nobody to tell that we wait.
        """

        def holder() -> str | None:
            if stopped():
                raise StoppedError("The run is being stopped.")
            return self.claim(season_id)

        self._wait_until_free(holder)

    @abstractmethod
    def close(self) -> None:
        """Gives the database free for the next process."""

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
    def destination(self) -> "Destination[Any, Any]":
        """dlt's destination."""

    @abstractmethod
    def loaded(self) -> None:
        """What the engine needs after each load."""

    @abstractmethod
    def empty_cache(self) -> None:
        """Moves what was read, and is not read again soon, out of this process's memory."""

    def quota_windows(self, token: str) -> Windows:
        """Where is kept what is known of the token's quota."""
        return OwnWindows()

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


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind if it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)


class WarehouseFixtures:
    """What the warehouse holds of some fixtures; the `StoredFixtures` of a chunk."""

    def __init__(self, warehouse: Warehouse, fixture_ids: Sequence[int]) -> None:
        self._warehouse = warehouse
        rows = warehouse.query(
            f"select id, payload_hash, filled_keys from {warehouse.raw}.fixtures "
            f"where id in ({id_list(fixture_ids)})"
        )
        self._hashes = {id: payload_hash for id, payload_hash, _ in rows}
        self._filled = {id: _keys(keys) for id, _, keys in rows if keys is not None}
        some = warehouse.query(f"select id from {warehouse.raw}.fixtures order by random() limit 3")
        self._some_ids = [id for (id,) in some]
        # Stored by a version that did not note it.
        if unknown := [id for id, _, keys in rows if keys is None]:
            for id, fixture in self.fixtures(unknown).items():
                self._filled[id] = fixture.filled
        checks = warehouse.query(
            "select id, requested_include, coalesce(times_missing, 0), coalesce(empty_keys, ''), "
            "empty_since, coalesce(confirmations, 0), counted_at "
            f"from {warehouse.raw}.fixture_checks where id in ({id_list(fixture_ids)})"
        )
        self._requested_include: dict[int, str | None] = {id: text for id, text, *_ in checks}
        self._unconfirmed = {
            id: Unconfirmed(times, _keys(keys), *others) for id, _, times, keys, *others in checks
        }

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload, None if there is none."""
        return self._hashes.get(fixture_id)

    def filled(self, fixture_id: int) -> frozenset[str]:
        """The keys of the stored payload whose value has elements."""
        return self._filled.get(fixture_id, frozenset())

    def unconfirmed(self, fixture_id: int) -> Unconfirmed:
        """What its last answers have shown that later ones must confirm."""
        return self._unconfirmed.get(fixture_id, CONFIRMED)

    def some_ids(self) -> Sequence[int]:
        """A few fixtures that are stored."""
        return self._some_ids

    def requested_include(self, fixture_id: int) -> str | None:
        """What the stored payload was requested with; None where that is not known."""
        return self._requested_include.get(fixture_id)

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """What is stored of them, by id."""
        fixtures: dict[int, Fixture] = {}
        for version in self.versions(fixture_ids):
            # What an earlier version has stored may be refused by now.
            with suppress(msgspec.MsgspecError):
                if fixture := read_fixture(version.payload.encode()):
                    fixtures[fixture.id] = fixture
        return fixtures

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """Their stored payloads, as they stand in the warehouse."""
        rows = self._warehouse.query(
            "select id, cast(payload as text), payload_hash, fetched_at "
            f"from {self._warehouse.raw}.fixtures where id in ({id_list(fixture_ids)})"
        )
        versions = [StoredVersion(*row) for row in rows]
        self._warehouse.empty_cache()
        return versions


def _keys(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))


def open_warehouse(on_wait: OnWait | None, must_exist: bool = False) -> Warehouse:
    """Opens the warehouse that `TARGET` names.

    Args:
        on_wait: told who is waited for; None means not to wait.
        must_exist: do not make a DuckDB file that is not there.

    Raises:
        UsageError: a variable is missing or wrong, or the database cannot be written.
        ExtractError: another process holds the database, or it does not answer.
    """
    schema = final_schema()
    if is_duckdb():
        from extract.warehouse_duckdb import DuckDbWarehouse

        path = existing_duckdb_path() if must_exist else duckdb_path()
        return DuckDbWarehouse(path, schema, on_wait)
    from extract.warehouse_postgres import PostgresWarehouse

    return PostgresWarehouse(os.environ, schema, on_wait)


def is_duckdb() -> bool:
    """Whether `TARGET` names DuckDB, and not PostgreSQL.

    Raises:
        UsageError: it names neither.
    """
    target = os.environ.get("TARGET") or "duckdb"
    if target not in ("duckdb", "postgres"):
        raise UsageError(f"TARGET is {target!r}: it must be duckdb or postgres.")
    return target == "duckdb"


def final_schema() -> str:
    """The schema of the final tables.

    Raises:
        UsageError: it is no name that can be used.
    """
    schema = os.environ.get("SPORTMONKS_SCHEMA") or "sportmonks"
    # Others are rewritten by dlt, and would lead it elsewhere than us.
    proper = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", schema) and len(schema) <= 40
    if not proper or schema.startswith("pg_"):
        raise UsageError(
            f"SPORTMONKS_SCHEMA is {schema!r}: it must be up to 40 lower-case letters and digits, "
            "with a letter first and single underscores in between."
        )
    return schema


def looks_for_final_tables() -> str:
    """A query that returns a row if there are final tables."""
    return (
        "select 1 from information_schema.tables "
        f"where table_schema = '{final_schema()}' and table_name = 'fixtures'"
    )


def duckdb_path() -> Path:
    """The DuckDB file, relative to the working directory unless it is absolute.

    Raises:
        UsageError: dbt could not open it.
    """
    path = Path(os.environ.get("DUCKDB_PATH") or "sportmonks.duckdb")
    # dbt reads the path as an address, and the file's name as the name of the database.
    if found := re.search("[#?]", str(path.resolve())) or re.search("['\";]", path.name):
        raise UsageError(f"DUCKDB_PATH is {path}: dbt cannot use a path with {found[0]} in it.")
    return path


def existing_duckdb_path() -> Path:
    """The same, if it is there.

    Raises:
        NothingExtractedError: it is not.
    """
    path = duckdb_path()
    if not path.exists():
        raise NothingExtractedError(f"DuckDB file {path}")
    return path


def id_list(ids: Iterable[int]) -> str:
    """Ids as SQL between the brackets of `in (...)`."""
    return ", ".join(str(int(id)) for id in ids) or "null"
