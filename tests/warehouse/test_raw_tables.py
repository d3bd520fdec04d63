"""What the packages around the warehouse must know of its tables, and of its errors."""

import random
from contextlib import closing
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import psycopg2
import pyarrow as pa
import pytest

from extract.api.responses import ApiCall
from extract.warehouse.factory import open_warehouse
from extract.warehouse.raw_tables import SCHEMAS
from simulator import Simulator
from tests.support.pipeline import Job


def test_every_fact_about_a_call_has_a_column() -> None:
    """Rows are converted by name: a field without a column would be dropped without an error."""
    names = [field.name for field in fields(ApiCall)]
    assert sorted(["run_id", *names]) == sorted(SCHEMAS["api_calls"].names)


def test_only_a_missing_table_or_schema_means_no_rows(job: Job, api: Simulator) -> None:
    job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    with closing(open_warehouse(None)) as warehouse:
        for missing in ("no_such_schema.fixtures", f"{warehouse.raw}.no_such_table"):
            assert warehouse.query(f"select * from {missing}") == []
        assert warehouse.query("select 1") == [(1,)]
        for wrong in ("no_such_function(1)", "no_such_column", "cast(1 as no_such_type)"):
            with pytest.raises((duckdb.Error, psycopg2.Error)):
                warehouse.query(f"select {wrong} from {warehouse.raw}.fixtures")


def test_the_latest_times_are_known_although_a_table_is_missing(
    duckdb_job: Job, api: Simulator
) -> None:
    """As in the first run after an upgrade that brings a table."""
    duckdb_job.start_with_one()
    duckdb_job.query("drop table sportmonks_raw.topscorers")
    with closing(open_warehouse(None)) as warehouse:
        assert warehouse.latest_times().keys() >= {"fixtures", "fixture_checks", "states"}


ODD_TEXTS: list[object] = [
    "'; drop table x; --", "%s {} $1", "naïve \U0001f600 \u2028", "back\\u0000slash", "", None,
]  # fmt: skip
ODD_NUMBERS: list[object] = [None, 0, 2**53]


def test_merged_rows_replace_older_ones_alone(job: Job) -> None:
    job.start_planned()
    chance = random.Random(5)
    times = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(microseconds=i) for i in range(5)]

    def call(number: int) -> dict[str, Any]:
        """A row with odd values in all columns but the key."""
        row: dict[str, Any] = {}
        for column in SCHEMAS["api_calls"]:
            is_text = pa.types.is_string(column.type)
            row[column.name] = chance.choice(ODD_TEXTS if is_text else ODD_NUMBERS)
        return row | {
            "run_id": chance.choice(["a", "b"]),
            "call_number": number,
            "called_at": chance.choice(times),
        }

    expected: dict[tuple[str, int], dict[str, Any]] = {}
    with closing(open_warehouse(None)) as warehouse:
        for _ in range(20):
            rows = [call(number) for number in chance.sample(range(4), chance.randint(1, 4))]
            with warehouse.write_lock("extract"):
                warehouse.merge("api_calls", rows)
            for row in rows:
                key = row["run_id"], row["call_number"]
                if key not in expected or expected[key]["called_at"] <= row["called_at"]:
                    expected[key] = row
    columns = ", ".join(SCHEMAS["api_calls"].names)
    stored = job.query(f"select {columns} from sportmonks_raw.api_calls where run_id in ('a', 'b')")
    found = [dict(zip(SCHEMAS["api_calls"].names, row, strict=True)) for row in stored]
    assert sorted(found, key=str) == sorted(expected.values(), key=str)
