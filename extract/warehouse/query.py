"""Looks into the final tables: the answer of one query, or a shell."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
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
    existing_duckdb_path,
    final_schema,
    is_duckdb,
    looks_for_final_tables,
)

# Kinds of statements of DuckDB that change nothing, describe and pivot among them.
_READING = ("SELECT", "EXPLAIN", "PRAGMA", "CALL", "MULTI")
_ONE_THAT_READS = "A query is one statement that reads, such as a select: nothing else is run."

# Runs a statement, and returns its columns and as many of its rows as were wanted.
Run = Callable[[str, int | None], tuple[list[str], list[tuple[Any, ...]]]]


class Rows(NamedTuple):
    """What a query returned.

    Attributes:
        names: of its columns.
        rows: as many of its rows as were wanted.
        has_more: whether it has more of them.
    """

    names: list[str]
    rows: list[tuple[Any, ...]]
    has_more: bool = False

    def records(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


def query(sql: str, limit: int | None = None) -> Rows:
    """Runs one query that reads.

    Args:
        sql: the query.
        limit: rows to return at most, None for all.

    Raises:
        UsageError, ExtractError: as in `open_query`.
    """
    with open_query() as ask:
        return ask(sql, limit)


class Ask(Protocol):
    """Runs a query."""

    def __call__(self, sql: str, limit: int | None = None) -> Rows:
        """Its rows, as in `query`."""


@contextmanager
def open_query() -> Iterator[Ask]:
    """A function that runs queries, with names looked up among the final tables. Times are in UTC.

    A query is one statement that reads. What functions of PostgreSQL may do besides depends on the
    role.

    Raises:
        UsageError: a query is wrong or would write, or there is nothing to ask yet.
        ExtractError: another process holds the database, or it does not answer.
    """
    schema = final_schema()
    connection, name, run = _duckdb(schema) if is_duckdb() else _postgres(schema)

    def ask(sql: str, limit: int | None = None) -> Rows:
        try:
            # The command line may hold what is not UTF-8.
            sql.encode()
            names, rows = run(sql, None if limit is None else limit + 1)
        except UnicodeEncodeError as error:
            raise UsageError("The query is not valid UTF-8.") from error
        # ValueError and OverflowError: Python cannot hold the value, such as a date in year 20000.
        except (duckdb.Error, psycopg2.Error, ValueError, OverflowError) as error:
            raise UsageError(f"The query failed: {_in_a_line(error)}") from error
        return Rows(names, rows[:limit], limit is not None and len(rows) > limit)

    with closing(connection):
        if not ask(looks_for_final_tables()).rows:
            raise NothingTransformedError(name)
        yield ask


def _duckdb(schema: str) -> tuple[Any, str, Run]:
    """A connection that only reads, what it leads to, and what runs a query in it."""
    from extract.warehouse.duckdb import lock_holder

    path = existing_duckdb_path()
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
    # Without it, `copy … to` would write files and `read_text` read them.
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    if connection.execute(looks_for_final_tables()).fetchall():
        connection.execute(f"use warehouse.{schema}")

    def run(sql: str, limit: int | None) -> tuple[list[str], list[tuple[Any, ...]]]:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type.name not in _READING:
            raise UsageError(_ONE_THAT_READS)
        connection.execute(statements[0])
        names = [column[0] for column in connection.description or ()]
        return names, connection.fetchall() if limit is None else connection.fetchmany(limit)

    return connection, name, run


def _attach(path: Path) -> str:
    """Attaches the file under a name that none of its schemas has, which would be ambiguous."""
    quoted = str(path).replace("'", "''")
    return f"attach '{quoted}' as warehouse (read_only)"


def _postgres(schema: str) -> tuple[Any, str, Run]:
    """The same of PostgreSQL."""
    try:
        connection = psycopg2.connect("")
    except psycopg2.OperationalError as error:
        raise ExtractError(f"The database cannot be reached: {first_line(error)}") from error
    connection.set_session(readonly=True)
    # JSON as text, as DuckDB gives it.
    register_default_json(connection, loads=str)
    register_default_jsonb(connection, loads=str)
    cursor = connection.cursor()
    cursor.execute(f"set timezone = 'UTC'; set search_path = {schema}")
    # By default the server plans a cursor for its first rows.
    cursor.execute("set cursor_tuple_fraction = 1")
    # From now on `set transaction read write` is too late.
    cursor.execute("select 1")

    def run(sql: str, limit: int | None) -> tuple[list[str], list[tuple[Any, ...]]]:
        # The server itself finds out whether it is one statement that returns rows: a second one,
        # such as a commit, would end the transaction that only reads.
        opening = "declare answer refcursor := 'answer'; begin open answer for execute {}; end"
        block = SQL(opening).format(Literal(sql)).as_string(cursor)
        try:
            cursor.execute(SQL("do {}").format(Literal(block)))
        except errors.InvalidCursorDefinition as error:
            raise UsageError(_ONE_THAT_READS) from error
        cursor.execute(f"fetch {'all' if limit is None else limit} from answer")
        names, rows = [column.name for column in cursor.description or ()], cursor.fetchall()
        cursor.execute("close answer")
        return names, rows

    return connection, "PostgreSQL database", run


def _in_a_line(error: Exception) -> str:
    """What the engine says of a query, with its hint and without the query."""
    if isinstance(error, psycopg2.Error) and error.diag.message_primary:
        diagnosis = error.diag
        parts = (diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint)
        return " ".join(f"{part.rstrip('.')}." for part in parts if part)
    text, *_ = re.split(r"\n+LINE [0-9]+:", str(error))
    return " ".join(text.split())


def shell_command() -> list[str]:
    """The command that opens a SQL shell on the final tables, which it can only read.

    Raises:
        UsageError: no shell is installed, or there is nothing to ask yet.
    """
    if not is_duckdb():
        return _found("psql")
    path = existing_duckdb_path()
    if shutil.which("harlequin"):
        return ["harlequin", "--read-only", str(path)]
    return [*_found("duckdb"), "-cmd", _attach(path), "-cmd", f"use warehouse.{final_schema()}"]


def shell_environment() -> dict[str, str]:
    """The variables of that command."""
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
