"""The lake has the rows of the raw tables, whatever happened to them."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from extract.lake.tables import TABLES
from simulator import Simulator
from tests.support.lake import Lake, assert_is_copy, raw_rows
from tests.support.pipeline import DUCKDB_IN_TEST_ALL, POSTGRES_IN_TEST_ALL, Job, setting


@pytest.fixture
def lake(job: Job, memory: Path, job_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """An empty lake, for a job that has extracted everything before."""
    job.start_extracted()
    lake = Lake(job_folder / "lake", job.database.schema)
    monkeypatch.setenv("LAKE_URL", lake.url)
    return lake


@POSTGRES_IN_TEST_ALL
def test_the_first_copy_has_every_row_and_the_second_writes_nothing(
    job: Job, lake: Lake, api: Simulator
) -> None:
    copied = json.loads(job.command("lake", "--json").stdout)
    assert_is_copy(lake, job)
    rows = {table.name: len(raw_rows(job, table)) for table in TABLES}
    assert {name: each["written"] for name, each in copied["tables"].items()} == rows
    assert rows["fixtures"] == len(api.world.fixture_ids())
    assert min(rows["types"], rows["standings"], rows["api_calls"], rows["runs"]) > 0
    for table in TABLES:
        found = pa.schema(lake.table(table.name).schema().to_arrow())
        assert {field.name: str(field.type) for field in found} == {
            field.name: str(field.type) for field in table.schema
        }, table.name
    versions = lake.versions()
    files = set(lake.path.rglob("*"))
    assert "has all rows already" in job.command("lake").output
    assert lake.versions() == versions
    assert set(lake.path.rglob("*")) == files


@DUCKDB_IN_TEST_ALL
def test_the_token_and_payload_statistics_are_not_in_the_lake(
    job: Job, lake: Lake, api: Simulator
) -> None:
    job.command("lake")
    for table in TABLES:
        assert api.token not in repr(lake.rows(table)), table.name
    for file in lake.path.rglob("*"):
        if file.is_file():
            assert api.token.encode() not in file.read_bytes(), file
        # Delta would put the smallest and the largest payload of a file into the log.
        if file.parent.name == "_delta_log":
            assert b"participants" not in file.read_bytes(), file


@POSTGRES_IN_TEST_ALL
def test_an_extract_copies_what_it_changed(job: Job, lake: Lake, api: Simulator) -> None:
    job.command("lake")
    played = [id for id in api.world.fixture_ids() if len(api.control.fixture(id)["events"]) > 2]
    corrected, removed, *_ = played
    api.control.update(corrected, {"name": "Corrected ✓ 'quoted' \"twice\"\nand on two lines"})
    api.control.remove_event(removed, api.control.fixture(removed)["events"][0]["id"])
    ids = f"{corrected},{removed}"
    output = job.extract("--force", "--fixture-ids", ids, "--json").stdout
    assert json.loads(output)["lake"]["tables"]["fixtures"] == {"written": 2, "deleted": 0}
    assert_is_copy(lake, job)
    versions = next(table for table in TABLES if table.name == "fixture_versions")
    assert {row["id"] for row in lake.rows(versions)} == {corrected, removed}


@DUCKDB_IN_TEST_ALL
def test_an_extract_that_stops_early_or_fails_is_copied_too(
    job: Job, lake: Lake, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("REFERENCE_MAX_AGE"), "0")
    assert "rows written" in job.extract("--max-calls", "1").output
    assert_is_copy(lake, job)
    monkeypatch.setenv(setting("BASE_URL"), "http://127.0.0.1:9")
    monkeypatch.setenv(setting("TRIES"), "1")
    assert "of the lake" in job.extract(code=1).output
    assert_is_copy(lake, job)


CHANGES: dict[str, Callable[[int], list[str]]] = {
    "rows are gone, others have other times": lambda id: [
        f"delete from sportmonks_raw.fixtures where id = {id + 1}",
        f"delete from sportmonks_raw.fixture_checks where id < {id + 10}",
        "delete from sportmonks_raw.api_calls where call_number = 3",
        "delete from sportmonks_raw.listing_log where scope like 'standings/%'",
        "delete from sportmonks_raw.runs",
        "update sportmonks_raw.listing_log set listed_at = listed_at - interval '1 hour'",
        "update sportmonks_raw.fixture_checks set note = '', empty_keys = null, "
        "checked_at = checked_at + interval '1 second'",
    ],
    "fixtures move to another season and to none": lambda id: [
        f"update sportmonks_raw.fixtures set season_id = 99 where id = {id}",
        f"update sportmonks_raw.fixtures set season_id = null where id = {id + 2}",
    ],
    "a fixture without a season changes": lambda id: [
        f"update sportmonks_raw.fixtures set state_id = 77, "
        f"fetched_at = fetched_at + interval '1 second' where id = {id + 2}",
        "delete from sportmonks_raw.topscorers",
        "delete from sportmonks_raw.api_calls",
    ],
}


@DUCKDB_IN_TEST_ALL
def test_whatever_is_changed_by_hand_is_copied(job: Job, lake: Lake, api: Simulator) -> None:
    job.command("lake")
    for change, statements in CHANGES.items():
        for statement in statements(api.world.fixture_ids()[0]):
            job.query(statement)
        before = lake.versions()
        job.command("lake")
        assert lake.versions() != before, change
        assert_is_copy(lake, job)
    before = lake.versions()
    job.command("lake")
    assert lake.versions() == before


@pytest.mark.thorough
@DUCKDB_IN_TEST_ALL
def test_what_others_have_broken_in_the_lake_is_repaired(job: Job, lake: Lake) -> None:
    job.command("lake")
    for name in ("fixtures", "api_calls"):
        table = lake.table(name)
        write_deltalake(table, table.to_pyarrow_table().slice(2, 5), mode="append")
    lake.table("types").delete("id > 50")
    lake.table("states").delete()
    job.command("lake")
    assert_is_copy(lake, job)


@POSTGRES_IN_TEST_ALL
def test_the_lake_of_another_warehouse_keeps_its_fixtures(
    job: Job, lake: Lake, api: Simulator
) -> None:
    job.command("lake")
    versions, count = lake.versions(), len(api.world.fixture_ids())
    job.query("delete from sportmonks_raw.fixtures where id % 3 <> 0")

    refused = " ".join(job.command("lake", code=2).output.split())

    assert f"has {count} fixtures" in refused and "`sportmonks lake --force`" in refused, refused
    assert lake.versions() == versions
    job.command("lake", "--force")
    assert_is_copy(lake, job)


@pytest.mark.thorough
@POSTGRES_IN_TEST_ALL
def test_many_chunks_make_the_same_tables(
    job: Job, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extract.lake.sync._BYTES", 300_000)
    job.command("lake")
    assert lake.table("fixtures").version() > 3
    assert_is_copy(lake, job)
