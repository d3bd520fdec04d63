"""The endpoints of teams, squads and people."""

from __future__ import annotations

from typing import Any

from tests.simulator.client import Client, finished

Row = dict[str, Any]


def teams_in(client: Client, season_id: int | None = None) -> dict[int, Row]:
    """Return the teams of the fixtures by id, without what concerns one fixture."""
    return {
        team["id"]: {key: value for key, value in team.items() if key != "meta"}
        for fixture_id in client.api.world.fixture_ids(season_id)
        for team in client.api.world.fixture(fixture_id)["participants"]
        if not team["placeholder"]
    }


def test_teams_are_those_of_the_fixtures(client: Client) -> None:
    expected = teams_in(client)
    assert client.walk("football/teams", per_page=5) == sorted(expected)
    for team in client.get("football/teams", per_page=50).json()["data"]:
        assert team == expected[team["id"]]
    team_id = min(expected)
    assert client.get(f"football/teams/{team_id}").json()["data"] == expected[team_id]
    after = client.get("football/teams", filters=f"idAfter:{team_id}").json()["data"]
    assert min(row["id"] for row in after) > team_id


def test_teams_of_a_season(client: Client) -> None:
    for season_id in client.api.world.season_ids():
        response = client.get(f"football/teams/seasons/{season_id}", per_page=2).json()
        assert [row["id"] for row in response["data"]] == sorted(teams_in(client, season_id))
        assert "pagination" not in response


def test_search_for_teams(client: Client) -> None:
    expected = teams_in(client)
    team = expected[min(expected)]
    text = team["name"][1:5].upper()
    found = client.get(f"football/teams/search/{text}").json()["data"]
    matching = [row["id"] for row in expected.values() if text.lower() in row["name"].lower()]
    assert sorted(row["id"] for row in found) == sorted(matching)
    too_short = client.get("football/teams/search/ab")
    assert too_short.status_code == 400
    assert "rate_limit" not in too_short.json()


def test_includes_of_teams(client: Client) -> None:
    world = client.api.world
    team_id = min(teams_in(client))
    include = "latest;upcoming;players;venue;coaches"
    team = client.get(f"football/teams/{team_id}", include=include).json()["data"]
    own = [
        world.base(fixture_id)
        for fixture_id in world.fixture_ids()
        if team_id in {row["id"] for row in world.fixture(fixture_id)["participants"]}
    ]
    own.sort(key=lambda row: row["starting_at_timestamp"])
    played = [row["id"] for row in own if row["starting_at_timestamp"] <= world.now]
    assert [row["id"] for row in team["latest"]] == played[::-1][:10]
    upcoming = [row["id"] for row in own if row["starting_at_timestamp"] > world.now]
    assert [row["id"] for row in team["upcoming"]] == upcoming[:10]
    assert (team["venue"] or {"id": None})["id"] == team["venue_id"]
    assert {row["team_id"] for row in team["players"]} == {team_id}


def test_squads_contain_the_players_of_the_events(client: Client) -> None:
    world = client.api.world
    season_id = world.season_ids()[-1]
    seen: dict[int, set[int]] = {}
    for fixture_id in world.fixture_ids(season_id):
        for event in world.fixture(fixture_id)["events"]:
            is_counted = event["type_id"] in (14, 16, 19, 20) and not event.get("rescinded")
            if event["player_id"] and is_counted:
                seen.setdefault(event["participant_id"], set()).add(event["player_id"])
    assert seen
    for team_id, players in seen.items():
        current = client.get(f"football/squads/teams/{team_id}", include="player;team").json()
        assert players <= {row["player_id"] for row in current["data"]}
        for row in current["data"]:
            assert row["player"]["id"] == row["player_id"]
            assert row["team"]["id"] == row["team_id"] == team_id
        path = f"football/squads/seasons/{season_id}/teams/{team_id}"
        squad = client.get(path, include="player;team;season;position;details").json()["data"]
        with_values = {row["player_id"] for row in squad if row["has_values"]}
        assert players <= with_values <= {row["player_id"] for row in squad}
        assert all(row["id"] > 1_860_000_000 for row in squad)
        assert {row["jersey_number"] for row in squad} == {None}
        assert {row["season"]["id"] for row in squad} == {season_id}
    shares = [row["transfer_id"] is None for row in current["data"]]
    assert {True, False} == set(shares)
    other_season = world.season_ids()[0]
    if team_id not in teams_in(client, other_season):
        response = client.get(f"football/squads/seasons/{other_season}/teams/{team_id}")
        assert "data" not in response.json()


def test_people_have_the_names_and_ids_of_the_events(client: Client) -> None:
    world = client.api.world
    names: dict[int, str] = {}
    coaches: set[int] = set()
    for fixture_id in finished(client.api):
        for event in world.fixture(fixture_id)["events"]:
            if event["player_id"] and event["player_name"]:
                names[event["player_id"]] = event["player_name"].strip()
            if event["coach_id"]:
                coaches.add(event["coach_id"])
    for player_id in sorted(names)[:40]:
        player = client.get(f"football/players/{player_id}").json()["data"]
        assert player["id"] == player_id
        assert player["name"].strip() == names[player_id]
        assert f"{player['firstname']} {player['lastname']}" == names[player_id]
    assert coaches
    for coach_id in coaches:
        assert client.get(f"football/coaches/{coach_id}").json()["data"]["id"] == coach_id
    refused = client.get(f"football/players/{min(names)}", include="sidelined")
    assert refused.status_code == 404
    message = "The requested include 'sidelined' does not exist on Player"
    assert refused.json()["message"] == message


def test_people_are_the_objects_that_fixtures_embed(client: Client) -> None:
    fixture_id = finished(client.api)[0]
    include = "lineups.player;coaches;referees.referee"
    path = f"football/fixtures/{fixture_id}"
    fixture = client.get(path, include=include).json()["data"]
    players = [row["player"] for row in fixture["lineups"] if row["player"]]
    coaches = [
        {key: value for key, value in row.items() if key != "meta"} for row in fixture["coaches"]
    ]
    referees = [row["referee"] for row in fixture["referees"]]
    for kind, people in (("players", players), ("coaches", coaches), ("referees", referees)):
        assert people
        for person in people:
            assert client.get(f"football/{kind}/{person['id']}").json()["data"] == person
