"""What dlt loads into DuckDB, without its staging tables."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.extract import DltResource

from extract.warehouse.base import Warehouse
from extract.warehouse.factory import open_warehouse
from extract.warehouse.loader import Loader
from extract.warehouse.raw_tables import hints, rows

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    monkeypatch.setenv("TARGET", "duckdb")
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "job.duckdb"))
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    with closing(open_warehouse(None, for_loads=True)) as opened:
        yield opened


@pytest.fixture
def loader(warehouse: Warehouse) -> Iterator[Loader]:
    with closing(Loader(warehouse, pytest.fail)) as opened:
        yield opened


def resource(table: str, values: Sequence[dict[str, Any]], name: str = "") -> DltResource:
    found: DltResource = dlt.resource(
        rows(table, values), name=name or table, table_name=table, **hints(table)
    )
    return found


def test_the_newest_row_of_each_key_stays(warehouse: Warehouse, loader: Loader) -> None:
    """In any order of loads, with the same key twice in a load, in one file or two."""
    chance = random.Random(3)
    expected: dict[int, tuple[datetime, str]] = {}
    number = 0
    for _ in range(8):
        values: list[dict[str, Any]] = []
        for _ in range(chance.randint(1, 9)):
            number += 1
            key = chance.randint(1, 9)
            # No two rows are equally new.
            time = NOON + timedelta(days=chance.randint(0, 9), seconds=number)
            values.append({"id": key, "payload": f'{{"n":{number}}}', "fetched_at": time})
        half = len(values) // 2
        loader.load(
            [resource("types", values[:half]), resource("types", values[half:], "unlisted")]
        )
        for each in values:
            new = each["fetched_at"], each["payload"]
            expected[each["id"]] = max(new, expected.get(each["id"], new))
        assert warehouse.query(
            f"select id, fetched_at, payload from {warehouse.raw}.types order by id"
        ) == [(key, *row) for key, row in sorted(expected.items())]


def test_a_key_of_two_columns(warehouse: Warehouse, loader: Loader) -> None:
    version = {"id": 1, "payload": "{}", "fetched_at": NOON}
    later = {**version, "fetched_at": NOON + timedelta(hours=1)}
    for _ in range(2):
        loader.load([resource("fixture_versions", [version, later, version])])
    found = warehouse.query(f"select fetched_at from {warehouse.raw}.fixture_versions order by all")
    assert [time for (time,) in found] == [NOON, NOON + timedelta(hours=1)]


def test_rows_are_compressed_in_small_groups(warehouse: Warehouse, loader: Loader) -> None:
    """However many rows there are, a load rewrites few."""
    for first in (0, 5000):
        values = [{"id": first + number, "payload": "{}"} for number in range(5000)]
        loader.load([resource("types", values)])
    groups = warehouse.query(
        "select row_group_id, max(count) from "
        f"pragma_storage_info('{warehouse.raw}.types') where column_name = 'id' group by all"
    )
    counts = [count for _, count in groups]
    assert sum(counts) == 10_000
    assert max(counts) <= 2048
