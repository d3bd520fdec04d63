"""The lists of players equal counts of the events of the fixtures."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.simulator.client import NO_RESULT, Client

Row = dict[str, Any]
CALLED_OFF = {10, 12, 15, 20}


def counted(world: Any, season_id: int) -> Counter[tuple[int, int, int]]:
    """Count goals, assists and cards by type of the list, player and team."""
    counts: Counter[tuple[int, int, int]] = Counter()
    for fixture_id in world.fixture_ids(season_id):
        fixture = world.fixture(fixture_id)
        if fixture["state_id"] in CALLED_OFF:
            continue
        for event in fixture["events"]:
            kind, team_id = event["type_id"], event["participant_id"]
            if kind in (14, 16) and event["player_id"]:
                counts[208, event["player_id"], team_id] += 1
            if kind == 14 and event["related_player_id"]:
                counts[209, event["related_player_id"], team_id] += 1
            if kind in (19, 20) and event["player_id"] and event.get("rescinded") is not True:
                counts[{19: 84, 20: 83}[kind], event["player_id"], team_id] += 1
    return counts


def get_all(client: Client, season_id: int, **parameters: Any) -> list[Row]:
    path = f"football/topscorers/seasons/{season_id}"
    rows: list[Row] = []
    response = client.get(path, **parameters).json()
    while True:
        rows += response["data"]
        if not response["pagination"]["has_more"]:
            return rows
        response = client.get(path, cursor=response["pagination"]["next_cursor"]).json()


def shown(rows: list[Row]) -> dict[tuple[int, int, int], int]:
    return {(row["type_id"], row["player_id"], row["participant_id"]): row["total"] for row in rows}


def test_topscorers_equal_the_events(client: Client) -> None:
    world = client.api.world
    ids: list[int] = []
    for season_id in world.season_ids():
        rows = get_all(client, season_id, per_page=7)
        ids += [row["id"] for row in rows]
        assert shown(rows) == counted(world, season_id)
        assert {row["season_id"] for row in rows} == {season_id}
        for row in rows:
            same_list = [other for other in rows if other["type_id"] == row["type_id"]]
            better = sum(other["total"] > row["total"] for other in same_list)
            assert row["position"] == better + 1
    assert len(ids) == len(set(ids))
    assert max(ids) > 2**32


def test_topscorers_follow_corrections_and_the_clock(client: Client) -> None:
    world, control = client.api.world, client.api.control
    season_id = world.season_ids()[-1]
    fixture, event = next(
        (fixture, event)
        for fixture in map(world.fixture, world.fixture_ids(season_id))
        for event in fixture["events"]
        if event["type_id"] == 14 and event["player_id"] and fixture["state_id"] == 5
    )
    before = get_all(client, season_id, per_page=50)
    control.cancel_goal(fixture["id"], event["id"])
    after = get_all(client, season_id, per_page=50)
    key = (208, event["player_id"], event["participant_id"])
    assert shown(after).get(key, 0) == shown(before)[key] - 1
    assert shown(after) == counted(world, season_id)
    control.advance(15 * 86_400)
    assert shown(get_all(client, season_id)) == counted(world, season_id)
    control.restore_all()
    control.set_clock("2026-03-14T15:20:00Z")
    assert shown(get_all(client, season_id)) == shown(before)


@pytest.mark.parametrize(("types", "expected"), [("208", {208}), ("83,84", {83, 84})])
def test_the_filter_of_types(client: Client, types: str, expected: set[int]) -> None:
    world = client.api.world
    season_id = world.season_ids()[0]
    rows = get_all(client, season_id, filters=f"seasonTopscorerTypes:{types}")
    everything = counted(world, season_id)
    assert shown(rows) == {key: n for key, n in everything.items() if key[0] in expected}
    assert rows


def test_includes_and_quota_of_topscorers(client: Client) -> None:
    season_id = client.api.world.season_ids()[0]
    path = f"football/topscorers/seasons/{season_id}"
    response = client.get(path, include="participant;type;season;stage;player").json()
    assert response["rate_limit"]["requested_entity"] == "Topscorer"
    for row in response["data"]:
        assert row["participant"]["id"] == row["participant_id"]
        assert row["type"]["id"] == row["type_id"]
        assert row["player"]["id"] == row["player_id"]
        assert row["season"]["id"] == season_id
        assert row["stage"] is None
    refused = client.get(path, filters="eventTypes:14")
    assert (refused.status_code, refused.json()["code"]) == (400, 5010)


def test_a_season_without_events_has_no_topscorers(client: Client) -> None:
    client.api.control.set_clock("2024-01-01T00:00:00Z")
    for season_id in (client.api.world.season_ids()[-1], 99):
        response = client.get(f"football/topscorers/seasons/{season_id}")
        assert response.status_code == 200
        assert response.json()["message"].startswith(NO_RESULT)
        assert "data" not in response.json()
