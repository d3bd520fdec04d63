"""Standings equal a table that is counted here from the scores of the fixtures."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from simulator import Simulator
from tests.simulator.client import NO_RESULT, Client, finished, in_state

Row = dict[str, Any]
FINISHED = {5, 7, 8, 14, 17}
IN_PLAY = {2, 3, 22}


def counted_table(world: Any, season_id: int, states: set[int]) -> dict[int, Row]:
    """Return played, won, drawn, lost, goals and points by team, at home, away and overall."""
    table: dict[int, Row] = defaultdict(lambda: defaultdict(int))
    for fixture_id in world.fixture_ids(season_id):
        fixture = world.fixture(fixture_id)
        if fixture["round_id"] is None:
            continue
        teams = {team["meta"]["location"]: team["id"] for team in fixture["participants"]}
        for team_id in teams.values():
            table[team_id]["played"] += 0
        if fixture["state_id"] not in states:
            continue
        goals = {
            score["score"]["participant"]: score["score"]["goals"]
            for score in fixture["scores"]
            if score["description"] == "CURRENT"
        }
        for here, there in (("home", "away"), ("away", "home")):
            ours, theirs = goals[here], goals[there]
            points = 3 if ours > theirs else 1 if ours == theirs else 0
            for place in ("", f"{here}_"):
                line = table[teams[here]]
                line[f"{place}played"] += 1
                line[f"{place}won"] += points == 3
                line[f"{place}drawn"] += points == 1
                line[f"{place}lost"] += points == 0
                line[f"{place}scored"] += ours
                line[f"{place}conceded"] += theirs
                line[f"{place}points"] += points
    return table


def shown_table(standings: list[Row]) -> dict[int, Row]:
    """Return the same numbers as the details of the standings show them."""
    names = ("played", "won", "drawn", "lost", "scored", "conceded")
    types = {187: "points", 185: "home_points", 186: "away_points"}
    for first, place in ((129, ""), (135, "home_"), (141, "away_")):
        types |= {first + number: place + name for number, name in enumerate(names)}
    return {
        row["participant_id"]: {
            types[detail["type_id"]]: detail["value"]
            for detail in row["details"]
            if detail["type_id"] != 179
        }
        for row in standings
    }


def get_standings(client: Client, season_id: int, include: str = "details") -> list[Row]:
    path = f"football/standings/seasons/{season_id}"
    rows: list[Row] = client.get(path, include=include).json()["data"]
    return rows


def assert_equal_tables(standings: list[Row], expected: dict[int, Row]) -> None:
    assert shown_table(standings) == {
        team: {name: line[name] for name in shown_table(standings)[team]}
        for team, line in expected.items()
    }

    def rank(team_id: int) -> tuple[int, int, int, int]:
        line = expected[team_id]
        return -line["points"], line["conceded"] - line["scored"], -line["scored"], team_id

    ranked = sorted(expected, key=rank)
    in_order = sorted(standings, key=lambda row: row["position"])
    assert [row["participant_id"] for row in in_order] == ranked
    assert [row["position"] for row in in_order] == list(range(1, len(ranked) + 1))
    for row in standings:
        line = expected[row["participant_id"]]
        difference = next(d["value"] for d in row["details"] if d["type_id"] == 179)
        assert row["points"] == line["points"]
        assert difference == line["scored"] - line["conceded"]


def test_standings_equal_the_scores_of_every_season(client: Client) -> None:
    world = client.api.world
    for season_id in world.season_ids():
        standings = get_standings(client, season_id)
        assert_equal_tables(standings, counted_table(world, season_id, FINISHED))
        assert {row["season_id"] for row in standings} == {season_id}


def test_standings_of_a_large_league() -> None:
    with Simulator(seed=3, leagues=1, seasons=1, teams=20, clock="2026-06-20T00:00:00Z") as api:
        (season_id,) = api.world.season_ids()
        standings = get_standings(Client(api), season_id)
        assert_equal_tables(standings, counted_table(api.world, season_id, FINISHED))
        states = {api.world.base(i)["state_id"] for i in api.world.fixture_ids()}
        assert {14, 17} & states
        rules = [row["standing_rule_id"] for row in standings]
        assert 0.4 <= rules.count(None) / len(rules) <= 0.6


def test_standings_follow_corrections(client: Client) -> None:
    world = client.api.world
    (fixture_id, other_id) = [i for i in finished(client.api) if world.base(i)["round_id"]][:2]
    season_id = world.base(fixture_id)["season_id"]
    before = get_standings(client, season_id)
    fixture = world.fixture(fixture_id)
    goals = [row["id"] for row in fixture["events"] if row["type_id"] in (14, 15, 16)]
    if goals:
        client.api.control.cancel_goal(fixture_id, goals[-1])
    client.api.control.delete(other_id)
    after = get_standings(client, season_id)
    assert shown_table(after) != shown_table(before)
    assert_equal_tables(after, counted_table(world, season_id, FINISHED))
    client.api.control.restore_all()
    again = get_standings(client, season_id)
    assert shown_table(again) == shown_table(before)


def test_standings_follow_the_clock(client: Client) -> None:
    season_id = client.api.world.season_ids()[-1]
    client.api.control.set_clock("2026-01-01T00:00:00Z")
    response = client.get(f"football/standings/seasons/{season_id}")
    assert response.status_code == 200
    assert response.json()["message"].startswith(NO_RESULT)
    assert "data" not in response.json()
    results = set()
    for day in ("2026-03-01", "2026-03-15", "2026-03-29"):
        client.api.control.set_clock(f"{day}T03:00:00Z")
        standings = get_standings(client, season_id)
        expected = counted_table(client.api.world, season_id, FINISHED)
        assert_equal_tables(standings, expected)
        results |= {row["result"] for row in standings}
    assert results == {"up", "down", "equal"}


def test_includes_of_standings(client: Client) -> None:
    world = client.api.world
    season_id = world.season_ids()[0]
    include = "details.type;form;rule.type;participant;season;league;stage;group;round;sport"
    standings = get_standings(client, season_id, include)
    assert [set(row) for row in get_standings(client, season_id, "")] == [
        {"id", "participant_id", "sport_id", "league_id", "season_id", "stage_id", "group_id"}
        | {"round_id", "standing_rule_id", "position", "result", "points"}
    ] * len(standings)
    for row in standings:
        assert row["participant"]["id"] == row["participant_id"]
        assert "meta" not in row["participant"]
        for name in ("season", "league", "stage", "round"):
            assert row[name]["id"] == row[f"{name}_id"]
        assert row["group"] is None
        assert (row["rule"] or {"id": None})["id"] == row["standing_rule_id"]
        assert row["rule"] is None or row["rule"]["type"]["id"] == row["rule"]["type_id"]
        assert all(detail["type"]["id"] == detail["type_id"] for detail in row["details"])
        played = next(d["value"] for d in row["details"] if d["type_id"] == 129)
        form = sorted(row["form"], key=lambda item: item["sort_order"])
        assert [item["sort_order"] for item in form] == list(range(1, played + 1))
        kickoffs = [world.base(item["fixture_id"])["starting_at"] for item in form]
        assert kickoffs == sorted(kickoffs)
        assert [item["form"] for item in form].count("W") * 3 + [
            item["form"] for item in form
        ].count("D") == row["points"]
        for item in (*row["details"], *row["form"]):
            assert item["standing_id"] == row["id"]
            assert item["standing_type"] == "standing"


def test_ids_of_standings_are_unique_and_some_exceed_32_bits(client: Client) -> None:
    ids: dict[str, list[int]] = defaultdict(list)
    for season_id in client.api.world.season_ids():
        for row in get_standings(client, season_id, "details;form"):
            ids["standings"].append(row["id"])
            for name in ("details", "form"):
                ids[name] += [item["id"] for item in row[name]]
    assert all(len(set(found)) == len(found) for found in ids.values())
    assert max(ids["standings"]) < 2**31
    for name in ("details", "form"):
        assert min(ids[name]) > 2**31
        assert max(ids[name]) > 2**32


def test_lists_come_in_another_order_each_time(client: Client) -> None:
    season_id = client.api.world.season_ids()[0]
    orders = set()
    for _ in range(6):
        rows = get_standings(client, season_id)
        orders.add(tuple(row["id"] for row in rows))
        orders.add(tuple(item["id"] for item in rows[0]["details"]))
    assert len(orders) > 4


def test_live_standings_count_the_current_score(client: Client) -> None:
    world = client.api.world
    live = in_state(client.api, *IN_PLAY)
    assert live
    league_id = world.base(live[0])["league_id"]
    season_id = world.base(live[0])["season_id"]
    path = f"football/standings/live/leagues/{league_id}"
    response = client.get(path, include="details").json()
    assert response["rate_limit"]["requested_entity"] == "LiveStanding"
    assert_equal_tables(response["data"], counted_table(world, season_id, FINISHED | IN_PLAY))
    official = get_standings(client, season_id)
    assert shown_table(response["data"]) != shown_table(official)


def test_standings_are_not_paged_and_use_their_own_quota(client: Client) -> None:
    season_id = client.api.world.season_ids()[0]
    client.api.control.set_quota(1, 3600)
    path = f"football/standings/seasons/{season_id}"
    response = client.get(path).json()
    assert "pagination" not in response
    assert response["rate_limit"] == {
        "requested_entity": "Standing",
        "remaining": 0,
        "resets_in_seconds": 3600,
    }
    assert client.get(path).status_code == 429
    assert client.get("football/states").status_code == 200


def test_an_unknown_season_or_league_has_no_standings(client: Client) -> None:
    for path in ("football/standings/seasons/99", "football/standings/live/leagues/99"):
        response = client.get(path)
        assert response.status_code == 200
        assert response.json()["message"].startswith(NO_RESULT)
        assert "data" not in response.json()
    client.api.control.set_behaviour(nothing_found="empty")
    assert client.get("football/standings/seasons/99").json()["data"] == []


def test_unreadable_fixtures_do_not_count(client: Client) -> None:
    world, control = client.api.world, client.api.control
    season_id = world.season_ids()[0]
    ids = [i for i in finished(client.api) if world.base(i)["season_id"] == season_id]
    ids = [i for i in ids if world.base(i)["round_id"]]
    before = get_standings(client, season_id)
    control.update(ids[0], {"scores": None, "participants": "?"})
    control.update(ids[1], {"state_id": ["?"]})
    control.update(ids[2], {"scores": [{"score": {"goals": "1", "participant": "home"}}, 5]})
    control.update(ids[3], {"starting_at_timestamp": None})
    control.update(ids[4], {"events": [{"type_id": 14, "player_id": "?"}, None]})
    after = get_standings(client, season_id)

    def played(standings: list[Row]) -> int:
        return sum(line["played"] for line in shown_table(standings).values())

    # The winner of the third fixture is known without its score, unless it is a draw.
    lost = 3 if not any(t["meta"]["winner"] for t in world.fixture(ids[2])["participants"]) else 2
    assert played(after) == played(before) - 2 * lost
    for path in (
        "football/topscorers/seasons/{}",
        "football/teams/seasons/{}",
        "football/schedules/seasons/{}",
    ):
        assert client.get(path.format(season_id)).status_code == 200
