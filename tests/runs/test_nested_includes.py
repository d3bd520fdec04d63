"""Includes within includes: they are added later, and become empty, as others do."""

import json
from typing import Any

import pytest

from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, requested_ids, setting

FIRST = "participants;scores;statistics;events;lineups"
REASON = "include added"


def lineups(fixture_id: int, details: int) -> list[dict[str, Any]]:
    """Two players with some statistics each."""
    return [
        {
            "id": 10**10 + 10 * fixture_id + row,
            "fixture_id": fixture_id,
            "team_id": 1,
            "player_id": None,
            "type_id": 11,
            "player_name": "N. N.",
            "details": [
                {"id": 2**31 + 100 * fixture_id + 10 * row + column, "type_id": 78 + column}
                | {"data": {"value": column}}
                for column in range(details)
            ],
        }
        for row in range(2)
    ]


def check(job: Job, id: int) -> tuple[Any, ...]:
    """What became of a fixture, and whether statistics of its players are stored."""
    ((*row, filled),) = job.query(
        "select checks.outcome, checks.empty_keys, non_empty_keys "
        "from sportmonks_raw.fixture_checks as checks inner join sportmonks_raw.fixtures using (id)"
        f"where id = {id}"
    )
    return *row, "lineups.details" in filled


@POSTGRES_IN_TEST_ALL
def test_player_statistics_that_became_empty_are_confirmed_first(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), f"{FIRST};lineups.details")
    id = next(id for id in api.world.fixture_ids() if api.world.fixture(id)["state_id"] == 5)
    one = ["--fixture-ids", str(id), "--force"]
    api.control.update(id, {"lineups": lineups(id, 3)})
    job.extract(*one)
    assert check(job, id) == ("stored", None, True)
    monkeypatch.setenv(setting("CONFIRM_AFTER"), "60")
    api.control.update(id, {"lineups": lineups(id, 0)})
    api.control.reset_requests()
    job.extract(*one)
    assert check(job, id) == ("unconfirmed", "lineups.details", True)
    assert len(requested_ids(api)) == 2
    # The line-up alone needs no confirmation: some statistics are left.
    api.control.update(id, {"lineups": lineups(id, 1)})
    job.extract(*one)
    assert check(job, id) == ("stored", None, True)
    monkeypatch.setenv(setting("CONFIRM_AFTER"), "0")
    api.control.update(id, {"lineups": lineups(id, 0)})
    job.extract(*one)
    job.extract(*one)
    assert check(job, id)[::2] == ("stored", False) or check(job, id) == ("unchanged", None, False)


def test_a_nested_include_is_fetched_for_what_is_stored(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    duckdb_job.extract()
    monkeypatch.setenv(setting("INCLUDE"), f"{FIRST};lineups.details")
    plan = json.loads(duckdb_job.command("plan", "--json").stdout)
    assert plan["reasons"][REASON] > 0
    assert plan["include_calls"] > 0
    api.control.reset_requests()
    summary = json.loads(duckdb_job.extract("--json").stdout)
    assert summary["fixture_calls"] == plan["fixture_calls"] == len(requested_ids(api))
    again = json.loads(duckdb_job.command("plan", "--json").stdout)
    assert REASON not in again["reasons"]
    # What was requested with the nested include was requested with its parent.
    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    assert REASON not in json.loads(duckdb_job.command("plan", "--json").stdout)["reasons"]
