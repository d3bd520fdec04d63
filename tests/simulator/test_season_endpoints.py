"""The endpoints of the parts of a season, of live fixtures, of types and of usage."""

from __future__ import annotations

from typing import Any

from tests.simulator.client import Client, by_id, in_state

Row = dict[str, Any]


def test_stages_rounds_and_venues_are_those_of_the_fixtures(client: Client) -> None:
    world = client.api.world
    for season_id in world.season_ids():
        fixtures = [world.fixture(fixture_id) for fixture_id in world.fixture_ids(season_id)]
        for name in ("stage", "round", "venue"):
            expected = {row[name]["id"]: row[name] for row in fixtures if row[name]}
            response = client.get(f"football/{name}s/seasons/{season_id}").json()
            assert by_id(response["data"]) == [expected[row_id] for row_id in sorted(expected)]
            assert "pagination" not in response
            for row_id in list(expected)[:3]:
                one = client.get(f"football/{name}s/{row_id}").json()["data"]
                assert one == expected[row_id]


def test_includes_of_rounds_and_stages(client: Client) -> None:
    world = client.api.world
    base = world.base(in_state(client.api, 2)[0])
    same_round = [i for i in world.fixture_ids() if world.base(i)["round_id"] == base["round_id"]]
    path = f"football/rounds/{base['round_id']}"
    row = client.get(path, include="fixtures;stage;season;league").json()["data"]
    assert [fixture["id"] for fixture in row["fixtures"]] == same_round
    assert row["stage"]["id"] == base["stage_id"]
    assert row["season"]["id"] == base["season_id"]
    path = f"football/stages/{base['stage_id']}"
    row = client.get(path, include="rounds;currentRound;type").json()["data"]
    assert base["round_id"] in {item["id"] for item in row["rounds"]}
    assert row["currentround"]["id"] == base["round_id"]
    assert row["type"]["id"] == row["type_id"]


def scheduled(stages: list[Row]) -> list[int]:
    return sorted(
        fixture["id"]
        for stage in stages
        for round_row in stage["rounds"]
        for fixture in round_row["fixtures"]
    )


def test_schedules_nest_stages_rounds_and_fixtures(client: Client) -> None:
    world = client.api.world
    season_id = world.season_ids()[0]
    with_round = [i for i in world.fixture_ids(season_id) if world.base(i)["round_id"]]
    stages = client.get(f"football/schedules/seasons/{season_id}").json()["data"]
    assert scheduled(stages) == with_round
    # As on the live API, the knock-out stage is listed without its fixtures.
    assert [len(stage["rounds"]) > 0 for stage in stages] == [True, False]
    for stage in stages:
        assert stage["aggregates"] == []
        for round_row in stage["rounds"]:
            assert round_row["stage_id"] == stage["id"]
            for fixture in round_row["fixtures"]:
                stored = world.fixture(fixture["id"])
                assert fixture["round_id"] == round_row["id"]
                assert by_id(fixture["participants"]) == by_id(stored["participants"])
                assert by_id(fixture["scores"]) == by_id(stored["scores"])
    team_id = fixture["participants"][0]["id"]
    path = f"football/schedules/seasons/{season_id}/teams/{team_id}"
    of_team = client.get(path).json()["data"]
    assert scheduled(of_team) == [
        i for i in with_round if team_id in {t["id"] for t in world.fixture(i)["participants"]}
    ]
    assert client.get(path, include="league").status_code == 404


def test_fixtures_by_team(client: Client) -> None:
    world = client.api.world
    teams = {
        i: {team["id"] for team in world.fixture(i)["participants"]} for i in world.fixture_ids()
    }
    starts = {i: world.base(i)["starting_at"] for i in teams}
    first, second = sorted(teams[world.fixture_ids()[0]])
    response = client.get(f"football/fixtures/head-to-head/{first}/{second}").json()
    expected = sorted((i for i in teams if {first, second} <= teams[i]), key=lambda i: starts[i])
    assert [row["id"] for row in response["data"]] == expected
    assert len(expected) >= 4
    start, end = "2026-02-20", "2026-04-20"
    walked = client.walk(f"football/fixtures/between/{start}/{end}/{first}", per_page=3)
    expected = [i for i in teams if first in teams[i] and start <= starts[i][:10] <= end]
    assert sorted(walked) == expected
    assert [starts[i] for i in walked] == sorted(starts[i] for i in walked)


