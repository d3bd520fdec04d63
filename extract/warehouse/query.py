"""Reads the final tables: one query, or a SQL shell."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import duckdb
import psycopg2
from psycopg2 import errors
from psycopg2.extras import register_default_json, register_default_jsonb
from psycopg2.sql import SQL, Literal

from extract.errors import (
    BusyError,
    ExtractError,
    NothingTransformedError,
    UsageError,
    command_line,
    first_line,
)
from extract.warehouse.target import (
    final_schema,
    final_tables_query,
    is_duckdb,
    is_spark,
    readable_duckdb_path,
)

# Types of DuckDB's statements that write nothing; DESCRIBE and PIVOT are among them.
_READING = ("SELECT", "EXPLAIN", "PRAGMA", "CALL", "MULTI")
# Seconds between two looks for a lock on PostgreSQL.
_LOCK_POLL = 3
_NOT_ONE_QUERY = "Only one statement that reads is allowed, such as a select."

# Runs a statement; returns the names of its columns, and its rows up to the limit.
Run = Callable[[str, int | None], tuple[list[str], list[tuple[Any, ...]]]]


class Rows(NamedTuple):
    """What a query returned.

    Attributes:
        names: names of the columns.
        rows: the rows, up to the limit.
        has_more: whether there are more rows.
    """

    names: list[str]
    rows: list[tuple[Any, ...]]
    has_more: bool = False

    def records(self) -> list[dict[str, Any]]:
        """The rows as dicts, by column name."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


def query(sql: str, limit: int | None = None) -> Rows:
    """Runs one query that reads.

    Args:
        sql: the query.
        limit: rows to return at most, None for all.

    Raises:
        UsageError, ExtractError: as in `open_query`.
    """
    with open_query() as run_query:
        return run_query(sql, limit)


class Query(Protocol):
    """Runs a query."""

    def __call__(self, sql: str, limit: int | None = None) -> Rows:
        """Runs one query that reads, as `query` does."""


@contextmanager
def open_query() -> Iterator[Query]:
    """Opens a connection for queries; gives a function that runs one. Times are in UTC.

    Table names without a schema are those of the final tables. A query is one statement that reads.
    On PostgreSQL, the role decides what else the functions in a query may do. On DuckDB, the
    published copy is read if there is one. On Spark, they are the tables in the lake.

    Raises:
        UsageError: a query is wrong or would write, a setting is wrong, or there are no tables yet.
        BusyError: another process uses the DuckDB file.
        ExtractError: the database cannot be reached.
    """
    if is_spark():
        from extract.warehouse.spark import open_spark_query

        with open_spark_query() as run_on_spark:
            yield _limited(run_on_spark)
        return
    schema = final_schema()
    connection, name, run = _duckdb(schema) if is_duckdb() else _postgres(schema)

    limited = _limited(run)

    def run_query(sql: str, limit: int | None = None) -> Rows:
        try:
            return limited(sql, limit)
        # ValueError and OverflowError: Python has no such value, for example a date in year 20000.
        except (duckdb.Error, psycopg2.Error, ValueError, OverflowError) as error:
            grants = ""
            if isinstance(error, errors.InsufficientPrivilege):
                grants = f" {_grants(schema, connection.info.user)}"
            raise UsageError(f"The query failed: {_in_a_line(error)}{grants}") from error

    with closing(connection):
        if not run_query(final_tables_query()).rows:
            # The information schema has no tables that the role may not use.
            if not is_duckdb() and run_query(_any_tables_query(schema)).rows:
                role = connection.info.user
                raise UsageError(
                    f"The role {role} may not read the schema {schema}. {_grants(schema, role)}"
                )
            raise NothingTransformedError(name)
        yield run_query


def _limited(run: Run) -> Query:
    """Runs a query for one row more than the limit, to know whether there are more."""

    def run_query(sql: str, limit: int | None = None) -> Rows:
        try:
            # Arguments of the command line need not be UTF-8.
            sql.encode()
        except UnicodeEncodeError as error:
            raise UsageError("The query is not valid UTF-8.") from error
        names, rows = run(sql, None if limit is None else limit + 1)
        return Rows(names, rows[:limit], limit is not None and len(rows) > limit)

    return run_query


@contextmanager
def open_query_when_free(on_wait: Callable[[str], None], wait: bool = True) -> Iterator[Query]:
    """Opens a connection for queries as `open_query` does, once no other process writes the file.

    Args:
        on_wait: called with a line when waiting begins, on PostgreSQL also from another thread when
            a query waits for a lock.
        wait: whether to wait for another process that uses the DuckDB file.

    Raises:
        BusyError: it is not free, and this process does not wait or has waited long enough.
        UsageError, ExtractError: as in `open_query`.
    """
    # Refuses Spark, which `open_query` would start.
    on_duckdb = is_duckdb()
    with ExitStack() as stack:
        try:
            query = stack.enter_context(open_query())
        except BusyError:
            if not wait:
                raise
            from extract.warehouse.factory import open_warehouse

            # Returns when the file is free.
            open_warehouse(on_wait, must_exist=True).close()
            query = stack.enter_context(open_query())
        if not on_duckdb:
            stack.enter_context(_reporting_lock_waits(query, on_wait))
        yield query


