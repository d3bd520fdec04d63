"""Whether the fair baseline has made the same rows as the project."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from bench.core_tables import CORE_TABLES
from bench.postgres_server import connect
from bench.stores import Table

# A checksum of a column. It depends on which row has which value, and not on the order of rows.
_DUCKDB_CHECKSUM = "sum(hash({key}, cast({column} as varchar)))"
_POSTGRES_CHECKSUM = (
    "sum(hashtextextended(concat_ws(' ', {key}, coalesce({column}::text, '-')), 0))"
)


def find_differences(environment: Mapping[str, str], fair: str) -> str:
    """Compares number of rows and a checksum of each column.

    Args:
        environment: the variables that name the project's database.
        fair: the file of the fair baseline, or its schema on PostgreSQL.

    Returns:
        What differs, or an empty string.
    """
    schema = environment["SPORTMONKS_SCHEMA"]
    if environment["TARGET"] == "duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"attach '{environment['DUCKDB_PATH']}' as project (read_only)")
            connection.execute(f"attach '{fair}' as fair (read_only)")
            return _find(
                lambda sql: connection.execute(sql).fetchone() or (),
                _DUCKDB_CHECKSUM,
                f"project.{schema}",
                "fair.main",
            )
    connection_ = connect(environment)
    try:
        cursor = connection_.cursor()

        def first(sql: str) -> tuple[Any, ...]:
            cursor.execute(sql)
            return cursor.fetchone() or ()

        return _find(first, _POSTGRES_CHECKSUM, schema, fair)
    finally:
        connection_.close()


def _find(first: Callable[[str], tuple[Any, ...]], checksum: str, project: str, fair: str) -> str:
    found = []
    for table in CORE_TABLES.values():
        ours, theirs = (first(_sums(table, checksum, schema)) for schema in (project, fair))
        names = ["number of rows", *table.columns]
        differing = [
            name for name, our, their in zip(names, ours, theirs, strict=True) if our != their
        ]
        if differing:
            found.append(f"{table.name} ({', '.join(differing)})")
    return ", ".join(found)


def _sums(table: Table, checksum: str, schema: str) -> str:
    key = ", ".join(table.key)
    sums = [checksum.format(key=key, column=column) for column in table.columns]
    return f"select count(*), {', '.join(sums)} from {schema}.{table.name}"
