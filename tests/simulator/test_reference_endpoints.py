"""The endpoints of leagues, seasons, states and types."""

from __future__ import annotations

from tests.simulator.client import Client, finished


def test_reference_lists(client: Client) -> None:
    world = client.api.world
    leagues = client.get("football/leagues", include="currentSeason").json()["data"]
    assert [league["id"] for league in leagues] == world.league_ids()
    assert all(league["currentseason"]["is_current"] for league in leagues)
    assert client.walk("football/seasons", per_page=1) == world.season_ids()
    states = client.get("football/states", per_page=50).json()["data"]
    assert states == world.states()
    odd = next(state for state in states if state["id"] == 23)
    assert (odd["state"], odd["developer_name"]) == ("INPLAY_ET_2ND_HALF", "INPLAY_ET_SECOND_HALF")
    types = client.walk("core/types")
    assert types == [row["id"] for row in world.types()]
    assert "NULL" in {row["stat_group"] for row in world.types()}


def test_some_types_are_not_in_the_list(client: Client) -> None:
    listed = {row["id"] for row in client.api.world.types()}
    used = {
        item["type_id"]
        for fixture_id in finished(client.api)
        for item in client.api.world.fixture(fixture_id)["statistics"]
    }
    unlisted = used - listed
    assert unlisted
    for type_id in unlisted:
        assert client.get(f"core/types/{type_id}").json()["data"]["id"] == type_id
