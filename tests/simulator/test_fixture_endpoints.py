"""The endpoints of fixtures: multi requests, includes, filters and days."""

from __future__ import annotations

from simulator.world.rows import BASE_FIELDS
from tests.simulator.client import ALL_INCLUDES, Client, by_id, finished, in_state


def test_multi_merges_duplicate_ids_and_omits_unknown_ones(client: Client) -> None:
    first, second = client.api.world.fixture_ids()[:2]
    response = client.get(f"football/fixtures/multi/{first},{second},{first},99").json()
    assert sorted(row["id"] for row in response["data"]) == [first, second]
    assert "pagination" not in response
    assert all(tuple(row) == BASE_FIELDS for row in response["data"])


def test_multi_takes_fifty_unique_ids_and_returns_them_in_another_order(client: Client) -> None:
    ids = client.api.world.fixture_ids()[:50]
    requested = ",".join(map(str, [*ids, *ids[:5]]))
    found = [row["id"] for row in client.get(f"football/fixtures/multi/{requested}").json()["data"]]
    assert sorted(found) == ids
    assert found != ids
    client.api.control.set_behaviour(too_many_ids="truncate")
    requested = ",".join(map(str, client.api.world.fixture_ids()[:60]))
    found = [row["id"] for row in client.get(f"football/fixtures/multi/{requested}").json()["data"]]
    assert sorted(found) == ids


def test_multi_shuffles_arrays_on_each_request(client: Client) -> None:
    ids = [*finished(client.api)[:10], *in_state(client.api, 2, 22), *in_state(client.api, 13)[:1]]
    orders = set()
    for _ in range(4):
        for row in client.multi(*ids):
            stored = client.api.world.fixture(row["id"])
            assert {key: row[key] for key in BASE_FIELDS} == {k: stored[k] for k in BASE_FIELDS}
            for name in ALL_INCLUDES.split(";"):
                assert by_id(row[name]) == by_id(stored[name])
            if row["id"] == ids[0]:
                orders.add(tuple(item["id"] for item in row["statistics"]))
    assert len(orders) > 1


def test_includes(client: Client) -> None:
    fixture_id = finished(client.api)[0]
    include = (
        "xGFixture.type;statistics.type;events.type;events:minute,result;state;league;season;venue;"
        "round;stage;group;sport;timeline;aggregate;scores.type;periods.type"
    )
    (row,) = client.multi(fixture_id, include=include)
    stored = client.api.world.fixture(fixture_id)
    for name in ("state", "league", "season", "venue", "round", "stage", "group", "sport"):
        assert row[name] == stored[name]
    assert row["timeline"] == []
    assert row["aggregate"] is None
    assert "xGFixture" not in row
    assert "participants" not in row
    assert all(item in row["xgfixture"] for item in row["statistics"])
    for name in ("statistics", "scores", "periods", "xgfixture", "events"):
        assert all(item["type"]["id"] == item["type_id"] for item in row[name])
    assert {"minute", "result", "id", "type_id", "player_id", "type"} <= set(row["events"][0])
    assert "player_name" not in row["events"][0]
    possession = next(item for item in row["statistics"] if item["type_id"] == 45)
    assert possession["type"] == {
        "id": 45,
        "name": "Ball Possession %",
        "code": "ball-possession",
        "developer_name": "BALL_POSSESSION",
        "model_type": "statistic",
        "stat_group": "overall",
    }


def test_select_timezone_and_nested_filters(client: Client) -> None:
    fixture_id = finished(client.api)[0]
    row = client.get(f"football/fixtures/{fixture_id}", select="name").json()["data"]
    assert row["starting_at_timestamp"] is None
    assert {"id", "season_id", "name"} <= set(row)
    assert "leg" not in row
    in_tokyo = client.get(f"football/fixtures/{fixture_id}", timezone="Asia/Tokyo").json()
    assert in_tokyo["timezone"] == "Asia/Tokyo"
    assert in_tokyo["data"]["starting_at"] != client.api.world.base(fixture_id)["starting_at"]
    path = f"football/fixtures/multi/{fixture_id}"
    filters = "eventTypes:18;fixturestatisticTypes:45"
    (row,) = client.get(path, include="events;statistics", filters=filters).json()["data"]
    assert {event["type_id"] for event in row["events"]} == {18}
    assert {item["type_id"] for item in row["statistics"]} == {45}


def test_fixture_filters(client: Client) -> None:
    world = client.api.world
    ids = world.fixture_ids()

    def found(filters: str) -> list[int]:
        path = "football/fixtures"
        content = client.get(path, filters=f"populate;{filters}", per_page=1000).json()
        return [row["id"] for row in content.get("data", [])]

    assert found(f"IDAFTER:{ids[100]}") == ids[101:]
    assert found(f"fixtureIds:{ids[3]},{ids[1]},7") == [ids[1], ids[3]]
    assert found("fixtureStates:2,22") == in_state(client.api, 2, 22)
    league_id = world.league_ids()[1]
    of_league = [i for i in ids if world.base(i)["league_id"] == league_id]
    assert found(f"fixtureLeagues:{league_id}") == of_league
    assert found("deleted") == []
    seasons = ",".join(map(str, range(51)))
    response = client.get("football/fixtures", filters=f"fixtureSeasons:{seasons}")
    assert response.status_code == 400


def test_between_and_date_are_sorted_by_kick_off(client: Client) -> None:
    world = client.api.world
    walked = client.walk("football/fixtures/between/2026-02-14/2026-05-25", per_page=7)
    kickoffs = {i: world.base(i)["starting_at"] for i in world.fixture_ids()}
    expected = [i for i in kickoffs if "2026-02-14" <= kickoffs[i] < "2026-05-26"]
    assert walked == sorted(expected, key=lambda i: (kickoffs[i], i))
    day = client.walk("football/fixtures/date/2026-03-14")
    assert day == [i for i in walked if kickoffs[i].startswith("2026-03-14")]
    assert day
