"""The pipeline from end to end: the final tables equal what the API sends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.assertions import (
    assert_equals_full_refresh,
    assert_equals_world,
    assert_raw_equals_world,
)
from tests.support.pipeline import (
    DUCKDB_IN_TEST_ALL,
    EVERY_MODEL,
    FINAL_TABLES,
    POSTGRES_IN_TEST_ALL,
    Database,
    DuckDb,
    Job,
)


@pytest.mark.thorough
def test_a_file_may_be_called_like_its_schema(
    job_on: Callable[[Database], Job], api: Simulator, tmp_path: Path
) -> None:
    """DuckDB then finds names of schema and table ambiguous."""
    job = job_on(DuckDb(tmp_path / "sportmonks.duckdb"))
    job.extract()
    job.transform(*EVERY_MODEL)
    views = "select view_name from duckdb_views() where schema_name = 'sportmonks'"
    names = [name for (name,) in job.database.execute(views)[1]]
    assert len(names) > 5
    for name in names:
        job.database.execute(f"select count(*) from sportmonks.sportmonks.{name}")


@pytest.mark.thorough
@POSTGRES_IN_TEST_ALL
def test_final_tables_equal_the_world(job: Job, api: Simulator) -> None:
    job.start_complete()
    assert_equals_world(job, api)
    assert len(job.records("fixture_events")) > 100


def test_second_run_writes_nothing(duckdb_job: Job, api: Simulator) -> None:
    """On PostgreSQL, tests/warehouse/test_postgres.py looks at what the server has written."""
    job = duckdb_job
    job.start_extracted()
    raw = job.query("select id, fetched_at, payload_hash from sportmonks_raw.fixtures order by id")
    summary = json.loads(job.extract("--force", "--json").stdout)
    assert summary["unchanged"] == summary["requested"] == len(raw)
    assert summary["stored"] == 0
    assert raw == job.query(
        "select id, fetched_at, payload_hash from sportmonks_raw.fixtures order by id"
    )


@pytest.mark.parametrize("size", [None, 1])
def test_only_what_differs_in_content_is_written(
    job: Job, api: Simulator, size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator sends every array in another order each time."""
    job.start_extracted()
    if size:
        # As with payloads that do not fit into one query.
        monkeypatch.setattr("extract.source.fixtures._COMPARED_SIZE", size)
    changed, other, *_ = (
        id for id in api.world.fixture_ids() if api.control.fixture(id)["statistics"]
    )
    statistic = api.control.fixture(changed)["statistics"][0]
    api.control.correct_statistic(changed, statistic["id"], 99)
    # Earlier versions have stored a hash of another kind.
    job.query(f"update sportmonks_raw.fixtures set payload_hash = 'x' where id = {other}")
    unchanged = (
        "select id, fetched_at, payload_hash, cast(payload as text) from sportmonks_raw.fixtures "
        f"where id <> {changed} order by id"
    )
    before = job.query(unchanged)
    summary = json.loads(job.extract("--force", "--json").stdout)
    assert (summary["stored"], summary["unchanged"]) == (1, len(before))
    assert job.query(unchanged) == before
    outcomes = "select outcome, count(*) from sportmonks_raw.fixture_checks group by 1 order by 1"
    assert job.query(outcomes) == [("stored", 1), ("unchanged", len(before))]
    assert job.query("select distinct id from sportmonks_raw.fixture_versions") == [(changed,)]
    assert job.query("select count(*) from sportmonks_raw.fixture_versions") == [(2,)]
    assert_raw_equals_world(job, api)


def test_one_call_for_fifty_fixtures(duckdb_job: Job) -> None:
    with Simulator(seed=3, leagues=3, seasons=1, teams=20) as api:
        ids = api.world.fixture_ids()[:1000]
        summary = json.loads(
            run_against(
                duckdb_job, api, "--ids-file", "-", "--json", stdin="\n".join(map(str, ids))
            )
        )
    assert summary["stored"] == 1000
    assert summary["calls_saved"] == 980
    calls = duckdb_job.query(
        "select count(*), sum(ids_requested), sum(rows_returned), min(status), max(attempt) "
        "from sportmonks_raw.api_calls where endpoint = 'football/fixtures/multi'"
    )
    assert calls == [(20, 1000, 1000, 200, 1)]


