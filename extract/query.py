"""Looks into the final tables: the answer of one query, or a shell."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import psycopg2

from extract.errors import BusyError, ExtractError, NothingTransformedError, UsageError
from extract.warehouse import (
    existing_duckdb_path,
    final_schema,
    first_line,
    is_duckdb,
    looks_for_final_tables,
)


class Rows(NamedTuple):
    """What a query returned: the names of its columns, and its rows."""

    names: list[str]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


def query(sql: str) -> Rows:
    """Runs one query that reads.

    Raises:
        UsageError, ExtractError: as in `open_query`.
    """
    with open_query() as ask:
        return ask(sql)


@contextmanager
def open_query() -> Iterator[Callable[[str], Rows]]:
    """A function that runs queries, with names looked up among the final tables. Times are in UTC.

    Raises:
        UsageError: a query is wrong or would write, or there is nothing to ask yet.
        ExtractError: another process holds the database, or it does not answer.
    """
    schema = final_schema()
    connection, name, lookup = _duckdb(schema) if is_duckdb() else _postgres(schema)

    def ask(sql: str) -> Rows:
        try:
            cursor.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return Rows(names, cursor.fetchall() if names else [])
        except (duckdb.Error, psycopg2.Error) as error:
            raise UsageError(f"The query failed: {first_line(error)}") from error

    with closing(connection), closing(connection.cursor()) as cursor:
        ask("set timezone = 'UTC'")
        if not ask(looks_for_final_tables()).rows:
            raise NothingTransformedError(name)
        ask(lookup)
        yield ask


def _duckdb(schema: str) -> tuple[Any, str, str]:
    """A connection that only reads, what it leads to, and how names are looked up in the schema."""
    from extract.warehouse_duckdb import lock_holder

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
    return connection, name, f"use warehouse.{schema}"


def _attach(path: Path) -> str:
    """Attaches the file under a name that none of its schemas has, which would be ambiguous."""
    quoted = str(path).replace("'", "''")
    return f"attach '{quoted}' as warehouse (read_only)"


def _postgres(schema: str) -> tuple[Any, str, str]:
    """The same of PostgreSQL."""
    try:
        connection = psycopg2.connect("")
    except psycopg2.OperationalError as error:
        raise ExtractError(f"The database cannot be reached: {first_line(error)}") from error
    connection.set_session(readonly=True)
    return connection, "PostgreSQL database", f"set search_path = {schema}"


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
            'One query needs none: make query SQL="select * from fixtures limit 5".'
        )
    return [program]
