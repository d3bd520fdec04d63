"""Looks into the final tables: the answer of one query, or a shell."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import duckdb
import psycopg2

from extract.errors import ExtractError, UsageError
from extract.warehouse import existing_duckdb_path, final_schema, first_line, is_duckdb


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
    connection: Any
    schema = final_schema()
    if is_duckdb():
        try:
            connection = duckdb.connect(existing_duckdb_path(), read_only=True)
        except duckdb.Error as error:
            raise ExtractError(f"The DuckDB file cannot be read: {first_line(error)}") from error
        lookup = f"use {schema}"
    else:
        try:
            connection = psycopg2.connect("")
        except psycopg2.OperationalError as error:
            raise ExtractError(f"The database cannot be reached: {first_line(error)}") from error
        connection.set_session(readonly=True)
        lookup = f"set search_path = {schema}"

    def ask(sql: str) -> Rows:
        try:
            cursor.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return Rows(names, cursor.fetchall() if names else [])
        except (duckdb.Error, psycopg2.Error) as error:
            raise UsageError(f"The query failed: {first_line(error)}") from error

    with closing(connection), closing(connection.cursor()) as cursor:
        ask("set timezone = 'UTC'")
        if not ask(f"select 1 from pg_namespace where nspname = '{schema}'").rows:
            raise UsageError("There are no final tables yet: run `make transform` first.")
        ask(lookup)
        yield ask


def shell_command() -> list[str]:
    """The command that opens a SQL shell on the final tables, which it can only read.

    Raises:
        UsageError: no shell is installed, or there is nothing to ask yet.
    """
    if not is_duckdb():
        return _found("psql")
    file = str(existing_duckdb_path())
    if shutil.which("harlequin"):
        return ["harlequin", "--read-only", file]
    return [*_found("duckdb"), "-readonly", "-cmd", f"use {final_schema()}", file]


def shell_environment() -> dict[str, str]:
    """The variables of that command."""
    options = f"-c search_path={final_schema()} -c default_transaction_read_only=on"
    return {**os.environ, "PGOPTIONS": f"{options} {os.environ.get('PGOPTIONS', '')}"}


def _found(program: str) -> list[str]:
    if not shutil.which(program):
        raise UsageError(
            f"No SQL shell is installed: {program} is not on the PATH. "
            'One query needs none: make query SQL="select * from fixtures limit 5".'
        )
    return [program]
