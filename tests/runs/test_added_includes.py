"""An include that is added to the settings reaches the fixtures that are stored already."""

import json
import re

import pytest

from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, requested_ids, setting

FIRST = "participants;scores;statistics;events"
REASON = "include added"


def due(job: Job) -> dict[str, int]:
    """How many fixtures are due, by reason."""
    reasons: dict[str, int] = json.loads(job.command("plan", "--json").stdout)["reasons"]
    return reasons


@POSTGRES_IN_TEST_ALL
def test_an_added_include_is_fetched_for_what_is_stored(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    job.start_extracted()
    monkeypatch.setenv(setting("BATCH_SIZE"), "10")
    known = len(api.world.fixture_ids())
    assert REASON not in due(job)

    monkeypatch.setenv(setting("INCLUDE"), f"{FIRST};periods")
    plan = json.loads(job.command("plan", "--json").stdout)
    live = sum(plan["reasons"].values()) - plan["reasons"][REASON]
    assert plan["reasons"][REASON] + live == known
    shown = rf"for added includes +{plan['include_calls']}\b"
    assert re.search(shown, job.command("plan").output)
    assert plan["include_calls"] == -(-plan["reasons"][REASON] // 10)

    monkeypatch.setenv(setting("FETCH_ADDED_INCLUDES"), "false")
    assert due(job).get(REASON, 0) == 0
    monkeypatch.setenv(setting("FETCH_ADDED_INCLUDES"), "true")

    api.control.reset_requests()
    summary = json.loads(job.extract("--json").stdout)
    assert summary["fixture_calls"] == plan["fixture_calls"] == len(requested_ids(api))
    with_periods = (
        "select count(*) from sportmonks_raw.fixtures where non_empty_keys like '%periods%'"
    )
    played = sum(bool(api.world.fixture(id)["periods"]) for id in api.world.fixture_ids())
    assert job.query(with_periods) == [(played,)]
    assert REASON not in due(job)
    # Fixtures whose payload has stayed the same count as fetched with it too.
    assert summary["unchanged"] + summary["stored"] == known

    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    assert REASON not in due(job)
    monkeypatch.setenv(setting("INCLUDE"), f"{FIRST};Periods:minutes")
    assert REASON not in due(job)


def test_added_includes_come_after_everything_else(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    seasons = sorted({api.world.fixture(id)["season_id"] for id in api.world.fixture_ids()})
    for season_id in seasons:
        duckdb_job.extract("--season-id", str(season_id))
    new = [
        next(id for id in api.world.fixture_ids() if api.world.fixture(id)["season_id"] == season)
        for season in seasons
    ]
    named = ", ".join(map(str, new))
    for table in ("fixtures", "fixture_checks"):
        duckdb_job.query(f"delete from sportmonks_raw.{table} where id in ({named})")
    monkeypatch.setenv(setting("INCLUDE"), f"{FIRST};periods")
    monkeypatch.setenv(setting("REQUESTS_IN_FLIGHT"), "1")
    api.control.reset_requests()
    duckdb_job.extract("--chunk-size", "50")
    order = [id for ids in requested_ids(api) for id in ids]
    due_for_the_include = [
        id for id in order if id not in new and api.world.fixture(id)["state_id"] in (1, 5)
    ]
    assert len(order) == len(set(order)) == len(api.world.fixture_ids())
    assert max(map(order.index, new)) < min(map(order.index, due_for_the_include))
    by_season = [api.world.fixture(id)["season_id"] for id in due_for_the_include]
    assert by_season == sorted(by_season, reverse=True)


def test_a_request_without_an_answer_leaves_the_include_unfetched(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = next(id for id in api.world.fixture_ids() if api.world.fixture(id)["state_id"] == 5)
    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    duckdb_job.start_extracted()
    monkeypatch.setenv(setting("INCLUDE"), f"{FIRST};periods")
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [bad]}])
    duckdb_job.extract(code=1)
    api.control.clear_faults()
    api.control.delete(bad)
    duckdb_job.extract("--fixture-ids", str(bad))
    noted = f"select requested_include from sportmonks_raw.fixture_checks where id = {bad}"
    assert duckdb_job.query(noted) == [(";events;participants;scores;statistics;",)]
