"""Which fixtures exist: lists in every form of pagination, new, moved and deleted fixtures."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from extract.config.endpoints import season_endpoints
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, setting

NOW = datetime(2026, 3, 14, 15, 20, tzinfo=UTC)


def listed(api: Simulator) -> list[str]:
    """The filters of the lists that were requested; a further page has a cursor instead."""
    return [
        request["query"].get("filters") or "another page"
        for request in api.control.requests()
        if "fixtures" in request["path"] and "multi" not in request["path"]
    ]


def at(moment: datetime, job: Job, api: Simulator, *arguments: str) -> dict[str, Any]:
    """Runs an extract at a moment; its summary."""
    api.control.set_clock(moment.isoformat())
    api.control.reset_requests()
    with time_machine.travel(moment, tick=True):
        summary: dict[str, Any] = json.loads(job.extract(*arguments, "--json").stdout)
    return summary


def start_at_now(job: Job, api: Simulator) -> None:
    """Has the warehouse as after a first run at that moment."""
    job.start("at now", lambda: at(NOW, job, api))
    api.control.set_clock(NOW.isoformat())


# The client's own test has all three forms.
@pytest.mark.parametrize(
    "pagination",
    [
        "cursor",
        *(pytest.param(form, marks=pytest.mark.thorough) for form in ("page", "cursor_url")),
    ],
)
def test_every_page_is_read(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch, pagination: Any
) -> None:
    with Simulator(seed=2, leagues=3, seasons=1, teams=20, pagination=pagination) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        duckdb_job.command("plan")
        known = duckdb_job.query("select id from sportmonks_raw.fixture_index order by id")
        assert [id for (id,) in known] == api.world.fixture_ids()
        assert len(listed(api)) == 3


def test_seasons_that_are_too_many_for_one_list_are_halved(duckdb_job: Job, api: Simulator) -> None:
    refused = {
        "kind": "status", "status": 400, "path": "/fixtures$", "times": 1,
        "message": "The filter takes a maximum of 1 values", "code": 5006,
    }  # fmt: skip
    api.control.faults([refused])
    duckdb_job.command("plan")
    known = duckdb_job.query("select id from sportmonks_raw.fixture_index order by id")
    assert [id for (id,) in known] == api.world.fixture_ids()


def test_rows_that_move_between_pages_are_read_once(duckdb_job: Job, api: Simulator) -> None:
    first_season, second_season = map(api.world.fixture_ids, api.world.season_ids())
    ids = [first_season[0], first_season[1], second_season[0]]
    rows = [api.world.base(id) for id in ids]
    more = {"has_more": True, "next_page": f"{api.base_url}/football/fixtures?page=2"}
    fault = {"kind": "status", "status": 200, "path": "/fixtures$", "times": 1}
    first = {"data": rows[:2], "pagination": more}
    second = {"data": [{**rows[1], "state_id": 10}, rows[2]], "pagination": {"has_more": False}}
    api.control.faults([{**fault, "body": first}, {**fault, "body": second, "after": 1}])
    duckdb_job.command("plan")
    known = "select id, state_id from sportmonks_raw.fixture_index order by id"
    states = [rows[0]["state_id"], 10, rows[2]["state_id"]]
    assert duckdb_job.query(known) == list(zip([row["id"] for row in rows], states, strict=True))


def test_lists_and_reference_data_are_read_when_they_are_too_old(
    duckdb_job: Job, api: Simulator
) -> None:
    def reference_data() -> set[str]:
        paths = (request["path"].split("/v3/")[1] for request in api.control.requests())
        return {path for path in paths if "fixtures" not in path and "types/" not in path}

    seasons = ",".join(str(id) for id in reversed(api.world.season_ids()))
    slow, daily = {"core/types", "football/states"}, {"football/leagues", "football/seasons"}
    daily |= {f"{each.path}/{id}" for each in season_endpoints() for id in api.world.season_ids()}
    at(NOW, duckdb_job, api)
    assert listed(api) == [
        f"populate;fixtureSeasons:{seasons}", f"populate;deleted;fixtureSeasons:{seasons}"
    ]  # fmt: skip
    assert reference_data() == slow | daily
    at(NOW + timedelta(hours=4), duckdb_job, api)
    assert listed(api) == []
    at(NOW + timedelta(hours=6), duckdb_job, api)
    highest = max(api.world.fixture_ids())
    assert listed(api) == [f"populate;idAfter:{highest};fixtureSeasons:{seasons}"]
    at(NOW + timedelta(hours=10), duckdb_job, api)
    assert listed(api) == []
    at(NOW + timedelta(hours=19), duckdb_job, api)
    assert reference_data() == set()
    at(NOW + timedelta(hours=21), duckdb_job, api)
    assert len(listed(api)) == 2
    assert reference_data() == daily
    at(NOW + timedelta(days=7), duckdb_job, api)
    assert reference_data() == slow | daily
    at(NOW + timedelta(days=7, hours=1), duckdb_job, api, "--force")
    assert len(listed(api)) == 2


def test_an_unlisted_type_is_looked_up_once(duckdb_job: Job, api: Simulator) -> None:
    def looked_up() -> list[str]:
        return [r["path"] for r in api.control.requests() if "core/types/" in r["path"]]

    first, second = api.world.fixture_ids()[:2]
    rows = [
        {"id": 1, "fixture_id": first, "type_id": type_id, "data": {"value": 1}}
        for type_id in (7944, 999_999)
    ]
    for id in (first, second):
        api.control.update(id, {"statistics": rows, "events": []})
    duckdb_job.start_planned()
    duckdb_job.extract("--fixture-ids", str(first))
    assert looked_up() == ["/v3/core/types/7944", "/v3/core/types/999999"]
    duckdb_job.extract("--fixture-ids", f"{first},{second}")
    assert len(looked_up()) == 2
    duckdb_job.transform("--select", "+types")
    # One that was not there is looked up again when it is as old as the list may be.
    age = "update sportmonks_raw.types set fetched_at = fetched_at - interval '8 days'"
    duckdb_job.query(f"{age} where payload is null")
    api.control.update(first, {"details": "changed"})
    duckdb_job.extract("--fixture-ids", str(first))
    assert looked_up()[2:] == ["/v3/core/types/999999"]
    types = {row["type_id"]: row["name"] for row in duckdb_job.records("types")}
    assert types[7944] == (api.world.type(7944) or {})["name"]
    assert 999_999 not in types


def test_a_look_up_that_fails_costs_nothing_else(duckdb_job: Job, api: Simulator) -> None:
    id = api.world.fixture_ids()[0]
    row = {"id": 1, "fixture_id": id, "type_id": 7944, "data": {"value": 1}}
    api.control.update(id, {"statistics": [row], "events": []})
    duckdb_job.start_planned()
    api.control.faults([{"kind": "status", "status": 500, "path": ".*core/types/.*"}])
    duckdb_job.extract("--fixture-ids", str(id))
    assert duckdb_job.query("select count(*) from sportmonks_raw.fixtures") == [(1,)]
    api.control.clear_faults()
    api.control.update(id, {"details": "changed"})
    duckdb_job.extract("--fixture-ids", str(id))
    assert duckdb_job.query("select count(*) from sportmonks_raw.types where id = 7944") == [(1,)]


def test_a_rescheduled_fixture_is_requested(duckdb_job: Job, api: Simulator) -> None:
    """That both engines find the same due is in tests/planning/test_due.py."""
    job = duckdb_job
    start_at_now(job, api)
    upcoming = [id for id in api.world.fixture_ids() if api.world.base(id)["state_id"] == 1][-1]
    api.control.reschedule(upcoming, "2026-05-20T18:00:00Z")
    assert at(NOW + timedelta(hours=10), job, api)["requested"] < 10
    later = NOW + timedelta(hours=21)
    api.control.set_clock(later.isoformat())
    with time_machine.travel(later, tick=True):
        found = json.loads(job.command("plan", "--json").stdout)
    assert found["reasons"]["changed"] >= 1
    at(later, job, api)
    stored = job.query(f"select starting_at from sportmonks_raw.fixtures where id = {upcoming}")
    assert stored == [(datetime(2026, 5, 20, 18, tzinfo=UTC),)]


@POSTGRES_IN_TEST_ALL
def test_a_deleted_fixture_is_marked_and_requested_once(job: Job, api: Simulator) -> None:
    start_at_now(job, api)
    job.transform()
    finished = [id for id in api.world.fixture_ids() if api.world.base(id)["state_id"] == 5]
    gone, never_stored = finished[-1], finished[0]
    job.query(f"delete from sportmonks_raw.fixtures where id = {never_stored}")
    job.query(f"delete from sportmonks_raw.fixture_checks where id = {never_stored}")
    events = [row for row in job.records("fixture_events") if row["fixture_id"] == gone]
    for id in (gone, never_stored):
        api.control.delete(id)
    missed = f"select times_missing from sportmonks_raw.fixture_checks where id = {gone}"
    for day, missing in ((1, 1), (2, 0)):
        summary = at(NOW + timedelta(days=day), job, api)
        assert (summary["missing"], job.query(missed)) == (missing, [(1,)])
    job.transform("--select", "fixtures", "fixture_events")
    row = next(row for row in job.records("fixtures") if row["fixture_id"] == gone)
    assert (row["state_id"], row["state_code"], row["times_missing"]) == (20, "DELETED", 1)
    assert events == [row for row in job.records("fixture_events") if row["fixture_id"] == gone]
    assert job.query(f"select state_id from sportmonks_raw.fixture_index where id = {gone}") == [
        (20,)
    ]
    # The API restores it.
    api.control.restore(gone)
    at(NOW + timedelta(days=4), job, api)
    at(NOW + timedelta(days=5), job, api)
    job.transform("--select", "fixtures")
    row = next(row for row in job.records("fixtures") if row["fixture_id"] == gone)
    assert (row["state_code"], row["times_missing"]) == ("FT", 0)


def test_a_list_that_forgets_to_filter_deletes_nothing(duckdb_job: Job, api: Simulator) -> None:
    """Only rows in state 20 are deleted, whatever the API does with the filter `deleted`."""
    start_at_now(duckdb_job, api)
    everything = {"data": [api.world.base(id) for id in api.world.fixture_ids()]}
    fault = {"kind": "status", "status": 200, "path": "/fixtures$", "after": 1}
    api.control.faults([{**fault, "body": everything}])
    at(NOW + timedelta(days=1), duckdb_job, api)
    assert len(listed(api)) == 2
    deleted = duckdb_job.query(
        "select count(*) from sportmonks_raw.fixture_index where state_id = 20"
    )
    assert deleted == [(0,)]


@pytest.mark.thorough
def test_a_deleted_fixture_that_is_answered_again_is_not_deleted(
    duckdb_job: Job, api: Simulator
) -> None:
    start_at_now(duckdb_job, api)
    gone = api.world.fixture_ids()[0]
    api.control.delete(gone)
    at(NOW + timedelta(days=1), duckdb_job, api)
    api.control.restore(gone)
    at(NOW + timedelta(days=1, hours=1), duckdb_job, api, "--fixture-ids", str(gone))
    duckdb_job.transform("--select", "+fixtures")
    row = next(row for row in duckdb_job.records("fixtures") if row["fixture_id"] == gone)
    assert (row["state_code"], row["times_missing"]) == ("FT", 0)
    # The next list that has it among the deleted ones counts again.
    api.control.delete(gone)
    at(NOW + timedelta(days=2, hours=2), duckdb_job, api)
    duckdb_job.transform("--select", "+fixtures")
    row = next(row for row in duckdb_job.records("fixtures") if row["fixture_id"] == gone)
    assert row["state_code"] == "DELETED"


def test_one_empty_answer_of_each_list_hides_nothing(duckdb_job: Job, api: Simulator) -> None:
    paths = ["fixtures$", "leagues$", "seasons$", "multi"]
    api.control.faults([{"kind": "no_data", "path": path, "times": 1} for path in paths])
    struck = []
    # Each run goes on where the one before was told that there is nothing.
    for _ in range(2):
        api.control.reset_requests()
        duckdb_job.extract()
        requests = api.control.requests()
        struck.append([request["path"].split("/")[3] for request in requests if request["faults"]])
    assert struck == [["leagues", "seasons"], ["fixtures", "fixtures"]]
    duckdb_job.extract()
    stored = duckdb_job.query("select id from sportmonks_raw.fixtures order by id")
    assert [id for (id,) in stored] == api.world.fixture_ids()


def test_a_fixture_that_is_missing_for_a_moment_is_followed_on(
    duckdb_job: Job, api: Simulator
) -> None:
    start_at_now(duckdb_job, api)
    live = [id for id in api.world.fixture_ids() if api.world.base(id)["state_id"] in (2, 22)]
    api.control.faults([{"kind": "missing_ids", "ids": live, "path": "multi", "times": 2}])
    assert at(NOW + timedelta(minutes=10), duckdb_job, api)["missing"] == len(live) > 0
    assert at(NOW + timedelta(minutes=20), duckdb_job, api)["stored"] >= len(live)


def test_a_fixture_that_moves_into_the_selection_is_found(duckdb_job: Job, api: Simulator) -> None:
    start_at_now(duckdb_job, api)
    moved = [id for id in api.world.fixture_ids() if api.world.base(id)["state_id"] == 1][-1]
    api.control.reschedule(moved, "2026-03-20T18:00:00Z")
    later, day = NOW + timedelta(hours=1), "2026-03-20"
    assert at(later, duckdb_job, api, "--since", day, "--until", day)["stored"] == 1
    first, second = api.world.season_ids()
    other = api.world.fixture_ids(first)[0]
    api.control.update(other, {"season_id": second})
    at(later + timedelta(days=1), duckdb_job, api)
    assert duckdb_job.query(
        f"select season_id from sportmonks_raw.fixtures where id = {other}"
    ) == [(second,)]


def test_lists_that_fail_do_not_stop_the_rest(duckdb_job: Job, api: Simulator) -> None:
    paths = ["core/types$", "leagues$", "fixtures$"]
    start_at_now(duckdb_job, api)
    api.control.faults([{"kind": "status", "status": 500, "path": path} for path in paths])
    later = NOW + timedelta(days=8)
    api.control.set_clock(later.isoformat())
    with time_machine.travel(later, tick=True):
        result = duckdb_job.extract(code=1)
    assert result.output.count("failed: The API fails") == len(paths)
    assert duckdb_job.query(
        f"select count(*) > 0 from sportmonks_raw.fixture_checks where checked_at > '{later}'"
    ) == [(True,)]
    api.control.clear_faults()
    assert at(later, duckdb_job, api)["calls"] > 0


def test_calls_of_a_run_that_broke_off_are_recorded(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.extract("--season-id", "999999", code=2)
    recorded = duckdb_job.query("select count(*) from sportmonks_raw.api_calls")
    assert recorded == [(len(api.control.requests()),)]
    assert duckdb_job.query("select outcome from sportmonks_raw.runs") == [("failed",)]


def test_how_often_a_fixture_was_missing(duckdb_job: Job, api: Simulator) -> None:
    id = api.world.fixture_ids()[0]
    duckdb_job.start_planned()
    duckdb_job.extract("--fixture-ids", f"{id},77")
    api.control.faults([{"kind": "missing_ids", "fixture_ids": [id]}])
    for times in (1, 2, 3):
        duckdb_job.extract("--fixture-ids", f"{id},77")
        checks = "select id, times_missing from sportmonks_raw.fixture_checks order by id"
        assert duckdb_job.query(checks) == [(77, times + 1), (id, times)]
    duckdb_job.transform("--select", "+fixtures")
    assert [row["times_missing"] for row in duckdb_job.records("fixtures")] == [3]
    api.control.clear_faults()
    duckdb_job.extract("--fixture-ids", str(id))
    duckdb_job.transform("--select", "+fixtures")
    assert [row["times_missing"] for row in duckdb_job.records("fixtures")] == [0]


def test_only_a_later_response_counts_as_another_one_without_a_fixture(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("CONFIRM_AFTER"), "5")
    id = api.world.fixture_ids()[0]
    duckdb_job.start_planned()
    duckdb_job.extract("--fixture-ids", str(id))
    api.control.faults([{"kind": "missing_ids", "fixture_ids": [id]}])
    checks = "sportmonks_raw.fixture_checks"
    for times in (1, 1, 2, 2, 3):
        duckdb_job.extract("--fixture-ids", str(id))
        assert duckdb_job.query(f"select times_missing from {checks}") == [(times,)]
        earlier = "counted_at - interval '3 minutes'"
        duckdb_job.query(f"update {checks} set counted_at = {earlier}")
    api.control.clear_faults()
    duckdb_job.extract("--fixture-ids", str(id))
    assert duckdb_job.query(f"select times_missing from {checks}") == [(0,)]


def test_days_are_listed_by_day(duckdb_job: Job, api: Simulator) -> None:
    summary = at(NOW, duckdb_job, api, "--since", "2026-03-13", "--until", "2026-03-16")
    begin, end = (int(datetime(2026, 3, day, tzinfo=UTC).timestamp()) for day in (13, 17))
    ids = api.world.ids_between(begin, end, api.world.fixture_ids())
    stored = duckdb_job.query("select id from sportmonks_raw.fixtures order by id")
    assert [id for (id,) in stored] == sorted(ids)
    assert summary["stored"] == len(ids) > 3
    paths = {r["path"] for r in api.control.requests() if "between" in r["path"]}
    assert paths == {"/v3/football/fixtures/between/2026-03-13/2026-03-16"}
    later = NOW + timedelta(minutes=1)
    again = at(later, duckdb_job, api, "--since", "2026-03-13", "--until", "2026-03-16")
    assert again["calls"] == 0
    assert at(NOW, duckdb_job, api, "--since", "2026-03-13", "--force")["requested"] < len(ids)
