"""Where the data goes: the one place that decides between DuckDB and PostgreSQL.

`TARGET` and the variables that go with it are the same for dlt and for dbt's `profiles.yml`.
"""

import hashlib
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import dlt
from dlt.common.destination import Destination
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from extract.errors import ExtractError, UsageError
from extract.payload import read_fixture

RAW = "sportmonks_raw"


class Warehouse(ABC):
    """A database that dlt loads into.

    Attributes:
        name: what to call it in messages.
        pipeline: dlt's pipeline into it.
    """

    def __init__(self, name: str, location: str, destination: Destination[Any, Any]) -> None:
        self.name = name
        # One folder of working files a warehouse, so that no load ends in another one.
        folder = hashlib.blake2b(location.encode(), digest_size=6).hexdigest()
        data = Path(os.environ.get("DLT_DATA_DIR") or ".dlt")
        self.pipeline = dlt.pipeline(
            pipeline_name="sportmonks",
            pipelines_dir=str(data / "pipelines" / folder),
            destination=destination,
            dataset_name=RAW,
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the raw tables; none if a table does not exist yet."""
        try:
            with self.pipeline.sql_client() as client, client.execute_query(sql) as cursor:
                return cursor.fetchall()
        except DatabaseUndefinedRelation:
            return []

    def has_tables(self) -> bool:
        """Whether anything was ever loaded."""
        return bool(
            self.query(
                "select 1 from information_schema.tables "
                f"where table_schema = '{RAW}' and table_name = 'runs'"
            )
        )

    @abstractmethod
    def committed(self) -> None:
        """To be called after each load, for what the engine needs then."""

    @abstractmethod
    def close(self) -> None:
        """Gives the database free for the next process."""


class DuckDbWarehouse(Warehouse):
    """A DuckDB file, open from the first query to the last load: nobody else can write between.

    Args:
        path: the file; made if it is missing, its folder is not.
    """

    def __init__(self, path: Path) -> None:
        import duckdb

        if not path.parent.is_dir():
            raise UsageError(f"DUCKDB_PATH is {path}: the folder {path.parent} does not exist.")
        if path.is_dir():
            raise UsageError(f"DUCKDB_PATH is {path}: that is a folder, not a file.")
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                holder = re.search(r"PID (\d+)", str(error))
                by = f" (process {holder.group(1)})" if holder else ""
                raise ExtractError(
                    f"{path} is in use by another process{by}: DuckDB has one writer at a time. "
                    "Try again when it has finished."
                ) from error
            raise UsageError(f"{path} cannot be opened: {_first_line(error)}") from error
        except duckdb.Error as error:
            raise UsageError(f"{path} is no DuckDB database: {_first_line(error)}") from error
        if not os.access(path, os.W_OK):
            raise UsageError(f"{path} cannot be written.")
        # DuckDB's own choice spends most of a load on trying compressions for the long JSON texts.
        self._connection.execute("set force_compression = 'zstd'")
        super().__init__(
            f"DuckDB file {path}", str(path.resolve()), dlt.destinations.duckdb(self._connection)
        )

    def committed(self) -> None:
        """Moves the load from the log into the file, so that the log does not grow all run long."""
        self._connection.execute("checkpoint")

    def close(self) -> None:
        """Closes the file, so that dbt can open it."""
        self._connection.close()


class PostgresWarehouse(Warehouse):
    """A PostgreSQL database, reached with the standard `PG*` variables."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        missing = [name for name in ("PGHOST", "PGDATABASE", "PGUSER") if not environment.get(name)]
        if missing:
            raise UsageError(f"TARGET=postgres needs {' and '.join(missing)} in the environment.")
        host, database = environment["PGHOST"], environment["PGDATABASE"]
        port = environment.get("PGPORT", "5432")
        if not port.isdigit():
            raise UsageError(f"PGPORT is {port!r}: it must be a number.")
        credentials = {
            "host": host,
            "port": int(port),
            "database": database,
            "username": environment["PGUSER"],
            "password": environment.get("PGPASSWORD", ""),
        }
        super().__init__(
            f"PostgreSQL database {database} on {host}:{port}",
            f"{host}:{port}/{database}",
            dlt.destinations.postgres(credentials),
        )

    def committed(self) -> None:
        """PostgreSQL needs nothing after a load."""

    def close(self) -> None:
        """Connections are closed with each query and load."""


class WarehouseFixtures:
    """What the warehouse holds of some fixtures; the `StoredFixtures` of a chunk."""

    def __init__(self, warehouse: Warehouse, fixture_ids: Iterable[int]) -> None:
        self._warehouse = warehouse
        self._hashes: dict[int, str] = dict(
            warehouse.query(
                f"select id, payload_hash from {RAW}.fixtures where id in ({_list(fixture_ids)})"
            )
        )

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload, None if there is none."""
        return self._hashes.get(fixture_id)

    def filled_arrays(self, fixture_ids: Sequence[int]) -> Mapping[int, Set[str]]:
        """Which of `statistics` and `events` have elements in the stored payloads, by id."""
        payloads = self._warehouse.query(
            f"select cast(payload as text) from {RAW}.fixtures where id in ({_list(fixture_ids)})"
        )
        fixtures = (read_fixture(payload.encode()) for (payload,) in payloads)
        return {fixture.id: fixture.filled_arrays for fixture in fixtures if fixture}


def open_warehouse(
    environment: Mapping[str, str] = os.environ, must_exist: bool = False
) -> Warehouse:
    """Opens the warehouse that `TARGET` names.

    Args:
        environment: the variables that say where it is.
        must_exist: do not make a DuckDB file that is not there.

    Raises:
        UsageError: a variable is missing or wrong, or the database cannot be written.
        ExtractError: another process holds the database.
    """
    target = environment.get("TARGET") or "duckdb"
    if target == "duckdb":
        path = duckdb_path(environment)
        if must_exist and not path.exists():
            raise UsageError(nothing_extracted(f"DuckDB file {path}"))
        return DuckDbWarehouse(path)
    if target == "postgres":
        return PostgresWarehouse(environment)
    raise UsageError(f"TARGET is {target!r}: it must be duckdb or postgres.")


def duckdb_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The DuckDB file, relative to the working directory unless it is absolute."""
    return Path(environment.get("DUCKDB_PATH") or "sportmonks.duckdb")


def nothing_extracted(warehouse: str) -> str:
    """What to say of a warehouse without raw tables."""
    return f"Nothing is extracted into the {warehouse} yet: run `make extract` first."


def _list(ids: Iterable[int]) -> str:
    return ", ".join(str(int(id)) for id in ids) or "null"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
