"""The warehouse of production: a PostgreSQL database."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import errors

from extract.errors import ExtractError, LockLostError
from extract.quota.postgres_store import PostgresQuotaStore, create_table
from extract.warehouse.base import OnWait, Warehouse
from extract.warehouse.postgres_connection import CONNECT_TIMEOUT, PostgresConnection
from extract.warehouse.raw_tables import JSON_COLUMNS, KEYS, merge_statement

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.destination import Destination


# First half of the advisory lock's key; the second one is a hash of the schema.
_LOCK = int.from_bytes(b"SPM")
# The same of the lock on copies to the lake.
_LAKE_LOCK = int.from_bytes(b"SPL")
# Tells a session of dbt which session it shares the write lock with: macros/hooks/write_lock.sql.
_LOCK_SETTING = "sportmonks.write_lock"


class PostgresWarehouse(Warehouse):
    """A PostgreSQL database, reached with the standard `PG*` variables.

    Args:
        environment: the variables.
        schema: schema of the final tables.
        on_wait: called with a line when waiting begins; None means not to wait.

    Raises:
        UsageError: a variable is missing or wrong, or the role lacks rights.
        ExtractError: the server cannot be reached.
    """

    def __init__(self, environment: Mapping[str, str], schema: str, on_wait: OnWait | None) -> None:
        self._connection = connection = PostgresConnection(environment, schema)
        location = f"{connection.host}:{connection.port}/{connection.database}/{schema}"
        super().__init__(connection.name, location, schema, on_wait)
        self._schema = schema
        digest = hashlib.blake2b(self.raw.encode(), digest_size=4).digest()
        number = int.from_bytes(digest) // 2
        self._lock_key = (_LOCK, number)
        # Process id and start of the session that has the write lock; None without the lock.
        self._lock_holder: tuple[int, str] | None = None
        # The first half of the keys of season locks.
        self._season_key = number
        self._quota_store: PostgresQuotaStore | None = None

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; none if a table or schema in it does not exist yet."""
        try:
            if self._lock_holder:
                # A new session would be without the write lock.
                return self._connection.execute(sql)
            return self.retrying()(self._connection.execute, sql)
        except (errors.UndefinedTable, errors.InvalidSchemaName):
            return []

    def read_raw(self, table: str, schema: "pa.Schema", condition: str = "true") -> "pa.Table":
        """Rows of a raw table as Arrow."""
        from extract.warehouse.postgres_arrow import columns_for_copy, read_copied

        sql = f"select {columns_for_copy(schema)} from {self.raw}.{table} where {condition}"
        return self.retrying()(lambda: read_copied(self._connection.copy_out(sql), schema))

    def execute(self, sql: str) -> None:
        """Runs a statement that writes."""
        self._connection.execute(sql)

    def merge(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Stores a few rows in a raw table that exists, except where the stored row is newer."""
        values = [
            {
                # Decoded, because a text would become a JSON string.
                name: json.loads(value) if name in JSON_COLUMNS and value else value
                for name, value in row.items()
            }
            for row in rows
        ]
        new_rows = f"json_populate_recordset(null::{self.raw}.{table}, %s)"
        self._connection.execute(
            merge_statement(table, self.raw, new_rows), [json.dumps(values, default=str)]
        )

    @contextmanager
    def write_lock(self, purpose: str) -> Iterator[None]:
        """Holds the write lock: an advisory lock on the schema, shared by all sessions that write.

        The first session takes the lock exclusively, then shares it with the sessions of dlt and
        dbt, as long as it lives itself. So when the first session is lost, its process starts no
        new statement, and other processes wait until those under way have ended.
        """
        self._wait_until_free(self._take_write_lock)
        try:
            self._connection.execute(
                "select set_config('application_name', %s, false)",
                [self._connection.title(purpose)],
            )
            yield
        finally:
            self._set_lock_holder(None)
            self._connection.execute_in_session("reset application_name")
            self._connection.execute_in_session(
                "select pg_advisory_unlock_shared(%s, %s)", self._lock_key
            )

    @contextmanager
    def lake_lock(self) -> Iterator[None]:
        """Holds an advisory lock. If the session is lost, the next one takes it again."""
        key = (_LAKE_LOCK, self._season_key)
        self._wait_until_free(lambda: self._connection.try_lock(key))
        self._connection.kept_locks.append(key)
        try:
            yield
        finally:
            if key in self._connection.kept_locks:
                self._connection.kept_locks.remove(key)
            self._connection.execute_in_session("select pg_advisory_unlock(%s, %s)", key)

    def try_lock_season(self, season_id: int | None) -> str | None:
        """Takes an advisory lock on a season; returns the run that has it, None on success."""
        key = (self._season_key, (season_id or 0) % 2**31)
        if key in self._connection.kept_locks:
            return None
        if holder := self._connection.try_lock(key):
            return holder
        self._connection.kept_locks.append(key)
        return None

    def release_season_locks(self) -> None:
        """Releases the advisory locks on seasons."""
        # Locks of a lost session are released already.
        with suppress(ExtractError):
            for key in self._connection.kept_locks:
                self._connection.execute("select pg_advisory_unlock(%s, %s)", key)
        self._connection.kept_locks.clear()

    def close(self) -> None:
        """Ends the sessions, and releases all locks."""
        self._connection.close()
        if self._quota_store:
            self._quota_store.close()

    def move_aside(self) -> str:
        """A sentence that says how to move old raw tables aside."""
        return (
            f"Rename the schema, for example with `alter schema {self.raw} rename to "
            f"{self.raw}_old`, and extract again."
        )

    def dbt_environment(self) -> dict[str, str]:
        """Variables that dbt needs in addition to those that the user has set.

        During `write_lock` they let dbt's sessions share the lock.
        """
        options = self._connection.options
        if self._lock_holder:
            parts = map(str, (*self._lock_key, *self._lock_holder))
            options += f" -c {_LOCK_SETTING}={':'.join(parts)}"
        return {
            "TARGET": "postgres",
            "PGPORT": self._connection.port,
            "PGOPTIONS": options,
            "PGCLIENTENCODING": "UTF8",
            "SPORTMONKS_SCHEMA": self._schema,
        }

    def is_connection_error(self, error: BaseException) -> bool:
        """Whether an error means that the connection was lost, so that a retry may help."""
        if isinstance(error, LockLostError):
            return True
        if not isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
            return False
        code = error.pgcode or "08"
        return code.startswith("08") or code in ("57P01", "57P02", "57P03", "53300")

    def is_data_error(self, error: BaseException) -> bool:
        """Whether an error means that the data can never be stored, however often it is retried."""
        return isinstance(
            error,
            psycopg2.DataError
            | psycopg2.IntegrityError
            | errors.UndefinedTable
            | errors.InvalidSchemaName,
        )

    def destination(self) -> "Destination[Any, Any]":
        """dlt's destination."""
        from extract.warehouse.postgres_destination import postgres_destination

        connection = self._connection
        credentials = {
            "host": connection.host,
            "port": int(connection.port),
            "database": connection.database,
            "username": connection.user,
            "password": "",
            "connect_timeout": CONNECT_TIMEOUT,
            "query": {"options": connection.options, "application_name": f"{self._schema}-load"},
        }
        return postgres_destination(credentials, self._share_write_lock)

    def after_load(self) -> None:
        """Adds primary keys to new tables, and analyzes tables that have grown."""
        execute = self._connection.execute
        without_key = execute(
            "select relname from pg_class where relnamespace = to_regnamespace(%s) "
            "and relkind = 'r' and relname = any(%s) and not exists "
            "(select from pg_index where indrelid = pg_class.oid and indisprimary)",
            [self.raw, list(KEYS)],
        )
        for (table,) in without_key:
            key = ", ".join(KEYS[table])
            execute(f"alter table {self.raw}.{table} add primary key ({key})")
        if execute("select to_regclass(%s)", [f"{self.raw}.quota_windows"]) == [(None,)]:
            execute(create_table(self.raw))
        grown = execute(
            "select relname from pg_class where relnamespace = to_regnamespace(%s) "
            "and relkind = 'r' and pg_relation_size(oid) > "
            "1.1 * relpages * current_setting('block_size')::int",
            [self.raw],
        )
        for (table,) in grown:
            execute(f"analyze {self.raw}.{table}")

    def quota_store(self, token: str) -> PostgresQuotaStore:
        """The state of the token's quota, shared by all runs that use this database."""
        self._quota_store = PostgresQuotaStore(self._connection.connect, self.raw, token)
        return self._quota_store

    def empty_cache(self) -> None:
        """Does nothing: the server has the cache."""

    def discard_staging(self) -> None:
        """Empties the tables that dlt merges from."""
        staging = f"{self.raw}_staging"
        for (table,) in self._connection.execute(
            "select tablename from pg_tables where schemaname = %s", [staging]
        ):
            self._connection.execute(f'truncate {staging}."{table}"')

    def _take_write_lock(self) -> str | None:
        """Takes the write lock; returns the run that has it, None on success."""
        if other := self._connection.try_lock(self._lock_key):
            return other
        # Shared before it is released: no other session can take it in between.
        self._connection.execute("select pg_advisory_lock_shared(%s, %s)", self._lock_key)
        self._connection.execute("select pg_advisory_unlock(%s, %s)", self._lock_key)
        ((process_id, started_at),) = self._connection.execute(
            "select pid, cast(extract(epoch from backend_start) as text) from pg_stat_activity "
            "where pid = pg_backend_pid()"
        )
        self._set_lock_holder((process_id, started_at))
        return None

    def _set_lock_holder(self, holder: tuple[int, str] | None) -> None:
        self._lock_holder = holder
        self._connection.may_reconnect = holder is None

    def _share_write_lock(self, connection: "psycopg2.extensions.connection") -> None:
        """Lets a new session share the write lock until it ends.

        Raises:
            LockLostError: the session that took the lock is gone.
        """
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock_shared(%s, %s)", self._lock_key)
            # Only now: a process that takes the lock from here on waits for this session.
            cursor.execute(
                "select 1 from pg_locks inner join pg_stat_activity using (pid) "
                "where locktype = 'advisory' and granted and mode = 'ShareLock' "
                "and classid = %s and objid = %s and pid = %s "
                "and cast(extract(epoch from backend_start) as text) = %s",
                [*self._lock_key, *(self._lock_holder or (None, None))],
            )
            if not cursor.fetchall():
                raise LockLostError(self.name)
