"""What a replay answers: saved rows, what fixtures contain, and no result for everything else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator import Simulator
from simulator.api.endpoints import ENDPOINTS, Endpoint
from tests.simulator.client import NO_RESULT, Client

Row = dict[str, Any]
SEASON, LEAGUE, STAGE, ROUND, VENUE = 23614, 8, 77471288, 339235, 230
HOME, AWAY, PLAYER, FIXTURE = 14, 19, 96611, 19134454
EMPTY = {
    "football/standings/live/leagues/{id}",
    "football/squads/teams/{team}",
    "football/squads/seasons/{season}/teams/{team}",
    "football/players/{id}",
    "football/coaches/{id}",
    "football/referees/{id}",
    "football/livescores",
    "football/livescores/inplay",
}
"""Endpoints for which saved fixtures, standings and topscorers have no rows."""


def fixture(fixture_id: int, round_id: int | None) -> Row:
    """Return a saved fixture with the objects that it embeds."""
    return {
        "id": fixture_id,
        "league_id": LEAGUE,
        "season_id": SEASON,
        "stage_id": STAGE,
        "round_id": round_id,
        "venue_id": VENUE,
        "state_id": 5,
        "name": "Northfield vs Southport",
        "starting_at": "2024-08-16 19:00:00",
        "starting_at_timestamp": 1723834800,
        "participants": [
            {"id": HOME, "name": "Northfield", "venue_id": VENUE, "meta": {"location": "home"}},
            {"id": AWAY, "name": "Southport", "venue_id": None, "meta": {"location": "away"}},
        ],
        "scores": [{"id": 1, "fixture_id": fixture_id, "description": "CURRENT"}],
        "stage": {
            "id": STAGE,
            "league_id": LEAGUE,
            "season_id": SEASON,
            "finished": False,
            "name": "Regular Season",
        },
        "round": {
            "id": round_id,
            "league_id": LEAGUE,
            "season_id": SEASON,
            "stage_id": STAGE,
            "finished": True,
            "name": "1",
        }
        if round_id
        else None,
        "venue": {"id": VENUE, "name": "Field", "latitude": "53.4631"},
    }


def standing(participant_id: int, position: int) -> Row:
    """Return a saved standing with ids past 2**31 and 2**32."""
    return {
        "id": 2623 + position,
        "participant_id": participant_id,
        "season_id": SEASON,
        "standing_rule_id": None,
        "position": position,
        "result": "equal",
        "points": 3,
        "details": [
            {"id": 11_900_000_000 + position, "standing_id": 2623, "type_id": 129, "value": 1},
        ],
    }


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Serve two fixtures, the standings and two topscorers of a season."""
    files = {
        "fixtures": [fixture(FIXTURE, ROUND), fixture(FIXTURE + 1, None)],
        "standings": [standing(AWAY, 2), standing(HOME, 1)],
        "topscorers": [
            {
                "id": 60 + type_id,
                "season_id": SEASON,
                "player_id": PLAYER,
                "type_id": type_id,
                "position": 1,
                "total": 29,
                "participant_id": HOME,
            }
            for type_id in (208, 209)
        ],
    }
    for name, rows in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": rows}))
    with Simulator(replay=tmp_path) as api:
        yield Client(api)


def path_of(endpoint: Endpoint) -> str:
    """Return a path of an endpoint for which the saved season has rows, if any."""
    resource = endpoint.path.split("/")[1]
    own = {
        "fixtures": FIXTURE,
        "leagues": LEAGUE,
        "states": 5,
        "types": 14,
        "teams": HOME,
        "rounds": ROUND,
        "stages": STAGE,
        "venues": VENUE,
    }.get(resource, PLAYER)
    in_path = LEAGUE if "/leagues/" in endpoint.path else SEASON
    return endpoint.path.format(
        ids=FIXTURE,
        start="2024-08-16",
        end="2024-08-17",
        name="north",
        first=HOME,
        second=AWAY,
        team=HOME,
        season=SEASON,
        id=own if endpoint.path.count("/") == 2 and resource != "seasons" else in_path,
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_every_endpoint_serves_saved_rows_or_has_no_result(
    client: Client, endpoint: Endpoint
) -> None:
    client.get("football/states")
    response = client.get(path_of(endpoint))
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["rate_limit"]["requested_entity"] == endpoint.entity
    if endpoint.path in EMPTY:
        assert "data" not in body
        assert body["message"].startswith(NO_RESULT)
    else:
        assert "message" not in body
        assert bool(body["data"]) is not endpoint.path.endswith("/latest")


def test_saved_standings_and_topscorers_are_served_as_they_are(client: Client) -> None:
    path = f"football/standings/seasons/{SEASON}"
    for include in ("", "details"):
        rows = client.get(path, include=include).json()["data"]
        assert rows == [standing(AWAY, 2), standing(HOME, 1)]
    path = f"football/topscorers/seasons/{SEASON}"
    assert client.walk(path, per_page=1) == [268, 269]
    (row,) = client.get(path, filters="seasonTopscorerTypes:209").json()["data"]
    assert (row["type_id"], row["total"], row["participant_id"]) == (209, 29, HOME)
    for other in ("standings", "topscorers"):
        body = client.get(f"football/{other}/seasons/1").json()
        assert "data" not in body
        assert body["message"].startswith(NO_RESULT)


def test_parts_of_a_season_are_the_objects_that_fixtures_embed(client: Client) -> None:
    saved = fixture(FIXTURE, ROUND)
    for name in ("stage", "round", "venue"):
        rows = client.get(f"football/{name}s/seasons/{SEASON}").json()["data"]
        assert rows == [saved[name]]
    teams = client.get(f"football/teams/seasons/{SEASON}").json()["data"]
    assert [(team["id"], team["name"]) for team in teams] == [
        (HOME, "Northfield"),
        (AWAY, "Southport"),
    ]
    assert all("meta" not in team for team in teams)
    (stage,) = client.get(f"football/schedules/seasons/{SEASON}").json()["data"]
    (round_row,) = stage["rounds"]
    (scheduled,) = round_row["fixtures"]
    assert scheduled["id"] == FIXTURE
    assert scheduled["participants"] == saved["participants"]
