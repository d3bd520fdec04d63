"""Counts rows and bytes in the warehouse after a load."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from bench.postgres_server import connect

# Distinct blocks, because columns share them. The number does not include indexes.
_DUCKDB_BYTES = """
    select count(distinct block) * (select block_size from pragma_database_size())
    from (
        select unnest(list_append(additional_block_ids, block_id)) as block
        from pragma_storage_info('{table}')
        where persistent
    ) as blocks
    where block >= 0
"""
_POSTGRES_BYTES = "select pg_total_relation_size('{table}')"


@dataclass(frozen=True)
class Sizes:
    """Rows and bytes in the warehouse.

    Attributes:
        fixtures: stored payloads.
        payload_bytes: of the raw table of fixtures, on disk.
        statistics: rows of `fixture_player_statistics`.
        statistic_bytes: of that table on disk; on PostgreSQL with its indexes.
        database_bytes: of the whole database on disk.
        largest_response: JSON of the largest response with fixtures, in bytes.
        largest_batch: the most fixtures in one response.
    """

    fixtures: int
    payload_bytes: int
    statistics: int
    statistic_bytes: int
    database_bytes: int
    largest_response: int
    largest_batch: int


def read_sizes(environment: Mapping[str, str]) -> Sizes:
    """Reads the sizes of the warehouse of the benchmark.

    Args:
        environment: the variables that name the database.
    """
    schema = environment["SPORTMONKS_SCHEMA"]
    if environment["TARGET"] == "duckdb":
        file = environment["DUCKDB_PATH"]
        with duckdb.connect(file) as connection:
            connection.execute("checkpoint")
            return _read(
                schema,
                lambda sql: connection.execute(sql).fetchone(),
                _DUCKDB_BYTES,
                lambda: Path(file).stat().st_size,
            )
    session = connect(environment)
    try:
        cursor = session.cursor()

        def first(sql: str) -> tuple[Any, ...] | None:
            cursor.execute(sql)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row

        return _read(
            schema,
            first,
            _POSTGRES_BYTES,
            lambda: _numbers(first("select pg_database_size(current_database())"))[0],
        )
    finally:
        session.close()


def _read(
    schema: str,
    first: Callable[[str], tuple[Any, ...] | None],
    bytes_of: str,
    whole: Callable[[], int],
) -> Sizes:
    def numbers(sql: str) -> list[int]:
        return _numbers(first(sql))

    raw, statistics = f"{schema}_raw.fixtures", f"{schema}.fixture_player_statistics"
    responses = (
        "select max(json_bytes), max(rows_returned) "
        f"from {schema}_raw.api_calls where ids_requested is not null"
    )
    largest_response, largest_batch = numbers(responses)
    return Sizes(
        fixtures=numbers(f"select count(*) from {raw}")[0],
        payload_bytes=numbers(bytes_of.format(table=raw))[0],
        statistics=numbers(f"select count(*) from {statistics}")[0],
        statistic_bytes=numbers(bytes_of.format(table=statistics))[0],
        database_bytes=whole(),
        largest_response=largest_response,
        largest_batch=largest_batch,
    )


def _numbers(row: tuple[Any, ...] | None) -> list[int]:
    return [int(number or 0) for number in row or ()]
