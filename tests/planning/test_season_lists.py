"""Lists of seasons, such as standings: when they are read, what a refusal or an empty list does."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from extract.config.endpoints import ENDPOINTS, Endpoint, season_endpoints
from extract.config.settings import UNUSED_TOKEN, load_settings
from extract.planning.season_lists import due_season_lists
from extract.planning.seasons import Season, plan_seasons
from extract.planning.selection import Selection
from extract.warehouse.factory import open_warehouse
from simulator import Simulator
from tests.simulator.client import Client
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job


def list_calls(api: Simulator) -> list[str]:
    """The requested lists of seasons without their further pages, such as `standings/23001`."""
    found = [
        f"{endpoint.table}/{request['path'].rpartition('/')[2]}"
        for request in api.control.requests()
        for endpoint in season_endpoints()
        if f"/{endpoint.path}/" in request["path"]
    ]
    api.control.reset_requests()
    return sorted(set(found))


def scopes(season_ids: list[int]) -> list[str]:
    return sorted(each.scope(id) for each in season_endpoints() for id in season_ids)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.table)
def test_the_simulator_serves_every_endpoint(api: Simulator, endpoint: Endpoint) -> None:
    season = f"/{api.world.season_ids()[0]}" if endpoint.per == "season" else ""
    response = Client(api).get(endpoint.path + season, **endpoint.params)
    assert response.status_code == 200
    body = response.json()
    assert body["data"]
    assert body["rate_limit"]["requested_entity"] == endpoint.entity
    if endpoint.include:
        assert all(endpoint.include.lower() in row for row in body["data"])


@POSTGRES_IN_TEST_ALL
def test_lists_are_fetched_for_the_selection_as_planned(job: Job, api: Simulator) -> None:
    seasons = api.world.season_ids()
    plan = json.loads(job.command("plan", "--json").stdout)
    assert list_calls(api) == []
    assert plan["season_lists"] == {each.table: len(seasons) for each in season_endpoints()}
    assert plan["season_list_calls"] == len(scopes(seasons))
    fixture = str(api.world.fixture_ids()[0])
    job.extract("--fixture-ids", fixture)
    assert list_calls(api) == []
    summary = json.loads(job.extract("--json").stdout)
    assert list_calls(api) == scopes(seasons)
    assert summary["season_lists"] == plan["season_list_calls"]
    for endpoint in season_endpoints():
        stored = job.query(
            f"select id, cast(payload as text) from sportmonks_raw.{endpoint.table} order by id"
        )
        assert [id for id, _ in stored] == seasons
        for id, payload in stored:
            rows = json.loads(payload)["data"]
            assert rows
            assert {row["season_id"] for row in rows} == {id}
            assert len({row["id"] for row in rows}) == len(rows)
    summary = json.loads(job.extract("--json").stdout)
    assert (summary["calls"], summary["season_lists"]) == (0, 0)
    league = api.world.league_ids()[0]
    job.extract("--league-id", str(league), "--force")
    (own,) = (each["id"] for each in api.world.seasons() if each["league_id"] == league)
    assert list_calls(api) == scopes([own])


def test_a_refused_endpoint_is_reported_once_and_requested_again_when_it_is_old(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_planned()
    refusal = {"message": "You do not have access to this endpoint.", "code": 5002}
    fault = {"kind": "status", "status": 403, "path": "topscorers", "body": refusal}
    api.control.faults([fault])
    result = duckdb_job.extract("--json")
    assert json.loads(result.stdout)["outcome"] == "completed"
    (line,) = [line for line in result.stderr.splitlines() if "No topscorers" in line]
    assert "No topscorers of 2 seasons" in line
    assert "You do not have access" in line
    # The first refusal counts for all seasons.
    assert sum("topscorers" in each for each in list_calls(api)) == 1
    checks = json.loads(duckdb_job.any_code("doctor", "--offline", "--json").stdout)
    (found,) = (check for check in checks if check["check"] == "endpoints")
    assert found["status"] == "warn"
    assert "The API refuses topscorers. " in found["found"]
    assert duckdb_job.query("select count(*) from sportmonks_raw.topscorers") == [(0,)]
    assert duckdb_job.query("select count(*) from sportmonks_raw.standings") == [(2,)]
    duckdb_job.extract()
    assert list_calls(api) == []
    api.control.faults([])
    duckdb_job.query(
        "update sportmonks_raw.listing_log set listed_at = listed_at - interval '21 hours' "
        "where scope like 'topscorers/%'"
    )
    duckdb_job.extract()
    assert list_calls(api) == [f"topscorers/{id}" for id in api.world.season_ids()]
    assert duckdb_job.query("select count(*) from sportmonks_raw.topscorers") == [(2,)]


def test_a_list_is_replaced_as_a_whole_and_never_by_an_empty_one(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_extracted()
    season_id = api.world.season_ids()[0]
    stored = f"select cast(payload as text) from sportmonks_raw.standings where id = {season_id}"
    ((before,),) = duckdb_job.query(stored)
    rows = json.loads(before)["data"]
    body = {"data": rows[1:], "pagination": {"has_more": False}}
    fault = {"kind": "status", "status": 200, "path": f"standings/seasons/{season_id}"}

    def extract_again() -> None:
        duckdb_job.query(
            "update sportmonks_raw.listing_log set listed_at = listed_at - interval '21 hours' "
            f"where scope = 'standings/{season_id}'"
        )
        duckdb_job.extract()

    api.control.faults([{**fault, "body": body}])
    extract_again()
    ((fewer,),) = duckdb_job.query(stored)
    assert json.loads(fewer)["data"] == rows[1:]
    api.control.faults([{**fault, "body": {"data": [], "message": "No result(s) found."}}])
    extract_again()
    assert duckdb_job.query(stored) == [(fewer,)]
    api.control.faults([])
    api.control.reset_requests()
    # The league may be out of the plan, so that not every run requests it.
    duckdb_job.extract()
    assert list_calls(api) == []
    extract_again()
    assert list_calls(api) == [f"standings/{season_id}"]
    ((after,),) = duckdb_job.query(stored)
    assert {row["id"] for row in json.loads(after)["data"]} == {row["id"] for row in rows}


def test_an_empty_list_after_the_end_of_a_season_is_read_again_in_the_next_run(
    duckdb_job: Job, api: Simulator
) -> None:
    def extract_at(moment: datetime) -> list[str]:
        api.control.reset_requests()
        api.control.set_clock(moment.isoformat())
        with time_machine.travel(moment, tick=True):
            duckdb_job.extract()
        return list_calls(api)

    extract_at(datetime(2026, 3, 14, 15, 20, tzinfo=UTC))
    with closing(open_warehouse(None)) as warehouse:
        season = min(plan_seasons(warehouse).values(), key=lambda season: season.id)
    assert season.ends_at
    after = season.ends_at + timedelta(days=1)
    path = f"standings/seasons/{season.id}"
    api.control.faults([{"kind": "status", "status": 200, "path": path, "body": {"data": []}}])
    extract_at(after)
    api.control.faults([])
    again = extract_at(after + timedelta(hours=1))
    assert again == [f"standings/{season.id}"]
    assert extract_at(after + timedelta(hours=2)) == []


def test_a_season_without_a_list_is_not_requested_in_every_run(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_planned()
    empty = {"data": [], "message": "No result(s) found matching your request."}
    api.control.faults([{"kind": "status", "status": 200, "path": "standings", "body": empty}])
    duckdb_job.extract()
    assert len([each for each in list_calls(api) if "standings" in each]) == 2
    assert duckdb_job.query("select count(*) from sportmonks_raw.standings") == [(0,)]
    duckdb_job.extract()
    assert list_calls(api) == []


def test_a_finished_season_is_read_once_more_after_its_end(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.start_extracted()
    settings = load_settings(UNUSED_TOKEN)
    with closing(open_warehouse(None)) as warehouse:
        current = plan_seasons(warehouse)
        ((read_at,),) = warehouse.query(
            f"select max(listed_at) from {warehouse.raw}.listing_log where scope like 'standings/%'"
        )

        def due(
            seasons: dict[int, Season], hours: float, selection: Selection | None = None
        ) -> list[int]:
            now = read_at + timedelta(hours=hours)
            selection = selection or Selection()
            found = due_season_lists(warehouse, settings, selection, seasons, now)
            return found.get("standings", [])

        every = Selection(seasons="all")

        ids = sorted(current, reverse=True)
        assert due(current, 19) == []
        assert due(current, 21) == ids

        def over(ended: timedelta, **changes: object) -> dict[int, Season]:
            return {
                id: replace(season, is_over=True, ends_at=read_at + ended, **changes)  # type: ignore[arg-type]
                for id, season in current.items()
            }

        # Read before the end: once more, even when the next seasons have begun.
        earlier = over(timedelta(hours=12), is_current=False)
        assert due(earlier, 19) == []
        assert due(earlier, 21) == ids
        assert due(earlier, 21, every) == ids
        # Read after the end: only on request, and rarely.
        later = over(timedelta(hours=-12), is_current=False)
        assert due(later, 24 * 365) == []
        assert due(later, 715, every) == []
        assert due(later, 717, every) == ids
        assert due(later, 1, Selection(seasons="all", force=True)) == ids
        # Days count by the fixtures in them.
        ((first,),) = warehouse.query(
            f"select cast(min(starting_at) as date) from {warehouse.raw}.fixture_index"
        )
        season, before = (first, first + timedelta(days=90)), (date(1990, 1, 1), date(1990, 1, 9))
        assert due(current, 21, Selection(window=season)) == ids
        assert due(current, 21, Selection(window=before)) == []