def test_search_for_fixtures(client: Client) -> None:
    world = client.api.world
    name = world.base(world.fixture_ids()[0])["name"].split(" vs ")[0]
    found = client.walk(f"football/fixtures/search/{name.upper()}", per_page=4)
    assert found == [i for i in world.fixture_ids() if name in world.base(i)["name"]]
    assert found
    response = client.get(f"football/fixtures/search/{name}", include="scores").json()
    assert all("scores" in row for row in response["data"])


def test_livescores(client: Client) -> None:
    world, control = client.api.world, client.api.control
    playing = in_state(client.api, 2, 3, 22)

    def found(path: str) -> list[int]:
        return sorted(row["id"] for row in client.get(path).json().get("data", []))

    assert found("football/livescores/inplay") == playing
    assert set(playing) <= set(found("football/livescores"))
    assert client.get("football/livescores/latest").json()["data"] == []
    fixture = world.fixture(in_state(client.api, 22)[0])
    kickoff = fixture["starting_at_timestamp"]
    control.advance(kickoff - 15 * 60 - world.now)
    assert fixture["id"] in found("football/livescores")
    assert fixture["id"] not in found("football/livescores/inplay")
    control.advance(-1)
    assert fixture["id"] not in found("football/livescores")
    control.advance(4 * 3600)
    ended = max(row["ended"] for row in world.fixture(fixture["id"])["periods"])
    control.advance(ended + 15 * 60 - world.now)
    assert fixture["id"] in found("football/livescores")
    assert fixture["id"] not in found("football/livescores/inplay")
    control.advance(1)
    assert fixture["id"] not in found("football/livescores")


def test_date_ranges_that_are_reversed_or_too_long_are_422(client: Client) -> None:
    for suffix in ("", "/10001"):
        path = f"football/fixtures/between/2026-01-01/2026-04-12{suffix}"
        response = client.get(path)
        assert response.status_code == 422
        assert "100" in response.json()["message"]
        assert "101" in response.json()["message"]
        assert "rate_limit" not in response.json()
        assert (
            client.get(f"football/fixtures/between/2026-02-01/2026-01-01{suffix}").status_code
            == 422
        )
        assert (
            client.get(f"football/fixtures/between/2026-01-01/2026-04-11{suffix}").status_code
            == 200
        )


def test_types_by_entity(client: Client) -> None:
    groups = client.get("core/types/entities").json()["data"]
    types = [row for group in groups.values() for row in group["types"]]
    assert by_id(types) == client.api.world.types()
    assert {row["id"] for row in groups["Standings"]["types"]} >= {129, 179, 187}


def test_usage_counts_the_calls_by_endpoint(client: Client) -> None:
    def count(endpoint: str) -> int:
        rows: list[Row] = []
        response = client.get("my/usage", per_page=50).json()
        rows = response["data"]
        while response["pagination"]["has_more"]:
            cursor = response["pagination"]["next_cursor"]
            response = client.get("my/usage", cursor=cursor).json()
            rows += response["data"]
        assert all(row["period_start"] < row["period_end"] for row in rows)
        return sum(row["count"] for row in rows if row["endpoint"] == endpoint)

    client.get("football/states")
    before = count("football/states/{id}")
    for state_id in (1, 2, 3):
        client.get(f"football/states/{state_id}")
    assert client.get("football/states/x").status_code == 404
    assert count("football/states/{id}") == before + 3
    last = client.get("my/usage").json()["data"][-1]
    assert set(last) == {
        "id", "endpoint", "count", "entity", "remaining_requests", "period_start", "period_end",
    }  # fmt: skip
