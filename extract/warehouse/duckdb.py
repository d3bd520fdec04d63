"""The embedded warehouse: a DuckDB file."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from extract.errors import ExtractError, UsageError, first_line
from extract.warehouse.base import OnWait, Warehouse
from extract.warehouse.target import move_file_aside

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.destination import Destination

# The format of new files, which every DuckDB since 1.2 reads. By default DuckDB 2 writes files that
# no 1.x opens.
STORAGE_VERSION = "v1.2.0"
# Rows that DuckDB compresses together. By default it is 122,880: a load would hold that many
# payloads in memory, and rewrite them when it adds a few.
_ROW_GROUP_SIZE = 2048
# The name that the file is attached as. No schema can have it, so that no name is ambiguous.
_CATALOG = "warehouse-file"
_NO_TABLE = re.compile("Catalog Error: Table with name .* does not exist")


class DuckDbWarehouse(Warehouse):
    """A DuckDB file, open from the first query to the last: no other process can open it meanwhile.

    Args:
        path: the file, created if it is missing; its folder must exist.
        schema: schema of the final tables.
        on_wait: called with a line when waiting begins; None means not to wait.
        for_loads: whether dlt will load into it, and dbt will not build in it. DuckDB lets two
            connections of a process share a file only if both have opened it in the same way.

    Raises:
        UsageError: the file cannot be opened or written.
        BusyError: another process has the file open.
    """

    def __init__(
        self, path: Path, schema: str, on_wait: OnWait | None, for_loads: bool = False
    ) -> None:
        if not path.parent.is_dir():
            raise UsageError(f"DUCKDB_PATH is {path}: the folder {path.parent} does not exist.")
        if path.is_dir():
            raise UsageError(f"DUCKDB_PATH is {path}: that is a folder, not a file.")
        self._path = path
        super().__init__(f"DuckDB file {path}", str(path.resolve()), schema, on_wait)
        self._wait_until_free(lambda: self._open(path, for_loads))
        if not os.access(path, os.W_OK):
            raise UsageError(f"{path} cannot be written.")

    def _open(self, path: Path, for_loads: bool) -> str | None:
        """Opens the file; returns the process that has it open, None on success."""
        try:
            if not path.exists():
                # Created apart: dbt opens the file in this process too, and DuckDB would refuse
                # that where the two connections differ in their configuration.
                config: dict[str, Any] = {"storage_compatibility_version": STORAGE_VERSION}
                duckdb.connect(str(path), config=config).close()
            self._connection = _attached(path) if for_loads else duckdb.connect(str(path))
        except duckdb.IOException as error:
            if holder := lock_holder(error):
                return holder
            raise UsageError(f"{path} cannot be opened: {first_line(error)}") from error
        except duckdb.Error as error:
            raise UsageError(f"{path} is no DuckDB database: {first_line(error)}") from error
        return None

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; none if a table or schema in it does not exist yet."""
        try:
            return self._execute(sql)
        except duckdb.CatalogException as error:
            if _NO_TABLE.match(str(error)):
                return []
            # Such as an unknown function.
            raise

    def read_raw(self, table: str, schema: "pa.Schema", condition: str = "true") -> "pa.Table":
        """Rows of a raw table as Arrow."""
        import pyarrow as pa

        columns = ", ".join(
            f"cast({column.name} as text) as {column.name}"
            if pa.types.is_string(column.type)
            else column.name
            for column in schema
        )
        with self._as_extract_error():
            sql = f"select {columns} from {self.raw}.{table} where {condition}"
            return arrow_table(self._connection, sql).cast(schema)

    def execute(self, sql: str) -> None:
        """Runs a statement that writes."""
        self._execute(sql)

    def merge(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Stores a few rows in a raw table that exists, except where the stored row is newer."""
        from extract.warehouse import raw_tables as tables

        with self._as_extract_error():
            self._connection.register("new_rows", tables.rows(table, rows))
            self._connection.execute(tables.merge_statement(table, self.raw, "new_rows"))
            self._connection.unregister("new_rows")

    def write_lock(self, purpose: str) -> AbstractContextManager[None]:
        """Does nothing: the process that has the file open is the only one."""
        return nullcontext()

    def lake_lock(self) -> AbstractContextManager[None]:
        """Does nothing: the process that has the file open is the only one."""
        return nullcontext()

    def try_lock_season(self, season_id: int | None) -> None:
        """Does nothing: the process that has the file open is the only one."""

    def release_season_locks(self) -> None:
        """Does nothing: there are none."""

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def move_aside(self) -> str:
        """A sentence that says how to move old raw tables aside."""
        return move_file_aside(self._path)

    def dbt_environment(self) -> dict[str, str]:
        """Variables that dbt needs. It would resolve a relative path against its own folder."""
        return {
            "TARGET": "duckdb",
            "DUCKDB_PATH": str(self._path.resolve()),
            "SPORTMONKS_SCHEMA": self.raw.removesuffix("_raw"),
        }

    def is_connection_error(self, error: BaseException) -> bool:
        """Never: there is no connection to lose."""
        return False

    def is_data_error(self, error: BaseException) -> bool:
        """Whether an error means that the data can never be stored, however often it is retried."""
        return isinstance(error, duckdb.DataError | duckdb.IntegrityError | duckdb.CatalogException)

    def destination(self) -> "Destination[Any, Any]":
        """dlt's destination."""
        from extract.warehouse.duckdb_destination import duckdb_destination

        # By default DuckDB spends most of a load on trying compressions for the long JSON texts.
        self._execute("set force_compression = 'zstd'")
        # A load has few rows: two threads would hold twice the payloads, and save no time.
        self._execute("set threads = 1")
        # Earlier versions loaded through it.
        self._execute(f'drop schema if exists "{self.raw}_staging" cascade')
        # By default DuckDB keeps freed memory for its next use.
        self._execute("set allocator_bulk_deallocation_flush_threshold = '1MB'")
        return duckdb_destination(self._connection, _CATALOG)

    def after_load(self) -> None:
        """Moves the load from the WAL into the file, so that the WAL stays small during a run."""
        self._execute("checkpoint")
        self.empty_cache()

    def empty_cache(self) -> None:
        """Frees the memory that holds blocks of the file.

        A permanent limit would do the same, but loads with many or large payloads would fail.
        """
        with suppress(duckdb.OutOfMemoryException):
            self._connection.execute("set memory_limit = '1MB'")
        self._connection.execute("reset memory_limit")

    def discard_staging(self) -> None:
        """Does nothing: there are none. See `duckdb_destination`."""

    def _execute(self, sql: str) -> list[tuple[Any, ...]]:
        with self._as_extract_error():
            return self._connection.execute(sql).fetchall()

    @contextmanager
    def _as_extract_error(self) -> Iterator[None]:
        """Turns an error of the file or the disk into one line."""
        try:
            yield
        except (duckdb.OperationalError, duckdb.FatalException) as error:
            # Such as a full disk.
            raise ExtractError(f"The {self.name} cannot be used: {first_line(error)}") from error


def arrow_table(connection: duckdb.DuckDBPyConnection, sql: str) -> "pa.Table":
    """The rows of a query as Arrow."""
    # It would be None for a statement that returns no rows.
    return connection.sql(sql).to_arrow_reader().read_all()


def _attached(path: Path) -> duckdb.DuckDBPyConnection:
    """Opens a file as `_CATALOG`, with small row groups. Only `attach` can choose their size."""
    connection = duckdb.connect()
    file = str(path).replace("'", "''")
    connection.execute(f"attach '{file}' as \"{_CATALOG}\" (row_group_size {_ROW_GROUP_SIZE})")
    connection.execute(f'use "{_CATALOG}"')
    # As for a file that is opened directly. By default it would be in the working directory.
    connection.execute(f"set temp_directory = '{file}.tmp'")
    return connection


def lock_holder(error: duckdb.IOException) -> str | None:
    """The process that has a file open, if that is why the file could not be opened."""
    # Other errors may name a block of the file, or a folder with that word.
    if "could not set lock on file" not in str(error).lower():
        return None
    holder = re.search(r"PID (\d+)", str(error))
    return f"process {holder.group(1)}" if holder else "another process"
