"""Quota windows in PostgreSQL, shared by all processes with the same token and database."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2

from extract.quota.window import InMemoryQuotaStore, Window

# Limit of the wait for the lock of a row, which is held for milliseconds.
_LOCK_TIMEOUT = "5s"
# Seconds until a failed connection is tried again.
_RECONNECT_AFTER = 5.0

_COLUMNS = (
    "number, quota_limit, remaining, extract(epoch from resets_at), in_flight, "
    "extract(epoch from last_call_at), extract(epoch from paused_until), "
    "exists (select from pg_stat_activity where pid = last_call_by)"
)


def create_table(schema: str) -> str:
    """The statement that creates the table of windows, with a row per token and entity."""
    return f"""
create table if not exists {schema}.quota_windows (
    token text,
    entity text,
    number bigint not null default 0,
    quota_limit integer,
    remaining integer,
    resets_at timestamptz,
    in_flight integer not null default 0,
    last_call_at timestamptz not null default 'epoch',
    last_call_by integer,
    paused_until timestamptz not null default 'epoch',
    primary key (token, entity)
);
comment on table {schema}.quota_windows is
'Quota windows of running extracts by entity; token is a hash, times are those of this server. May '
'be emptied at any time.'
"""


class PostgresQuotaStore:
    """Quota windows in the table `quota_windows`, on the database's clock.

    While the table does not exist or the database cannot be reached, the process uses windows of
    its own: the next load reports the problem.

    Args:
        connect: opens a session.
        schema: of the table.
        token: the API token; only a hash of it is written.

    Attributes:
        connect, schema: as above.
    """

    is_shared = True

    def __init__(
        self, connect: "Callable[[], psycopg2.extensions.connection]", schema: str, token: str
    ) -> None:
        self.connect = connect
        self.schema = schema
        self._table = f"{schema}.quota_windows"
        self._token = hashlib.blake2b(token.encode(), digest_size=8).hexdigest()
        self._own = InMemoryQuotaStore()
        self._connection: psycopg2.extensions.connection | None = None
        self._disconnected_until = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def open(self, entity: str) -> Iterator[tuple[Window, float]]:
        """The window, and the time of the database."""
        with self._lock:
            found = self._read(entity)
            if found is None:
                with self._own.open(entity) as own:
                    yield own
                return
            window, _ = found
            last_call_at = window.last_call_at
            try:
                yield found
            finally:
                self._write(entity, window, is_taken=window.last_call_at != last_call_at)

    def close(self) -> None:
        """Ends the session."""
        if self._connection:
            self._connection.close()

    def _read(self, entity: str) -> tuple[Window, float] | None:
        key = (self._token, entity)
        rows = self._execute(self._select(), key)
        if rows == []:
            self._execute(
                f"insert into {self._table} (token, entity) values (%s, %s) on conflict do nothing",
                key,
            )
            rows = self._execute(f"commit; {self._select()}", key)
        if not rows:
            return None
        number, limit, remaining, resets_at, in_flight, last_call_at, paused_until, lives, now = (
            rows[0]
        )
        window = Window(
            number,
            limit,
            remaining,
            None if resets_at is None else float(resets_at),
            in_flight,
            # A killed process gets no response.
            float(last_call_at) if lives else 0.0,
            float(paused_until),
        )
        return window, float(now)

    def _select(self) -> str:
        # The time when the row is locked, not when the wait for it began.
        return (
            f"begin; with locked as materialized (select {_COLUMNS} from {self._table} "
            "where token = %s and entity = %s for update) "
            "select locked.*, extract(epoch from clock_timestamp()) from locked"
        )

    def _write(self, entity: str, window: Window, is_taken: bool) -> None:
        self._execute(
            f"update {self._table} set number = %s, quota_limit = %s, remaining = %s, "
            "resets_at = to_timestamp(%s), in_flight = %s, last_call_at = to_timestamp(%s), "
            "paused_until = to_timestamp(%s), "
            "last_call_by = case when %s then pg_backend_pid() else last_call_by end "
            "where token = %s and entity = %s; commit",
            (
                window.number,
                window.limit,
                window.remaining,
                window.resets_at,
                window.in_flight,
                window.last_call_at,
                window.paused_until,
                is_taken,
                self._token,
                entity,
            ),
        )

    def _execute(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]] | None:
        """The rows of a statement; None if the database or the table cannot be used."""
        if time.monotonic() < self._disconnected_until:
            return None
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self.connect()
                # Transactions begin and end in the statements, to save round trips.
                self._connection.autocommit = True
                with self._connection.cursor() as cursor:
                    cursor.execute(f"set lock_timeout = '{_LOCK_TIMEOUT}'")
                    # Two commits per request do not wait for the disk. If the server crashes, the
                    # next response reports the quota again.
                    cursor.execute("set synchronous_commit = off")
            with self._connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall() if cursor.description else []
        except psycopg2.errors.UndefinedTable:
            self._roll_back()
            return None
        except psycopg2.Error:
            self._disconnected_until = time.monotonic() + _RECONNECT_AFTER
            self._roll_back()
            return None

    def _roll_back(self) -> None:
        if self._connection:
            with suppress(psycopg2.Error), self._connection.cursor() as cursor:
                cursor.execute("rollback")