@contextmanager
def _reporting_lock_waits(query: Query, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Calls `on_wait` once if a query of the block waits for a lock on PostgreSQL."""
    ((process,),) = query("select pg_backend_pid()").rows
    ended = threading.Event()

    def watch() -> None:
        # Without a second connection, only the line is missing.
        with suppress(psycopg2.Error):
            while not ended.wait(_LOCK_POLL):
                with closing(psycopg2.connect("")) as connection, connection.cursor() as cursor:
                    cursor.execute("select pg_blocking_pids(%s)", [process])
                    ((holders,),) = cursor.fetchall()
                if holders:
                    on_wait(f"Waiting for a lock of process {holders[0]} on PostgreSQL.")
                    return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _duckdb(schema: str) -> tuple[Any, str, Run]:
    """A read-only connection, the name of the database in messages, and a function for queries."""
    from extract.warehouse.duckdb import lock_holder

    path = readable_duckdb_path()
    name = f"DuckDB file {path}"
    connection = duckdb.connect()
    try:
        connection.execute(_attach(path))
    except duckdb.Error as error:
        connection.close()
        if isinstance(error, duckdb.IOException) and (holder := lock_holder(error)):
            raise BusyError(name, holder) from error
        raise ExtractError(f"The {name} cannot be read: {first_line(error)}") from error
    connection.execute("set timezone = 'UTC'")
    # Otherwise `copy … to` could write files, and `read_text` read them.
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    if connection.execute(final_tables_query()).fetchall():
        connection.execute(f"use warehouse.{schema}")

    def run(sql: str, limit: int | None) -> tuple[list[str], list[tuple[Any, ...]]]:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type.name not in _READING:
            raise UsageError(_NOT_ONE_QUERY)
        connection.execute(statements[0])
        names = [column[0] for column in connection.description or ()]
        return names, connection.fetchall() if limit is None else connection.fetchmany(limit)

    return connection, name, run


def _attach(path: Path) -> str:
    """Attaches the file under a name that is not one of its schemas, which would be ambiguous."""
    quoted = str(path).replace("'", "''")
    return f"attach '{quoted}' as warehouse (read_only)"


def _postgres(schema: str) -> tuple[Any, str, Run]:
    """The same for PostgreSQL. Unlike the job, readers may leave out any `PG*` variable."""
    from extract.warehouse.postgres_connection import connection_refused

    name = "PostgreSQL database"
    try:
        connection = psycopg2.connect("")
    except psycopg2.OperationalError as error:
        raise connection_refused(name, error) from error
    # One snapshot: the pages of a report agree while a transform runs.
    connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
    # JSON as text, as DuckDB gives it.
    register_default_json(connection, loads=str)
    register_default_jsonb(connection, loads=str)
    cursor = connection.cursor()
    cursor.execute(f"set timezone = 'UTC'; set search_path = {schema}")
    # By default the server optimizes a cursor for its first rows.
    cursor.execute("set cursor_tuple_fraction = 1")
    # From now on `set transaction read write` is too late.
    cursor.execute("select 1")

    def run(sql: str, limit: int | None) -> tuple[list[str], list[tuple[Any, ...]]]:
        # The server checks that this is one statement that returns rows. A second one, such as a
        # commit, would end the read-only transaction.
        opening = "declare answer refcursor := 'answer'; begin open answer for execute {}; end"
        block = SQL(opening).format(Literal(sql)).as_string(cursor)
        try:
            cursor.execute(SQL("do {}").format(Literal(block)))
        except errors.InvalidCursorDefinition as error:
            raise UsageError(_NOT_ONE_QUERY) from error
        cursor.execute(f"fetch {'all' if limit is None else limit} from answer")
        names, rows = [column.name for column in cursor.description or ()], cursor.fetchall()
        cursor.execute("close answer")
        return names, rows

    return connection, name, run


def _any_tables_query(schema: str) -> str:
    """A query that returns a row if there are final tables on PostgreSQL, for any role."""
    tables = "select 1 from pg_catalog.pg_tables"
    return f"{tables} where schemaname = '{schema}' and tablename = 'fixtures'"


def _grants(schema: str, role: str) -> str:
    """What a role on PostgreSQL needs to read the final tables, in a sentence."""
    return (
        f"The final tables need `grant usage on schema {schema} to {role}` and "
        f"`grant select on all tables in schema {schema} to {role}`."
    )


def _in_a_line(error: Exception) -> str:
    """The engine's message about a query, with its hint and without the query, in one line."""
    if isinstance(error, psycopg2.Error) and error.diag.message_primary:
        diagnosis = error.diag
        parts = (diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint)
        return " ".join(f"{part.rstrip('.')}." for part in parts if part)
    text, *_ = re.split(r"\n+LINE [0-9]+:", str(error))
    return " ".join(text.split())


def shell_command() -> list[str]:
    """The command that opens a read-only SQL shell on the final tables.

    Raises:
        UsageError: no shell is installed, a setting is wrong, or there is no database yet.
    """
    if is_spark():
        raise UsageError(
            "There is no shell for TARGET=spark: give a query, such as "
            f"{command_line('query', 'select * from fixtures limit 5')}."
        )
    if not is_duckdb():
        return _found("psql")
    path = readable_duckdb_path()
    if shutil.which("harlequin"):
        return ["harlequin", "--read-only", str(path)]
    return [*_found("duckdb"), "-cmd", _attach(path), "-cmd", f"use warehouse.{final_schema()}"]


def shell_environment() -> dict[str, str]:
    """The environment of the command that `shell_command` returns."""
    options = f"-c search_path={final_schema()} -c default_transaction_read_only=on"
    return {**os.environ, "PGOPTIONS": f"{options} {os.environ.get('PGOPTIONS', '')}"}


def _found(program: str) -> list[str]:
    if not shutil.which(program):
        raise UsageError(
            f"No SQL shell is installed: {program} is not on the PATH"
            f"{', nor is harlequin' if program == 'duckdb' else ''}. "
            f"One query needs none: {command_line('query', 'select * from fixtures limit 5')}."
        )
    return [program]
