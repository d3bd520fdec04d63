"""The job from end to end: what the API says is what the final tables hold."""

import json
from typing import Any

import pytest

from simulator import Simulator
from tests import world
from tests.job import FINAL_TABLES, Job


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without `loaded_at`, and with JSON text read."""
    return [
        {
            name: json.loads(value) if name == "value_raw" and isinstance(value, str) else value
            for name, value in row.items()
            if name != "loaded_at"
        }
        for row in rows
    ]


def assert_equals_world(job: Job, api: Simulator) -> None:
    expected = world.final_tables(api)
    for table in FINAL_TABLES:
        rows = comparable(job.records(table))
        assert len(rows) == len(expected[table]), table
        for row, wanted in zip(rows, expected[table], strict=True):
            assert row == wanted, table


def assert_equals_full_refresh(job: Job) -> None:
    incremental = job.final_tables()
    job.transform("--full-refresh")
    assert job.final_tables() == incremental


def test_final_tables_equal_the_world(job: Job, api: Simulator) -> None:
    job.extract()
    job.transform()
    assert_equals_world(job, api)
    assert len(job.records("fixture_events")) > 100
