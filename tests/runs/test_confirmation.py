"""An empty include counts once responses some minutes isolated confirm it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from simulator import Simulator
from tests.support.assertions import INCLUDES, assert_equals_full_refresh, assert_equals_world
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, requested_ids, setting

NOW = datetime(2026, 3, 14, 15, 20, tzinfo=UTC)


def after(minutes: float, job: Job, api: Simulator, *arguments: str) -> tuple[dict[str, Any], int]:
    """Runs an extract some minutes later: its summary, and its requests for fixtures."""
    api.control.reset_requests()
    moment = time_machine.travel(NOW + timedelta(minutes=minutes), tick=True)
    with moment, pytest.MonkeyPatch.context() as patch:
        patch.setenv(setting("CONFIRM_AFTER"), "5")
        summary: dict[str, Any] = json.loads(job.extract(*arguments, "--json").stdout)
    return summary, len(requested_ids(api))


def start_at_now(job: Job, api: Simulator) -> None:
    """Has the warehouse as after a first run."""
    job.start("at now, to be confirmed", lambda: after(0, job, api))


def played(api: Simulator, has_goals: bool) -> int:
    """A finished fixture with events, with or without goals."""
    fixtures = (api.control.fixture(id) for id in api.world.fixture_ids())
    return next(
        int(fixture["id"])
        for fixture in fixtures
        if fixture["state_id"] == 5 and fixture["events"]
        if has_goals == any(score["score"]["goals"] > 0 for score in fixture["scores"])
    )


def check(job: Job, id: int) -> tuple[Any, ...]:
    """What became of a fixture, and whether events of it are stored."""
    ((*row, filled),) = job.query(
        "select checks.outcome, checks.empty_keys, checks.confirmations, non_empty_keys "
        "from sportmonks_raw.fixture_checks as checks inner join sportmonks_raw.fixtures using (id)"
        f"where id = {id}"
    )
    return *row, "events" in filled


@POSTGRES_IN_TEST_ALL
def test_a_later_run_confirms_an_emptiness(job: Job, api: Simulator) -> None:
    scored, goalless = played(api, has_goals=True), played(api, has_goals=False)
    both = ["--fixture-ids", f"{scored},{goalless}"]
    start_at_now(job, api)
    for id in (scored, goalless):
        api.control.empty(id, "events")
    # Nobody waits for the confirmation, but a second answer may have the events again.
    summary, calls = after(60, job, api, *both)
    assert (summary["unconfirmed"], calls) == (2, 2)
    assert check(job, scored) == check(job, goalless) == ("unconfirmed", "events", 0, True)

    # They are due with every run, and one that is too early counts for nothing.
    for minutes in (61, 64.9):
        summary, calls = after(minutes, job, api, *both)
        assert (summary["unconfirmed"], calls) == (2, 1)
        assert check(job, scored) == check(job, goalless) == ("unconfirmed", "events", 0, True)

    summary, calls = after(65.1, job, api, *both)
    assert (summary["unconfirmed"], summary["stored"], calls) == (1, 1, 1)
    assert check(job, goalless) == ("stored", None, 0, False)
    # The score counts goals, so one answer is not enough.
    assert check(job, scored) == ("unconfirmed", "events", 1, True)
    notes = f"select note from sportmonks_raw.fixture_checks where id = {scored}"
    assert job.query(notes) == [("events became empty; confirmed 1 of 2 times.",)]
    assert after(66, job, api, "--fixture-ids", str(scored))[0]["unconfirmed"] == 1
    assert after(70.2, job, api, "--fixture-ids", str(scored))[0]["stored"] == 1
    assert check(job, scored) == ("stored", None, 0, False)


def test_a_returned_array_needs_no_confirmation(duckdb_job: Job, api: Simulator) -> None:
    id = played(api, has_goals=False)
    one = ["--fixture-ids", str(id)]
    start_at_now(duckdb_job, api)
    events = {"kind": "empty_include", "include": "events", "path": "multi"}
    statistics = {"kind": "empty_include", "include": "statistics", "path": "multi"}
    api.control.faults([events])
    after(60, duckdb_job, api, *one)
    # Something else became empty: that is not the same emptiness again.
    api.control.faults([statistics])
    after(70, duckdb_job, api, *one)
    assert check(duckdb_job, id) == ("unconfirmed", "statistics", 0, True)
    # An answer without the key, or none at all, neither confirms nor refutes.
    api.control.faults([{"kind": "missing_include", "include": "statistics", "path": "multi"}])
    after(80, duckdb_job, api, *one)
    assert check(duckdb_job, id) == ("unconfirmed", "statistics", 0, True)
    api.control.faults([{"kind": "status", "status": 500, "path": "multi"}])
    api.control.reset_requests()
    with time_machine.travel(NOW + timedelta(minutes=90), tick=True):
        duckdb_job.extract(*one, code=1)
    assert check(duckdb_job, id) == ("failed", "statistics", 0, True)
    api.control.clear_faults()
    assert after(91, duckdb_job, api, *one)[0]["unchanged"] == 1
    assert check(duckdb_job, id) == ("unchanged", None, 0, True)
    # So it begins anew.
    api.control.faults([statistics])
    assert after(100, duckdb_job, api, *one)[0]["unconfirmed"] == 1


def test_a_fixture_is_requested_with_every_run_until_three_responses_have_lacked_it(
    duckdb_job: Job, api: Simulator
) -> None:
    id = played(api, has_goals=True)
    start_at_now(duckdb_job, api)
    api.control.faults([{"kind": "missing_ids", "ids": [id], "path": "multi"}])
    times = f"select times_missing from sportmonks_raw.fixture_checks where id = {id}"
    found = []
    after(60, duckdb_job, api, "--fixture-ids", str(id))
    # Its schedule is over for hours: it is due with every run until it is missing three times. A
    # response counts only five minutes after the last one.
    for minutes in (61, 66, 72, 80):
        found.append((after(minutes, duckdb_job, api)[0]["missing"], *duckdb_job.query(times)[0]))
    assert found == [(1, 1), (1, 2), (1, 3), (0, 3)]
    api.control.clear_faults()
    assert after(90, duckdb_job, api, "--fixture-ids", str(id))[0]["unchanged"] == 1
    assert duckdb_job.query(times) == [(0,)]


def test_a_new_fixture_without_an_include_is_confirmed_later(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, other = played(api, has_goals=True), played(api, has_goals=False)
    monkeypatch.setenv(setting("BATCH_SIZE"), "1")
    api.control.drop_key(id, "events")
    after(0, duckdb_job, api, "--fixture-ids", f"{id},{other}")
    for minutes in (1, 4):
        assert after(minutes, duckdb_job, api, "--fixture-ids", str(id))[0]["unconfirmed"] == 1
        assert check(duckdb_job, id) == ("unconfirmed", "events", 0, False)
    assert after(5.1, duckdb_job, api, "--fixture-ids", str(id))[0]["unchanged"] == 1
    assert check(duckdb_job, id) == ("unchanged", None, 0, False)


@POSTGRES_IN_TEST_ALL
@pytest.mark.thorough
def test_a_list_sent_as_an_object_is_read(job: Job, api: Simulator) -> None:
    every = [{"include": include, "path": "multi"} for include in sorted(INCLUDES)]
    models = ["--select", "+path:models/marts/core", "+quarantine", "+fixture_corrections"]
    api.control.faults([{**fault, "kind": "object_include"} for fault in every])
    job.extract()
    # An object is equal to its list, and a correction of it counts.
    api.control.clear_faults()
    id = played(api, has_goals=True)
    api.control.remove_event(id, api.control.fixture(id)["events"][0]["id"])
    changed = ["--force", "--json"]
    summary = json.loads(job.extract(*changed).stdout)
    assert (summary["stored"], summary["unchanged"]) == (1, summary["requested"] - 1)
    api.control.faults([{**fault, "kind": "object_include"} for fault in every])
    api.control.remove_event(id, api.control.fixture(id)["events"][0]["id"])
    assert json.loads(job.extract(*changed).stdout)["stored"] == 1
    job.transform(*models)
    assert_equals_world(job, api)
    assert job.query("select * from sportmonks.quarantine") == []
    kinds = "select kind, count(*) from sportmonks.fixture_corrections group by 1"
    assert job.query(kinds) == [("event_removed", 2)]

    # What is no list is not there: rows stay.
    before = job.final_tables()
    others = ["none", 0, {"message": "not in your plan"}, {"0": {}, "next": None}, True]
    api.control.faults(
        [
            {**fault, "kind": "other_include", "value": value}
            for fault, value in zip(every, others, strict=True)
        ]
    )
    summary = json.loads(job.extract(*changed).stdout)
    filled = job.query("select count(*) from sportmonks_raw.fixtures where non_empty_keys <> ''")
    assert [(summary["unconfirmed"],)] == filled
    job.transform(*models)
    assert job.final_tables() == before
    assert_equals_full_refresh(job)