@DUCKDB_IN_TEST_ALL
def test_tables_follow_corrections(job: Job, api: Simulator) -> None:
    job.start_transformed()
    finished = [
        fixture
        for id in api.world.fixture_ids()
        if (fixture := api.world.fixture(id))["state_id"] == 5 and len(fixture["events"]) > 4
    ]
    corrected, shortened, emptied, nulled, moved = finished[:5]
    statistic = corrected["statistics"][0]
    gone = shortened["events"][1]["id"]
    before = len(job.records("fixture_events"))

    api.control.correct_statistic(corrected["id"], statistic["id"], 777)
    api.control.remove_event(shortened["id"], gone)
    api.control.empty(emptied["id"], "events")
    api.control.set_null(nulled["id"], "statistics")
    api.control.update(moved["id"], {"venue_id": None, "an_unknown_key": {"deep": [1]}})
    job.extract("--force")
    # Its score counts goals: a later run confirms that its events are gone.
    job.extract("--fixture-ids", str(emptied["id"]))
    job.transform()

    values = {row["statistic_id"]: row["value"] for row in job.records("fixture_statistics")}
    assert values[statistic["id"]] == 777
    events = job.records("fixture_events")
    assert gone not in {row["event_id"] for row in events}
    assert emptied["id"] not in {row["fixture_id"] for row in events}
    assert len(events) == before - 1 - len(emptied["events"])
    assert nulled["id"] not in {row["fixture_id"] for row in job.records("fixture_statistics")}
    ((payload,),) = job.query(
        f"select cast(payload as text) from sportmonks_raw.fixtures where id = {moved['id']}"
    )
    assert json.loads(payload)["an_unknown_key"] == {"deep": [1]}
    changed = job.query("select count(*) from sportmonks_raw.fixture_checks where outcome='stored'")
    assert changed == [(5,)]
    assert_equals_full_refresh(job)


def test_transform_touches_only_what_changed(duckdb_job: Job, api: Simulator) -> None:
    """And neither rows of a key that is missing now, nor those of a fixture that is gone."""
    duckdb_job.start_transformed()
    finished = [id for id in api.world.fixture_ids() if api.world.fixture(id)["state_id"] == 5]
    corrected, lacking, deleted = finished[:3]
    duckdb_job.query("update sportmonks.fixture_events set info = 'untouched'")
    before = duckdb_job.records("fixture_events")
    api.control.correct_statistic(
        corrected, api.world.fixture(corrected)["statistics"][0]["id"], 3.5
    )
    api.control.drop_key(lacking, "events")
    api.control.delete(deleted)
    assert json.loads(duckdb_job.extract("--force", "--json").stdout)["missing"] == 1
    duckdb_job.transform()
    events = duckdb_job.records("fixture_events")
    assert {row["fixture_id"] for row in events if row["info"] != "untouched"} == {corrected}
    for id in (lacking, deleted):
        kept = [row for row in before if row["fixture_id"] == id]
        assert kept == [row for row in events if row["fixture_id"] == id] != []
    assert deleted in {row["fixture_id"] for row in duckdb_job.records("fixtures")}


