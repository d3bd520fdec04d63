"""The simulator against the documented facts of the API, over real HTTP."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import subprocess
import sys
import time
import zlib
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from typer.testing import CliRunner

from simulator import Simulator, World
from simulator.__main__ import app
from simulator.control.client import ControlError
from simulator.data.replay import ReplayError
from simulator.faults.faults import FOREIGN, KINDS
from simulator.world.world import BASE_FIELDS

Row = dict[str, Any]
CLOCK = "2026-03-14T15:20:00Z"
ALL = "participants;scores;statistics;events;periods"
NO_RESULT = "No result(s) found matching your request."


class Client:
    """A plain client of one simulator."""

    def __init__(self, api: Simulator) -> None:
        self.api = api
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = api.token

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.session.get(
            f"{self.api.base_url}/{path}", params=parameters, timeout=10, allow_redirects=False
        )

    def multi(self, *ids: int, include: str = ALL) -> list[Row]:
        path = f"football/fixtures/multi/{','.join(map(str, ids))}"
        rows: list[Row] = self.get(path, include=include).json()["data"]
        return rows

    def walk(self, path: str, **parameters: Any) -> list[int]:
        ids: list[int] = []
        answer = self.get(path, **parameters).json()
        while True:
            ids += [row["id"] for row in answer["data"]]
            page = answer["pagination"]
            assert page["count"] == len(answer["data"])
            if not page["has_more"]:
                assert page.get("next_page", page.get("next_cursor")) is None
                return ids
            if "next_page" in page:
                answer = self.session.get(page["next_page"], timeout=10).json()
            elif page["next_cursor"].startswith("http"):
                answer = self.session.get(page["next_cursor"], timeout=10).json()
            else:
                answer = self.get(path, cursor=page["next_cursor"]).json()


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(clock=CLOCK) as api:
        yield api


@pytest.fixture
def api(shared: Simulator) -> Iterator[Simulator]:
    yield shared
    control = shared.control
    control.clear_faults()
    control.set_clock(CLOCK)
    control.set_quota(3000, 3600)
    control.settings(
        pagination="cursor", nothing_found="message", too_many_ids="refuse", meta="object"
    )
    for fixture_id in shared.world.every_id():
        if (
            fixture_id in shared.world.patches
            or fixture_id in shared.world.deleted
            or fixture_id in shared.world.kickoffs  # type: ignore[attr-defined]
        ):
            control.restore(fixture_id)


@pytest.fixture
def client(api: Simulator) -> Client:
    return Client(api)


@pytest.fixture(scope="module")
def big() -> World:
    return World(seed=3, leagues=3, seasons=1, teams=20, clock="2026-06-20T00:00:00Z")


def finished(api: Simulator, with_events: bool = True) -> list[int]:
    """Return the finished fixtures, with events where they matter."""
    return [
        fixture_id
        for fixture_id in api.world.fixture_ids()
        if api.world.base(fixture_id)["state_id"] == 5
        and (not with_events or api.world.fixture(fixture_id)["events"])
    ]


def in_state(api: Simulator, *states: int) -> list[int]:
    return [i for i in api.world.fixture_ids() if api.world.base(i)["state_id"] in states]


def by_id(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["id"])


# ---------------------------------------------------------------------- envelope, access, errors


def test_envelope_of_a_list_and_of_one(client: Client) -> None:
    answer = client.get("football/leagues")
    content = answer.json()
    assert list(content) == ["data", "pagination", "subscription", "rate_limit", "timezone"]
    assert content["rate_limit"]["requested_entity"] == "League"
    assert content["timezone"] == "UTC"
    meta = content["subscription"][0]["meta"]
    assert meta["current_timestamp"] == 1773501600
    assert answer.headers["x-ratelimit-limit"] == "3000"
    assert answer.headers["x-ratelimit-remaining"] == str(content["rate_limit"]["remaining"])
    assert "etag" not in answer.headers
    one = client.get(f"football/leagues/{content['data'][0]['id']}").json()
    assert one["data"] == content["data"][0]
    assert "pagination" not in one


def test_answers_bear_the_real_time_until_the_clock_is_moved() -> None:
    with Simulator(clock=CLOCK) as api:
        client = Client(api)
        sent_at = parsedate_to_datetime(client.get("football/leagues").headers["date"])
        assert abs(sent_at - datetime.now(UTC)) < timedelta(seconds=5)
        api.control.set_clock(CLOCK)
        answer = client.get("football/leagues")
        assert answer.headers["date"] == "Sat, 14 Mar 2026 15:20:00 GMT"


def test_large_answers_are_compressed_only_where_accepted(client: Client) -> None:
    assert client.get("football/states").headers["content-encoding"] == "gzip"
    plain = requests.get(
        f"{client.api.base_url}/football/states",
        headers={"Authorization": client.api.token, "Accept-Encoding": "identity"},
        timeout=10,
    )
    assert "content-encoding" not in plain.headers
    assert len(plain.json()["data"]) == 25


@pytest.mark.parametrize("authorization", [None, "wrong", "Bearer demo-token", ""])
def test_without_the_raw_token_is_401(api: Simulator, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = requests.get(f"{api.base_url}/football/states", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json() == {"message": "Unauthenticated."}
    assert "x-ratelimit-limit" not in answer.headers


def test_token_as_a_parameter(api: Simulator) -> None:
    url = f"{api.base_url}/football/states"
    answer = requests.get(url, params={"api_token": api.token}, timeout=10)
    assert answer.status_code == 200
    logged = api.control.requests()[-1]
    assert logged["token_in"] == "query"
    assert api.token not in json.dumps(logged)


@pytest.mark.parametrize("path", ["football/nothing", "football", "core/fixtures", ""])
def test_unknown_paths(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"message": "The requested endpoint does not exist"}


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code"),
    [
        ("football/fixtures/multi/1,x", {}, 400, 5006),
        ("football/fixtures/multi/1,,2", {}, 400, 5006),
        ("football/fixtures/multi/" + ",".join(map(str, range(1, 52))), {}, 400, 5006),
        ("football/fixtures", {"include": "nothing"}, 404, 5001),
        ("football/fixtures", {"include": "participants;odds"}, 403, 5002),
        ("football/fixtures", {"include": "events.player.country.continent"}, 400, 5008),
        ("football/fixtures/multi/1", {"include": "postmatchNews"}, 400, 5013),
        ("football/fixtures", {"page": 801}, 400, None),
        ("football/fixtures", {"page": 802}, 400, 5003),
        ("football/fixtures", {"page": 90}, 400, 5003),
        ("football/fixtures", {"page": 0}, 400, 5006),
        ("football/fixtures", {"per_page": "x"}, 400, 5006),
        ("football/fixtures", {"filters": "season_id:1"}, 400, 5010),
        ("football/fixtures", {"filters": "fixtureSeasons:x"}, 400, 5006),
        ("football/fixtures", {"cursor": "x"}, 400, 5006),
        ("football/fixtures", {"cursor": "x", "per_page": 5}, 400, 5006),
        ("football/fixtures", {"sortBy": "id"}, 400, 5006),
        ("football/fixtures", {"select": "nothing"}, 400, 5006),
        ("football/fixtures", {"timezone": "Mars/Base"}, 400, 5006),
        ("football/fixtures/between/2026-01-01/2026-04-12", {}, 400, 5006),
        ("football/fixtures/between/2026-02-01/2026-01-01", {}, 400, 5006),
        ("football/fixtures/date/yesterday", {}, 400, 5006),
        ("football/fixtures/date/20260314", {}, 400, 5006),
        ("football/fixtures", {"page": "9" * 5000}, 400, 5006),
        ("football/fixtures/multi/" + "9" * 5000, {}, 400, 5006),
        ("football/leagues", {"include": "events"}, 404, 5001),
    ],
)
def test_errors_cost_nothing(
    client: Client, path: str, parameters: Row, status: int, code: int | None
) -> None:
    before = client.get("football/fixtures/latest").json()["rate_limit"]["remaining"]
    answer = client.get(path, **parameters)
    assert answer.status_code == status, answer.text
    assert "rate_limit" not in answer.json()
    if code is not None:
        assert answer.json()["code"] == code
        assert answer.json()["link"].startswith("https://docs.sportmonks.com/football/")
    after = client.get("football/fixtures/latest").json()["rate_limit"]["remaining"]
    assert after == before - 1


def test_error_messages(client: Client) -> None:
    def message(**parameters: Any) -> str:
        return str(client.get("football/fixtures", **parameters).json()["message"])

    assert message(include="foo") == "The requested include 'foo' does not exist on Fixture"
    assert message(include="odds") == "You do not have access to the 'odds' include"
    assert message(cursor="x", order="asc") == "order cannot be used together with cursor"
    assert message(cursor="x", per_page=5) == "per_page cannot be used together with cursor"


def test_nothing_found_in_all_known_forms(client: Client) -> None:
    path = "football/fixtures/multi/1,2"
    answer = client.get(path)
    assert answer.status_code == 200
    assert list(answer.json()) == ["message", "subscription", "rate_limit", "timezone"]
    assert answer.json()["message"].startswith(NO_RESULT)
    remaining = answer.json()["rate_limit"]["remaining"]
    client.api.control.settings(nothing_found="404")
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["rate_limit"]["remaining"] == remaining - 1
    client.api.control.settings(nothing_found="empty")
    assert client.get(path).json()["data"] == []
    assert client.get("football/fixtures/latest").json()["data"] == []


# ---------------------------------------------------------------------- multi and includes


def test_multi_collapses_duplicates_and_leaves_out_unknown_ids(client: Client) -> None:
    first, second = client.api.world.fixture_ids()[:2]
    answer = client.get(f"football/fixtures/multi/{first},{second},{first},99").json()
    assert sorted(row["id"] for row in answer["data"]) == [first, second]
    assert "pagination" not in answer
    assert all(tuple(row) == BASE_FIELDS for row in answer["data"])


def test_fifty_unique_ids_pass_and_are_not_in_the_order_asked(client: Client) -> None:
    ids = client.api.world.fixture_ids()[:50]
    asked = ",".join(map(str, [*ids, *ids[:5]]))
    found = [row["id"] for row in client.get(f"football/fixtures/multi/{asked}").json()["data"]]
    assert sorted(found) == ids
    assert found != ids
    client.api.control.settings(too_many_ids="truncate")
    asked = ",".join(map(str, client.api.world.fixture_ids()[:60]))
    found = [row["id"] for row in client.get(f"football/fixtures/multi/{asked}").json()["data"]]
    assert sorted(found) == ids


def test_multi_serves_the_truth_in_another_order_each_time(client: Client) -> None:
    ids = [*finished(client.api)[:10], *in_state(client.api, 2, 22), *in_state(client.api, 13)[:1]]
    orders = set()
    for _ in range(4):
        for row in client.multi(*ids):
            truth = client.api.world.fixture(row["id"])
            assert {key: row[key] for key in BASE_FIELDS} == {k: truth[k] for k in BASE_FIELDS}
            for name in ALL.split(";"):
                assert by_id(row[name]) == by_id(truth[name])
            if row["id"] == ids[0]:
                orders.add(tuple(item["id"] for item in row["statistics"]))
    assert len(orders) > 1


def test_includes(client: Client) -> None:
    fixture_id = finished(client.api)[0]
    include = (
        "xGFixture.type;statistics.type;events.type;events:minute,result;state;league;season;venue;"
        "round;stage;sport;lineups;weatherReport;aggregate;scores.type;periods.type"
    )
    (row,) = client.multi(fixture_id, include=include)
    truth = client.api.world.fixture(fixture_id)
    for name in ("state", "league", "season", "venue", "round", "stage", "sport"):
        assert row[name] == truth[name]
    assert row["lineups"] == []
    assert row["weatherreport"] is None
    assert row["aggregate"] is None
    assert "xGFixture" not in row
    assert "participants" not in row
    assert any(isinstance(item["data"]["value"], float) for item in row["xgfixture"])
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
    summer = client.get(f"football/fixtures/{fixture_id}", timezone="Asia/Tokyo").json()
    assert summer["timezone"] == "Asia/Tokyo"
    assert summer["data"]["starting_at"] != client.api.world.base(fixture_id)["starting_at"]
    path = f"football/fixtures/multi/{fixture_id}"
    filters = "eventTypes:18;fixturestatisticTypes:45"
    (row,) = client.get(path, include="events;statistics", filters=filters).json()["data"]
    assert {event["type_id"] for event in row["events"]} == {18}
    assert {item["type_id"] for item in row["statistics"]} == {45}


# ---------------------------------------------------------------------- lists


@pytest.mark.parametrize("form", ["page", "cursor", "cursor_url"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_every_form_of_pagination_walks_all_fixtures(client: Client, form: str, order: str) -> None:
    client.api.control.settings(pagination=form)
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
    answer = client.get("football/fixtures", filters=f"fixtureSeasons:{seasons}")
    assert answer.status_code == 400


def test_between_and_date_are_sorted_by_kick_off(client: Client) -> None:
    world = client.api.world
    walked = client.walk("football/fixtures/between/2026-02-14/2026-05-25", per_page=7)
    kickoffs = {i: world.base(i)["starting_at"] for i in world.fixture_ids()}
    expected = [i for i in kickoffs if "2026-02-14" <= kickoffs[i] < "2026-05-26"]
    assert walked == sorted(expected, key=lambda i: (kickoffs[i], i))
    day = client.walk("football/fixtures/date/2026-03-14")
    assert day == [i for i in walked if kickoffs[i].startswith("2026-03-14")]
    assert day


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


def test_some_types_are_only_found_one_by_one(client: Client) -> None:
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


# ---------------------------------------------------------------------- quota


def test_quota_per_entity_in_a_window_from_the_first_call() -> None:
    with Simulator(quota=3, window=1.2) as api:
        client = Client(api)
        remaining = [
            client.get("football/states").json()["rate_limit"]["remaining"] for _ in range(3)
        ]
        assert remaining == [2, 1, 0]
        refused = [client.get("football/states") for _ in range(3)]
        assert {answer.status_code for answer in refused} == {429}
        assert all(1 <= int(answer.headers["retry-after"]) <= 2 for answer in refused)
        assert len({tuple(answer.json()) for answer in refused}) == 3 - 1
        assert len({json.dumps(answer.json()) for answer in refused}) == 3
        assert client.get("core/types").status_code == 200
        time.sleep(1.25)
        answer = client.get("football/states").json()
        assert answer["rate_limit"] == {
            "resets_in_seconds": 2,
            "remaining": 2,
            "requested_entity": "State",
        }
        api.control.set_quota(0, 60)
        assert client.get("football/states").status_code == 429


# ---------------------------------------------------------------------- the world


def test_a_seed_makes_one_world() -> None:
    def look(seed: int) -> list[Row]:
        world = World(seed=seed, leagues=2, seasons=1, teams=5, clock=CLOCK)
        return [*world.leagues(), *world.seasons(), *map(world.fixture, world.fixture_ids())]

    assert look(1) == look(1)
    assert look(1) != look(2)


def test_finished_matches_are_coherent(big: World) -> None:
    event_ids: set[int] = set()
    statistic_ids: set[int] = set()
    short = empty = counted = 0
    for fixture_id in big.fixture_ids():
        fixture = big.fixture(fixture_id)
        values = {
            (r["type_id"], r["participant_id"]): r["data"]["value"] for r in fixture["statistics"]
        }
        assert len(values) == len(fixture["statistics"])
        for known, rows in ((event_ids, fixture["events"]), (statistic_ids, fixture["statistics"])):
            fresh = {row["id"] for row in rows}
            assert len(fresh) == len(rows)
            assert not fresh & known
            known |= fresh
        home, away = fixture["participants"]
        assert {home["meta"]["location"], away["meta"]["location"]} == {"home", "away"}
        if fixture["state_id"] not in (5, 7, 8):
            continue
        counted += 1
        assert 60 <= len(fixture["statistics"]) <= 90
        assert values[45, home["id"]] + values[45, away["id"]] == 100
        current = {
            row["participant_id"]: row["score"]["goals"]
            for row in fixture["scores"]
            if row["description"] == "CURRENT"
        }
        kinds = Counter((row["participant_id"], row["type_id"]) for row in fixture["events"])
        empty += not fixture["events"]
        for team in (home["id"], away["id"]):
            assert values[52, team] == current[team]
            assert values[41, team] + values[86, team] + values[58, team] == values[42, team]
            assert values[81, team] is None or values[81, team] <= values[80, team]
            if fixture["events"]:
                goals = sum(kinds[team, type_id] for type_id in (14, 15, 16))
                short += goals != current[team]
                assert values[84, team] == kinds[team, 19]
                assert values.get((83, team), 0) == kinds[team, 20]
                assert values.get((85, team), 0) == kinds[team, 21]
                assert values[59, team] == kinds[team, 18]
        winners = (home["meta"]["winner"], away["meta"]["winner"])
        if current[home["id"]] == current[away["id"]]:
            assert winners == (False, False) if fixture["state_id"] == 5 else True in winners
        else:
            home_won = current[home["id"]] > current[away["id"]]
            assert winners == (home_won, not home_won)
        results = [row["result"] for row in fixture["events"] if row["type_id"] in (14, 15, 16)]
        assert None not in results
    assert counted > 1000
    assert 0 < empty < counted * 0.05
    assert short < counted * 0.02
    assert max(event_ids) > 2**31 > min(event_ids)
    assert max(statistic_ids) > 2**31 > min(statistic_ids)


def test_every_special_state_and_ending_exists(big: World) -> None:
    states = Counter(big.base(fixture_id)["state_id"] for fixture_id in big.fixture_ids())
    assert {5, 7, 8, 10, 12, 15, 17} <= set(states)
    shootout = next(i for i in big.fixture_ids() if big.base(i)["state_id"] == 8)
    fixture = big.fixture(shootout)
    assert {row["description"] for row in fixture["scores"]} >= {
        "ET",
        "ET_1ST_HALF",
        "ET_2ND_HALF",
        "PENALTY_SHOOTOUT",
    }
    kicks = [row for row in fixture["events"] if row["type_id"] in (22, 23)]
    assert [kick["minute"] for kick in kicks] == list(range(1, len(kicks) + 1))
    last = kicks[-1]["result"]
    scores = {
        row["score"]["participant"]: row["score"]["goals"]
        for row in fixture["scores"]
        if row["description"] == "PENALTY_SHOOTOUT"
    }
    assert last == f"{scores['home']}-{scores['away']}"
    assert fixture["result_info"].endswith(" won after penalties.")
    awarded = next(i for i in big.fixture_ids() if big.base(i)["state_id"] == 17)
    fixture = big.fixture(awarded)
    assert fixture["events"] == []
    assert fixture["statistics"]
    assert True in [team["meta"]["winner"] for team in fixture["participants"]]


def test_a_match_lives_with_the_clock(client: Client) -> None:
    control = client.api.control
    fixture_id = next(
        i for i in in_state(client.api, 1) if client.api.world.base(i)["starting_at"] < "2026-04-15"
    )
    kickoff = client.api.world.base(fixture_id)["starting_at_timestamp"]
    control.set_clock(client.api.world.base(fixture_id)["starting_at"] + "+00:00")
    seen = []
    before: set[int] = set()
    for _ in range(26):
        (row,) = client.multi(fixture_id, include=f"{ALL};state")
        seen.append(row["state"]["state"])
        ids = {event["id"] for event in row["events"]}
        assert before <= ids
        before = ids
        goals = sum(event["type_id"] in (14, 15, 16) for event in row["events"])
        current = [s["score"]["goals"] for s in row["scores"] if s["description"] == "CURRENT"]
        assert not row["events"] or sum(current) - goals in (0, 1)
        running = [period for period in row["periods"] if period["ticking"]]
        assert [period["ended"] for period in running] == [None] * len(running)
        assert bool(running) == (row["state_id"] in (2, 22))
        control.advance(300)
    assert list(dict.fromkeys(seen)) == ["INPLAY_1ST_HALF", "HT", "INPLAY_2ND_HALF", "FT"]
    assert kickoff == client.api.world.base(fixture_id)["starting_at_timestamp"]


def test_placeholders_become_teams_and_ties_go_to_extra_time(client: Client) -> None:
    world, control = client.api.world, client.api.control
    fixture_id = in_state(client.api, 13)[0]
    (row,) = client.multi(fixture_id)
    assert row["placeholder"] is True
    assert all(team["placeholder"] for team in row["participants"])
    states: dict[int, list[int]] = {i: [] for i in in_state(client.api, 13)}
    for start in sorted({world.base(i)["starting_at"] for i in states}):
        control.set_clock(start + "+00:00")
        for _ in range(190):
            for i, seen in states.items():
                seen.append(world.base(i)["state_id"])
            control.advance(60)
    assert not any(team["placeholder"] for team in world.fixture(fixture_id)["participants"])
    lives = {tuple(dict.fromkeys(seen)) for seen in states.values()}
    before = {1, 13}
    assert (2, 3, 22, 5, 4, 6, 21, 23, 25, 9, 8) in {
        tuple(state for state in life if state not in before) for life in lives
    }
    assert (2, 3, 22, 5, 4, 6, 21, 23, 7) in {
        tuple(state for state in life if state not in before) for life in lives
    }


# ---------------------------------------------------------------------- the control door


def test_corrections_of_statistics_and_arrays(client: Client) -> None:
    control = client.api.control
    fixture_id = finished(client.api)[0]
    statistic = client.api.world.fixture(fixture_id)["statistics"][0]
    control.correct_statistic(fixture_id, statistic["id"], 77)
    (row,) = client.multi(fixture_id)
    (changed,) = [item for item in row["statistics"] if item["id"] == statistic["id"]]
    assert changed == {**statistic, "data": {"value": 77}}
    control.empty(fixture_id, "events")
    control.set_null(fixture_id, "statistics")
    control.drop_key(fixture_id, "scores")
    control.update(fixture_id, {"new_key": {"deep": [1]}, "details": "Replayed"})
    (row,) = client.multi(fixture_id)
    assert row["events"] == []
    assert row["statistics"] is None
    assert "scores" not in row
    assert row["new_key"] == {"deep": [1]}
    assert row["details"] == "Replayed"
    control.drop_key(fixture_id, "state_id")
    (row,) = client.multi(fixture_id, include="state")
    assert "state_id" not in row
    control.restore(fixture_id)
    (row,) = client.multi(fixture_id)
    assert row["events"]
    assert "new_key" not in row


def test_corrections_of_events(client: Client) -> None:
    control = client.api.control
    fixture_id = finished(client.api)[1]
    events = client.api.world.fixture(fixture_id)["events"]
    control.remove_event(fixture_id, events[0]["id"])
    added = control.add_event(fixture_id, {"type_id": 19, "minute": 60, "player_name": "Late"})
    (row,) = client.multi(fixture_id)
    ids = {event["id"] for event in row["events"]}
    assert ids == {event["id"] for event in events[1:]} | {added["id"]}
    control.rescind(fixture_id, added["id"])
    (row,) = client.multi(fixture_id)
    assert [event["rescinded"] for event in row["events"] if event["id"] == added["id"]] == [True]
    with pytest.raises(ControlError, match="no row"):
        control.rescind(fixture_id, 1)
    with pytest.raises(ControlError, match="no such fixture"):
        control.delete(1)


def test_a_cancelled_goal_changes_everything_that_counts_it(client: Client) -> None:
    fixture_id, goal = next(
        (i, event)
        for i in finished(client.api)
        for event in client.api.world.fixture(i)["events"]
        if event["type_id"] == 14 and event["result"] == "1-0"
    )
    before = client.api.control.fixture(fixture_id)
    client.api.control.cancel_goal(fixture_id, goal["id"])
    (row,) = client.multi(fixture_id)
    team = goal["participant_id"]

    def current(fixture: Row) -> dict[int, int]:
        return {
            item["participant_id"]: item["score"]["goals"]
            for item in fixture["scores"]
            if item["description"] == "CURRENT"
        }

    assert current(row)[team] == current(before)[team] - 1
    assert goal["id"] not in {event["id"] for event in row["events"]}
    known = {event["id"] for event in before["events"]}
    (review,) = [event for event in row["events"] if event["id"] not in known]
    assert (review["type_id"], review["sub_type_id"]) == (10, 1512)
    assert set(review) == set(goal)
    goals = {
        i["participant_id"]: i["data"]["value"] for i in row["statistics"] if i["type_id"] == 52
    }
    assert goals == current(row)
    home = next(t for t in row["participants"] if t["meta"]["location"] == "home")
    away = next(t for t in row["participants"] if t["meta"]["location"] == "away")
    home_goals, away_goals = current(row)[home["id"]], current(row)[away["id"]]
    assert home["meta"]["winner"] is (home_goals > away_goals)
    assert away["meta"]["winner"] is (home_goals < away_goals)
    last = max(
        (e for e in row["events"] if e["type_id"] in (14, 15, 16)),
        key=lambda e: (e["minute"], e["extra_minute"] or 0),
        default=None,
    )
    assert last is None or last["result"] == f"{home_goals}-{away_goals}"


def test_deleted_fixtures_only_show_with_the_filter(client: Client) -> None:
    fixture_id = finished(client.api)[2]
    day = client.api.world.base(fixture_id)["starting_at"][:10]
    client.api.control.delete(fixture_id)
    assert "data" not in client.get(f"football/fixtures/multi/{fixture_id}").json()
    assert "data" not in client.get(f"football/fixtures/{fixture_id}").json()
    assert fixture_id not in client.walk("football/fixtures")
    assert fixture_id not in client.walk(f"football/fixtures/date/{day}")
    assert fixture_id not in client.api.control.fixture_ids()
    rows = client.get("football/fixtures", filters="deleted", include="state").json()["data"]
    assert [(row["id"], row["state_id"]) for row in rows] == [(fixture_id, 20)]
    assert rows[0]["state"]["state"] == "DELETED"
    assert client.walk(f"football/fixtures/date/{day}", filters="deleted") == [fixture_id]


def test_a_reissued_fixture_shows_under_its_new_id_only(client: Client) -> None:
    control, world = client.api.control, client.api.world
    old_id = finished(client.api)[2]
    before = world.fixture(old_id)
    day, season_id = before["starting_at"][:10], before["season_id"]
    control.add_event(old_id, {"type_id": 19})
    new_id = control.reissue(old_id)
    assert "data" not in client.get(f"football/fixtures/multi/{old_id}").json()
    (row,) = client.multi(old_id, new_id)
    assert row["id"] == new_id == world.fixture_ids()[-1]
    assert row["starting_at"] == before["starting_at"]
    assert len(row["events"]) == len(before["events"]) + 1
    assert {event["fixture_id"] for event in row["events"]} == {new_id}
    assert {e["id"] for e in row["events"]}.isdisjoint(e["id"] for e in before["events"])
    for path, filters in [
        ("football/fixtures", f"fixtureSeasons:{season_id}"),
        (f"football/fixtures/date/{day}", ""),
    ]:
        ids = client.walk(path, **({"filters": filters} if filters else {}))
        assert new_id in ids
        assert old_id not in ids
    assert "data" not in client.get("football/fixtures", filters="deleted").json()
    # Both ids may exist for a while.
    control.restore(old_id)
    control.restore(new_id)
    rows = client.multi(old_id, new_id)
    assert [len(row["events"]) for row in rows] == [len(before["events"])] * 2
    control.restore_all()
    assert [row["id"] for row in client.multi(old_id, new_id)] == [old_id]


def test_reschedule_and_finish(client: Client) -> None:
    control = client.api.control
    (postponed, *_) = in_state(client.api, 10)
    control.reschedule(postponed, "2026-03-20T18:00:00Z")
    (row,) = client.multi(postponed)
    assert (row["state_id"], row["starting_at"]) == (1, "2026-03-20 18:00:00")
    assert postponed in client.walk("football/fixtures/date/2026-03-20")
    coming, running = in_state(client.api, 1)[0], in_state(client.api, 2, 22)[0]
    control.finish(coming)
    control.finish(running)
    for row in client.multi(coming, running):
        assert row["state_id"] == 5
        assert row["statistics"]
        assert row["starting_at"] < "2026-03-14 15:20:00"
    with pytest.raises(ControlError, match="teams are not known"):
        control.finish(in_state(client.api, 13)[0])


def test_the_door_has_its_own_lock(api: Simulator) -> None:
    url = api.base_url.replace("/v3", "/control/fixture_ids")
    assert requests.post(url, timeout=10).status_code == 401
    headers = {"Authorization": api.token, "X-Control-Token": "wrong"}
    assert requests.post(url, headers=headers, timeout=10).status_code == 401


def test_requests_are_logged(client: Client) -> None:
    control = client.api.control
    control.reset_requests()
    client.get("football/fixtures/multi/1,2,3", include="events")
    client.get("football/states", per_page=5)
    first, second = control.requests()
    assert (first["ids"], first["status"], first["entity"]) == (3, 200, "Fixture")
    assert first["query"] == {"include": "events"}
    assert second["path"] == "/v3/football/states"
    assert second["token_in"] == "header"


# ---------------------------------------------------------------------- faults


def strike(client: Client, fault: Row, path: str = "football/states") -> requests.Response:
    client.api.control.faults([fault])
    return client.get(path)


def test_faults_that_answer_instead(client: Client) -> None:
    fault: Row = {"kind": "status", "status": 503, "headers": {"Retry-After": 7}, "times": 1}
    answer = strike(client, fault)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert client.get("football/states").status_code == 200
    answer = strike(client, {"kind": "html"})
    assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")
    answer = strike(client, {"kind": "redirect", "location": "http://127.0.0.1:1/"})
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:1/")
    answer = strike(client, {"kind": "burst_429", "retry_after": 3})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert int(answer.headers["x-ratelimit-remaining"]) > 2000


def test_faults_of_the_connection(client: Client) -> None:
    with pytest.raises(requests.ConnectionError) as reset:
        strike(client, {"kind": "reset", "times": 1})
    assert "ConnectionResetError" in repr(reset.value)
    assert client.get("football/states").status_code == 200
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        strike(client, {"kind": "truncate", "times": 1})
    assert client.get("football/states").status_code == 200
    began = time.monotonic()
    assert strike(client, {"kind": "delay", "seconds": 0.3}).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_faults_in_the_content(client: Client) -> None:
    first, second = finished(client.api)[:2]
    answer = strike(client, {"kind": "no_data"}).json()
    assert "data" not in answer
    assert answer["message"].startswith(NO_RESULT)
    answer = strike(client, {"kind": "quota_lie", "remaining": 9})
    assert answer.headers["x-ratelimit-remaining"] == "9"
    assert answer.json()["rate_limit"]["remaining"] == 9
    control = client.api.control
    control.faults([{"kind": "empty_include", "include": "events", "fixture_ids": [first]}])
    empty = {row["id"]: row["events"] == [] for row in client.multi(first, second)}
    assert empty == {first: True, second: False}
    control.faults([{"kind": "missing_include", "include": "events", "path": "multi"}])
    assert all("events" not in row for row in client.multi(first, second))
    control.faults([{"kind": "missing_ids", "ids": [second]}])
    assert [row["id"] for row in client.multi(first, second)] == [first]
    control.faults([{"kind": "null_rows", "fixture_ids": [second]}])
    rows = client.multi(first, second)
    assert sorted(row["id"] or 0 for row in rows) == [0, first]
    assert [set(row.values()) for row in rows if row["id"] is None] == [{None}]


def test_faults_choose_their_requests(client: Client) -> None:
    poisoned, fine = client.api.world.fixture_ids()[:2]
    client.api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poisoned]}])
    assert client.get(f"football/fixtures/multi/{fine}").status_code == 200
    assert client.get(f"football/fixtures/multi/{fine},{poisoned}").status_code == 500
    assert client.get(f"football/fixtures/{poisoned}").status_code == 500
    client.api.control.faults([{"kind": "status", "path": "core/", "share": 0.5, "seed": 1}])
    statuses = Counter(client.get("core/types").status_code for _ in range(40))
    assert 8 < statuses[500] < 32
    assert client.get("football/states").status_code == 200
    with pytest.raises(ControlError, match="unknown kind"):
        client.api.control.faults([{"kind": "earthquake"}])
    assert len(KINDS) == 34


def test_faults_in_the_rows(client: Client) -> None:
    first, second = finished(client.api)[:2]
    control = client.api.control
    control.faults([{"kind": "null_ids", "fixture_ids": [second]}])
    rows = client.multi(first, second)
    assert {row["id"] for row in rows} == {first, None}
    assert all(row["name"] and row["events"] for row in rows)
    control.faults([{"kind": "repeated_rows"}])
    assert Counter(row["id"] for row in client.multi(first, second)) == {first: 2, second: 2}
    control.faults([{"kind": "foreign_rows"}])
    ids = [row["id"] for row in client.multi(first, second)]
    assert [id - FOREIGN for id in ids[:2]] == ids[2:]
    assert sorted(ids[2:]) == [first, second]
    assert client.get(f"football/fixtures/{first}").json()["data"]["id"] == first + FOREIGN
    assert len(client.get("football/leagues").json()["data"]) == 2


def test_faults_in_the_envelope(client: Client) -> None:
    whole = client.get("football/leagues").json()
    answer = strike(client, {"kind": "null_data"}, "football/leagues")
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    assert "pagination" not in answer.json()
    answer = strike(client, {"kind": "object_data"}, "football/leagues")
    assert answer.json()["data"] == {"0": whole["data"][0], "1": whole["data"][1]}
    (fixture_id, *_) = client.api.world.fixture_ids()
    for path in (f"football/fixtures/multi/{fixture_id}", f"football/fixtures/{fixture_id}"):
        assert client.get(path).json()["data"]["id"] == fixture_id
    answer = strike(client, {"kind": "meta_list"}, "football/leagues")
    assert answer.json()["subscription"] == [{**whole["subscription"][0], "meta": []}]
    answer = strike(client, {"kind": "extra_keys"}, "football/leagues")
    assert set(answer.json()) > set(whole)
    assert set(answer.json()["rate_limit"]) > set(whole["rate_limit"])
    assert answer.json()["data"] == whole["data"]
    answer = strike(client, {"kind": "echo_token", "status": 403})
    assert answer.status_code == 403
    assert client.api.token in answer.json()["message"]


def raw(client: Client, path: str, encoding: str) -> tuple[bytes, str | None]:
    """Return the body as it was sent, with its right length, and how it is encoded."""
    url, headers = f"{client.api.base_url}/{path}", {"Accept-Encoding": encoding}
    with client.session.get(url, headers=headers, timeout=10, stream=True) as answer:
        assert answer.status_code == 200
        body = answer.raw.read(decode_content=False)
        assert len(body) == int(answer.headers["content-length"])
        return body, answer.headers.get("content-encoding")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("one", [True, False])
@pytest.mark.parametrize("kind", ["invalid_utf8", "nan", "cut_body", "empty_body", "large_body"])
def test_faults_in_the_bytes(client: Client, kind: str, one: bool, encoding: str) -> None:
    poisoned, other = finished(client.api)[:2]
    path = f"football/fixtures/{poisoned}" if one else f"football/fixtures/multi/{poisoned},{other}"
    control = client.api.control
    control.faults([{"kind": kind, "megabytes": 2, "fixture_ids": [poisoned]}])
    assert client.multi(other)[0]["id"] == other
    body, encoded = raw(client, path, encoding)
    body = gzip.decompress(body) if encoded == "gzip" else body
    control.clear_faults()
    right = client.get(path).json()["data"]
    if kind == "invalid_utf8":
        before, after = body.split(b"\xff")
        assert before.startswith(b'{"data":')
        json.loads(before + b"x" + after)
    elif kind == "nan":
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(body)
        found = json.loads(body)["data"]
        found = found if one else found[0]
        (wrong,) = [key for key, value in found.items() if value != value]
        assert wrong != "id"
    elif kind == "cut_body":
        assert body.startswith(b'{"data":')
        assert not body.endswith(b"}")
    elif kind == "empty_body":
        assert body == b""
    else:
        content = json.loads(body)
        assert len(body) == 2_000_000
        assert set(content.pop("padding")) == {"x"}
        assert content["data"]["id"] == poisoned if one else len(content["data"]) == 2
        assert encoded == (None if encoding == "identity" else "gzip")
    assert right["id"] == poisoned if one else len(right) == 2


@pytest.mark.parametrize("path", ["football/states", "football/fixtures/latest"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_faults_in_the_compression(client: Client, path: str, encoding: str) -> None:
    client.api.control.faults([{"kind": "lying_gzip"}])
    body, encoded = raw(client, path, encoding)
    assert encoded == "gzip"
    assert "subscription" in json.loads(body)
    with pytest.raises(requests.exceptions.ContentDecodingError):
        client.get(path)
    client.api.control.faults([{"kind": "broken_gzip"}])
    body, encoded = raw(client, path, encoding)
    assert (body[:2], encoded) == (b"\x1f\x8b", "gzip")
    unpacker = zlib.decompressobj(wbits=31)
    assert unpacker.decompress(body[: len(body) // 3])
    with pytest.raises(zlib.error):
        unpacker.decompress(body[len(body) // 3 :])
    with pytest.raises(requests.exceptions.ContentDecodingError):
        client.get(path)


def test_a_poisoned_fixture_is_slow_in_any_way(client: Client) -> None:
    poisoned, fine = client.api.world.fixture_ids()[:2]
    for kind in ("delay", "hang", "drip"):
        client.api.control.faults([{"kind": kind, "seconds": 1, "fixture_ids": [poisoned]}])
        assert client.multi(fine)[0]["id"] == fine
        for path in (f"football/fixtures/multi/{fine},{poisoned}", f"football/fixtures/{poisoned}"):
            with pytest.raises((requests.Timeout, requests.ConnectionError), match="timed out"):
                client.session.get(f"{client.api.base_url}/{path}", timeout=0.2)


def under_way(client: Client) -> int:
    """Return how many other requests the server has under way."""
    client.get("football/fixtures/latest")
    return int(client.api.control.requests()[-1]["in_flight"]) - 1


def wait_for_none_under_way(client: Client) -> None:
    until = time.monotonic() + 20
    while under_way(client) > 0:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_drip_comes_byte_by_byte(client: Client) -> None:
    wait_for_none_under_way(client)
    fault: Row = {"kind": "drip", "seconds": 0.001, "path": "states", "times": 1}
    client.api.control.faults([fault])
    began = time.monotonic()
    assert len(client.get("football/states", per_page=1).json()["data"]) == 1
    assert time.monotonic() - began > 0.2
    client.api.control.faults([{**fault, "seconds": 0.05}])
    url = f"{client.api.base_url}/football/states"
    with client.session.get(url, timeout=10, stream=True) as answer:
        assert answer.status_code == 200
        assert answer.raw.read(1)
        assert under_way(client) == 1
        assert len(answer.raw.read(3)) == 3
    wait_for_none_under_way(client)


def test_who_hangs_is_let_go(client: Client) -> None:
    wait_for_none_under_way(client)
    fault: Row = {"kind": "hang", "path": "states"}
    with pytest.raises(requests.ConnectionError, match="without response"):
        strike(client, {**fault, "seconds": 0.1})
    client.api.control.faults([fault])
    with ThreadPoolExecutor() as pool:
        url = f"{client.api.base_url}/football/states"
        hanging = pool.submit(requests.get, url, timeout=2)
        while under_way(client) == 0:
            assert not hanging.done()
        assert isinstance(hanging.exception(), requests.ReadTimeout)
    logged = [row for row in client.api.control.requests() if "states" in row["path"]]
    assert (logged[-1]["status"], logged[-1]["faults"]) == (0, ["hang"])
    wait_for_none_under_way(client)


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_stopping_does_not_wait_for_who_hangs(kind: str) -> None:
    with ThreadPoolExecutor() as pool:
        with Simulator() as api:
            api._server.config.timeout_graceful_shutdown = 60
            api.control.faults([{"kind": kind, "path": "states", "seconds": 3600}])
            hanging = pool.submit(Client(api).get, "football/states")
            while under_way(Client(api)) == 0:
                assert not hanging.done()
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert isinstance(hanging.exception(), requests.RequestException)
        assert "timed out" not in str(hanging.exception())


def test_a_burst_is_refused_while_others_are_under_way(client: Client) -> None:
    wait_for_none_under_way(client)
    burst = {"kind": "burst_429", "in_flight": 2, "retry_after": None, "path": "states"}
    slow = {"kind": "delay", "seconds": 1, "times": 2, "path": "states"}
    client.api.control.faults([burst, slow])
    with ThreadPoolExecutor() as pool:
        first, second = (pool.submit(Client(client.api).get, "football/states") for _ in range(2))
        while under_way(client) < 2:
            assert not first.done()
        refused = client.get("football/states")
        assert refused.status_code == 429
        assert "retry-after" not in refused.headers
        assert {first.result().status_code, second.result().status_code} == {200}
    assert client.get("football/states").status_code == 200


# ---------------------------------------------------------------------- replay


ODD = (
    '{"id":19135043,"name":"Å vs \\u00c9 \\ud83d\\ude00","starting_at":"2025-05-03 14:00:00",'
    '"starting_at_timestamp":1746280800,"state_id":5,"season_id":23614,"league_id":8,'
    '"huge":123456789012345678901234567890,"long":14.000000000000002,"plain":1.10,"big":1E400,'
    '"half":"\\ud800","zero":"a\\u0000b","unknown":{"a":[null,true,-0.0]},'
    '"season":{"id":23614,"league_id":8,"name":"2024/2025","is_current":false,'
    '"starting_at":"2024-08-16","ending_at":"2025-05-25","finished":true,"sport_id":1},'
    '"round":{"id":1,"league_id":8,"season_id":23614,"stage_id":2,"finished":true,'
    '"starting_at":"2025-05-03","ending_at":"2025-05-05","name":"35"},'
    '"statistics":[{"id":10959914799,"fixture_id":19135043,"type_id":45,"participant_id":14,'
    '"data":{"value":67},"location":"home","type":{"id":999001,"name":"New","code":"new",'
    '"developer_name":"NEW","model_type":"statistic","stat_group":null}}]}'
)


def write_saved(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "a.json").write_text(
        json.dumps({"data": {"id": 19135043, "starting_at": "2025-05-03 14:00:00", "state_id": 5}})
    )
    (folder / "deep" / "b.json").write_text('{"data":[' + ODD + '],"pagination":{}}')
    bare = {"id": 7, "name": "No season vs Nobody", "starting_at": "2025-05-03 12:00:00"}
    (folder / "c.ndjson").write_text(json.dumps(bare) + "\n\n")
    wrapped = {"x": [{"y": {"id": 8, "state_id": 1, "season_id": 5, "league_id": 3}}]}
    (folder / "d.json.gz").write_bytes(gzip.compress(json.dumps(wrapped).encode()))
    state = {"id": 5, "state": "FT", "name": "Ended", "short_name": "FT", "developer_name": "FT"}
    (folder / "e.json").write_text(json.dumps([state]))
    (folder / "f.json").write_text('{"hello":"world"}')


def test_replay_serves_what_was_saved(tmp_path: Path) -> None:
    write_saved(tmp_path)
    with Simulator(replay=tmp_path) as api:
        client = Client(api)
        assert api.world.fixture_ids() == [7, 8, 19135043]
        text = client.get("football/fixtures/multi/19135043,99", include="events").text
        body = text[text.index('[{"id":19135043') + 1 : text.index('],"subscription"')]
        same = json.loads(body, parse_float=str, parse_int=str)
        assert same == json.loads(ODD, parse_float=str, parse_int=str)
        (row,) = client.multi(19135043)
        assert list(row) == list(json.loads(ODD))
        listed = client.get("football/fixtures", filters="populate;fixtureSeasons:23614").json()
        assert [row["id"] for row in listed["data"]] == [19135043]
        assert "season" not in listed["data"][0]
        assert listed["data"][0]["name"] == "Å vs É 😀"
        assert client.walk("football/fixtures/date/2025-05-03") == [19135043]
        seasons = client.get("football/seasons").json()["data"]
        assert [(season["id"], season["is_current"]) for season in seasons] == [
            (5, True),
            (23614, True),
        ]
        leagues = client.get("football/leagues", include="currentSeason").json()["data"]
        assert [(row["id"], row["currentseason"]["id"]) for row in leagues] == [(3, 5), (8, 23614)]
        states = {row["id"]: row["name"] for row in client.get("football/states").json()["data"]}
        assert states[5] == "Ended"
        assert client.get("core/types/999001").json()["data"]["name"] == "New"
        assert 999001 in client.walk("core/types", per_page=50)
        api.control.correct_statistic(19135043, 10959914799, 1)
        assert client.multi(19135043)[0]["statistics"][0]["data"] == {"value": 1}
        api.control.delete(7)
        assert api.control.fixture_ids() == [8, 19135043]
        assert [path.name for path in api.world.unusable] == ["f.json"]  # type: ignore[attr-defined]


def test_replay_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="no such directory"):
        Simulator(replay=tmp_path / "absent")
    with pytest.raises(ReplayError, match=r"no \.json"):
        Simulator(replay=tmp_path)
    (tmp_path / "x.json").write_text('{"nothing":1}')
    with pytest.raises(ReplayError, match="no fixture"):
        Simulator(replay=tmp_path)
    (tmp_path / "broken.json").write_text('{"data":[')
    with pytest.raises(ReplayError, match=r"broken\.json"):
        Simulator(replay=tmp_path)


# ---------------------------------------------------------------------- the command line


def test_command_line_complains_in_one_line(tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    broken.mkdir()
    (broken / "half.json").write_text("{")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = {
            port: ["--port", port],
            "soon": ["--clock", "soon"],
            "empty": ["--replay", str(empty)],
            "no such directory": ["--replay", str(tmp_path / "absent")],
            "half.json": ["--replay", str(broken)],
        }
        answers = {named: CliRunner().invoke(app, arguments) for named, arguments in cases.items()}
    for named, answer in answers.items():
        assert answer.exit_code == 2
        assert answer.stdout == ""
        assert len(answer.stderr.strip().splitlines()) == 1
        assert named in answer.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_line_serves_until_it_is_stopped(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--token", "mine"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        assert words["SOURCES__SPORTMONKS__API_TOKEN"] == "mine"
        url = words["SOURCES__SPORTMONKS__BASE_URL"] + "/football/states"
        answer = requests.get(url, headers={"Authorization": "mine"}, timeout=10)
        assert answer.status_code == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")
