"""Pages by number, by cursor and by cursor URL."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest

from simulator.world.rows import BASE_FIELDS
from tests.simulator.client import Client


@pytest.mark.parametrize("form", ["page", "cursor", "cursor_url", "both"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_every_form_of_pagination_walks_all_fixtures(client: Client, form: str, order: str) -> None:
    client.api.control.set_behaviour(pagination=form)
    ids = client.api.world.fixture_ids()
    assert client.walk("football/fixtures", order=order) == sorted(ids, reverse=order == "desc")
    season_id = client.api.world.season_ids()[-1]
    filters = f"populate;fixtureSeasons:{season_id}"
    season = client.walk("football/fixtures", filters=filters, per_page=10, order=order)
    assert sorted(season) == client.api.world.fixture_ids(season_id)


def test_page_sizes_and_populate(client: Client) -> None:
    first = client.get("football/fixtures").json()
    assert len(first["data"]) == 25
    assert len(client.get("football/fixtures", per_page=500).json()["data"]) == 50
    everything = client.get(
        "football/fixtures", filters="Populate", per_page=1000, include="participants;odds"
    ).json()
    assert [row["id"] for row in everything["data"]] == client.api.world.fixture_ids()
    assert all(tuple(row) == BASE_FIELDS for row in everything["data"])
    assert everything["pagination"]["has_more"] is False
    token = first["pagination"]["next_cursor"]
    decoded = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert decoded[2] == [first["data"][-1]["id"]]


def test_a_cursor_carries_filters_and_includes(client: Client) -> None:
    season_id = client.api.world.season_ids()[0]
    filters = f"fixtureSeasons:{season_id};fixtureStates:5"
    first = client.get("football/fixtures", filters=filters, include="scores", per_page=3).json()
    second = client.get("football/fixtures", cursor=first["pagination"]["next_cursor"]).json()
    assert len(second["data"]) == 3
    assert second["pagination"]["current_page"] == 1
    assert all("scores" in row and row["season_id"] == season_id for row in second["data"])
    page = client.get("football/fixtures", filters=filters, per_page=3, page=2).json()
    assert [row["id"] for row in page["data"]] == [row["id"] for row in second["data"]]
    assert page["pagination"]["current_page"] == 2