def test_duplicate_elements_are_stored_once_and_withdrawn_fixtures_leave_no_rows(
    postgres_job: Job, api: Simulator
) -> None:
    postgres_job.start_transformed()
    before = {table: len(postgres_job.records(table)) for table in FINAL_TABLES}
    first, second, third = [
        fixture
        for id in api.world.fixture_ids()
        if (fixture := api.world.fixture(id))["state_id"] == 5 and len(fixture["events"]) > 4
    ][:3]
    row = first["statistics"][0]
    again = {**row, "data": {"value": 777}}
    api.control.update(first["id"], {"statistics": [*first["statistics"], again]})
    api.control.update(second["id"], {"participants": second["participants"] * 2})
    moved = third["events"][0]
    api.control.update(second["id"], {"events": [*second["events"], moved]})
    postgres_job.extract("--force")
    postgres_job.transform()
    assert {table: len(postgres_job.records(table)) for table in FINAL_TABLES} == before
    values = {
        found["statistic_id"]: found["value"]
        for found in postgres_job.records("fixture_statistics")
    }
    # The API sends its arrays in any order: either of the two may be the last one.
    assert values[row["id"]] in (777, row["data"]["value"])
    holders = {
        found["event_id"]: found["fixture_id"] for found in postgres_job.records("fixture_events")
    }
    assert holders[moved["id"]] == second["id"]
    # The fixture that lost it comes back with another change, and with it.
    api.control.update(third["id"], {"details": "again"})
    postgres_job.extract("--force")
    postgres_job.transform("--select", "+fixture_events")
    holders = {
        found["event_id"]: found["fixture_id"] for found in postgres_job.records("fixture_events")
    }
    assert holders[moved["id"]] == third["id"]

    # A fixture that is gone from the payloads is gone from the tables.
    withdrawn = postgres_job.records("fixture_events")[0]["fixture_id"]
    postgres_job.query(f"delete from sportmonks_raw.fixtures where id = {withdrawn}")
    postgres_job.transform()
    assert withdrawn not in {row["fixture_id"] for row in postgres_job.records("fixture_events")}
    assert_equals_full_refresh(postgres_job)


@POSTGRES_IN_TEST_ALL
def test_an_emptied_database_is_filled_again(job: Job, api: Simulator) -> None:
    job.start_extracted()
    job.database.empty()
    job.extract()
    job.transform()
    assert_equals_world(job, api)


@POSTGRES_IN_TEST_ALL
def test_empty_and_sample_builds_delete_nothing(job: Job, api: Simulator) -> None:
    job.start_transformed()
    before = job.final_tables()
    job.transform("--empty")
    assert job.final_tables() == before


@pytest.mark.parametrize(
    "array", ["events", pytest.param("statistics", marks=pytest.mark.thorough)]
)
def test_a_momentarily_empty_array_deletes_nothing(
    duckdb_job: Job, api: Simulator, array: str
) -> None:
    job = duckdb_job
    job.start_transformed()
    before = job.final_tables()
    api.control.faults(
        [{"kind": "empty_include", "include": array, "path": ".*multi.*", "times": 1}]
    )
    summary = json.loads(job.extract("--force", "--json").stdout)
    assert summary["failed"] == summary["unconfirmed"] == 0
    job.transform()
    assert job.final_tables() == before


def test_an_empty_array_is_unconfirmed_while_the_second_request_fails(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_extracted()
    fixture_id = next(i for i in api.world.fixture_ids() if len(api.world.fixture(i)["events"]) > 4)
    api.control.faults(
        [
            {"kind": "empty_include", "include": "events", "path": ".*multi.*", "times": 1},
            {"kind": "status", "status": 500, "path": ".*multi.*", "after": 1},
        ]
    )
    summary = json.loads(duckdb_job.extract("--fixture-ids", str(fixture_id), "--json").stdout)
    assert summary["unconfirmed"] == 1
    checks = duckdb_job.query(
        f"select outcome from sportmonks_raw.fixture_checks where id = {fixture_id}"
    )
    assert checks == [("unconfirmed",)]


def test_league_and_season_choose_fixtures(duckdb_job: Job, api: Simulator) -> None:
    league, other = api.world.league_ids()[:2]
    season = next(s for s in api.world.seasons() if s["league_id"] == league)["id"]
    duckdb_job.extract("--league-id", str(league))
    assert duckdb_job.query("select distinct league_id from sportmonks_raw.fixtures") == [(league,)]
    duckdb_job.extract("--season-id", str(season))
    assert duckdb_job.query("select distinct season_id from sportmonks_raw.fixtures") == [(season,)]
    result = duckdb_job.extract("--season-id", str(season), "--league-id", str(other), code=2)
    assert f"belongs to league {league}" in result.output


def run_against(job: Job, api: Simulator, *arguments: str, stdin: str | None = None) -> str:
    """The standard output of an extract from another API."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        return job.extract(*arguments, stdin=stdin).stdout
