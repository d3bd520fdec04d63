"""Every endpoint of the table: envelope, quota, pages, and the response without rows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simulator.api.endpoints import ENDPOINTS, Endpoint
from simulator.api.includes import KNOWN
from tests.simulator.client import NO_RESULT, Client

ENTITIES = {
    "football/fixtures/between/{start}/{end}/{team}": "Fixture",
    "football/fixtures/head-to-head/{first}/{second}": "Fixture",
    "football/fixtures/search/{name}": "Fixture",
    "football/livescores": "Fixture",
    "football/livescores/inplay": "Fixture",
    "football/livescores/latest": "Fixture",
    "football/schedules/seasons/{season}": "Stage",
    "football/schedules/seasons/{season}/teams/{team}": "Stage",
    "football/squads/teams/{team}": "PlayerTeam",
    "football/squads/seasons/{season}/teams/{team}": "PlayerStatistic",
    "football/standings/seasons/{id}": "Standing",
    "football/standings/live/leagues/{id}": "LiveStanding",
    "football/topscorers/seasons/{id}": "Topscorer",
    "football/teams": "Team",
    "football/teams/{id}": "Team",
    "football/teams/search/{name}": "Team",
    "football/teams/seasons/{id}": "Team",
    "football/players/{id}": "Player",
    "football/coaches/{id}": "Coach",
    "football/referees/{id}": "Referee",
    "football/rounds/seasons/{id}": "Round",
    "football/rounds/{id}": "Round",
    "football/stages/seasons/{id}": "Stage",
    "football/stages/{id}": "Stage",
    "football/venues/seasons/{id}": "Venue",
    "football/venues/{id}": "Venue",
    "core/types/entities": "Type",
    "my/usage": "Resource",
}
PAGED = {
    "football/fixtures",
    "football/fixtures/between/{start}/{end}",
    "football/fixtures/between/{start}/{end}/{team}",
    "football/fixtures/date/{start}",
    "football/fixtures/search/{name}",
    "football/leagues",
    "football/seasons",
    "football/states",
    "football/teams",
    "football/teams/search/{name}",
    "football/topscorers/seasons/{id}",
    "core/types",
    "my/usage",
}
EMPTY_LISTS = {"football/fixtures/latest", "football/livescores/latest"}
"""Lists that are empty while nothing changes, with `data: []`."""

HAVE_IDS = [
    endpoint
    for endpoint in ENDPOINTS
    if re.search(r"\{(id|ids|team|first|season|name)\}", endpoint.path)
]
by_path = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)


def arguments_of(client: Client, path: str) -> dict[str, Any]:
    """Return values for the variables of a path for which the world has rows."""
    world = client.api.world
    season_id, league_id = world.season_ids()[-1], world.league_ids()[-1]
    fixture = world.fixture(world.fixture_ids(season_id)[0])
    first, second = fixture["participants"]
    referees = fixture.get("referees")
    resource = path.split("/")[1]
    one = {
        "fixtures": fixture["id"],
        "leagues": league_id,
        "states": 5,
        "types": 14,
        "teams": first["id"],
        "players": first["id"] * 100 + 3,
        "coaches": first["id"] * 100 + 90,
        "rounds": fixture["round_id"],
        "stages": fixture["stage_id"],
        "venues": fixture["venue_id"],
        "referees": referees[0]["referee_id"] if referees else 1,
    }
    return {
        "ids": f"{fixture['id']},{fixture['id'] + 1}",
        "start": "2026-03-14",
        "end": "2026-03-31",
        "name": first["name"][:5],
        "first": first["id"],
        "second": second["id"],
        "team": first["id"],
        "season": season_id,
        "id": league_id
        if "/leagues/" in path
        else season_id
        if "/seasons/" in path
        else one.get(resource, 1),
    }


def has_referees(client: Client) -> bool:
    """Return whether the fixtures of this world have referees."""
    world = client.api.world
    return any(world.fixture(fixture_id).get("referees") for fixture_id in world.fixture_ids())


@by_path
def test_every_endpoint_answers_with_the_documented_envelope(
    client: Client, endpoint: Endpoint
) -> None:
    client.get("football/states")
    path = endpoint.path.format(**arguments_of(client, endpoint.path))
    response = client.get(path)
    assert response.status_code == 200, response.text
    body = response.json()
    has_rows = endpoint.entity != "Referee" or has_referees(client)
    keys = {"data" if has_rows else "message", "subscription", "rate_limit", "timezone"}
    assert set(body) == keys | ({"pagination"} if endpoint.path in PAGED else set())
    assert body["rate_limit"]["requested_entity"] == endpoint.entity
    assert endpoint.entity == ENTITIES.get(endpoint.path, endpoint.entity)
    if not has_rows:
        return
    assert bool(body["data"]) is (endpoint.path not in EMPTY_LISTS)
    if endpoint.path.endswith("/{id}") and endpoint.path.count("/") == 2:
        assert isinstance(body["data"], dict)
        assert path.endswith(str(body["data"]["id"]))
    if endpoint.path in PAGED:
        assert body["pagination"]["count"] == len(body["data"]) <= 25
    logged = client.api.control.requests()[-1]
    assert (logged["entity"], logged["status"]) == (endpoint.entity, 200)


@by_path
def test_every_endpoint_uses_the_quota_of_its_entity_only(
    client: Client, endpoint: Endpoint
) -> None:
    path = endpoint.path.format(**arguments_of(client, endpoint.path) | {"id": 1})
    client.api.control.set_quota(1, 3600)
    assert client.get(path).json()["rate_limit"]["remaining"] == 0
    refused = client.get(path)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 3_500
    others = {other.entity: other for other in ENDPOINTS if other.entity != endpoint.entity}
    for other in list(others.values())[:3]:
        other_path = other.path.format(**arguments_of(client, other.path))
        assert client.get(other_path).status_code == 200


@pytest.mark.parametrize("endpoint", HAVE_IDS, ids=lambda endpoint: endpoint.path)
def test_unknown_ids_are_no_result(client: Client, endpoint: Endpoint) -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("id", "ids", "team", "first", "second", "season"), 98_765
    )
    nothing |= {"name": "Nothing of this name", "start": "2026-03-14", "end": "2026-03-31"}
    path = endpoint.path.format(**nothing)
    response = client.get(path)
    assert response.status_code == 200
    body = response.json()
    assert "data" not in body
    assert body["message"].startswith(NO_RESULT)
    assert body["rate_limit"]["requested_entity"] == endpoint.entity
    client.api.control.set_behaviour(nothing_found="404")
    assert client.get(path).status_code == 404
    client.api.control.set_behaviour(nothing_found="empty")
    body = client.get(path).json()
    assert body["data"] == []
    assert body["message"].startswith(NO_RESULT)


@by_path
def test_includes_are_known_and_their_keys_are_lower_case(
    client: Client, endpoint: Endpoint
) -> None:
    names = sorted(KNOWN[endpoint.rows or endpoint.entity])
    unknown = client.get(
        endpoint.path.format(**arguments_of(client, endpoint.path)), include="nothing"
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, 5001)
    if not names or endpoint.rows or endpoint.entity in ("Fixture", "Referee"):
        return
    path = endpoint.path.format(**arguments_of(client, endpoint.path))
    body = client.get(path, include=";".join(name.upper() for name in names)).json()
    rows = body["data"] if isinstance(body["data"], list) else [body["data"]]
    assert all(set(names) <= set(row) for row in rows)


@by_path
def test_pages_past_the_last_one_are_refused(client: Client, endpoint: Endpoint) -> None:
    path = endpoint.path.format(**arguments_of(client, endpoint.path))
    client.get(path)
    response = client.get(path, page=700, per_page=5)
    if endpoint.is_paged:
        assert (response.status_code, response.json()["code"]) == (400, 5003)
        assert client.get(path, per_page=0).status_code == 400
        assert client.get(path, cursor="x").status_code == 400
    elif endpoint.entity != "Referee" or has_referees(client):
        assert response.json().get("data") is not None


def test_a_slash_at_the_end_and_wrong_ids(client: Client) -> None:
    assert client.get("football/teams/").status_code == 200
    for path in ("football/teams/x", "football/standings/seasons", "football/standings/seasons/x"):
        assert client.get(path).json() == {"message": "The requested endpoint does not exist"}


def test_list_of_paths_is_complete() -> None:
    paths = [endpoint.path for endpoint in ENDPOINTS]
    assert len(paths) == len(set(paths))
    assert set(ENTITIES) | PAGED <= set(paths)
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.is_paged} == PAGED
