"""The other includes of a match: their shapes, their oddities and when they are there."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simulator import World
from simulator.data.reference_data import TYPES_BY_ID
from simulator.data.source import FURTHER_ARRAYS
from tests.simulator.client import Row

NAMES = (
    *FURTHER_ARRAYS, "weatherreport", "referees.referee", "sidelined.sideline", "sidelined.player",
    "sidelined.sideline.player", "tvstations.tvstation",
)  # fmt: skip
PLAYED = (5, 7, 8)
VALUE_TYPES = {"object": dict, "string": str, "integer": int}


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, leagues=5, seasons=2, teams=6, clock="2026-06-20T00:00:00Z")


@pytest.fixture(scope="module")
def matches(world: World) -> list[Row]:
    fixtures = [world.fixture(fixture_id, NAMES) for fixture_id in world.fixture_ids()]
    return [fixture for fixture in fixtures if fixture["state_id"] in PLAYED]


def league_index(fixture: Row) -> int:
    return int(fixture["league_id"] - 2_001) // 3


def rows_of(matches: list[Row], name: str) -> list[Row]:
    return [row for fixture in matches for row in fixture[name]]


def test_ids_are_unique_and_rows_name_their_fixture(matches: list[Row]) -> None:
    for name in FURTHER_ARRAYS:
        seen: dict[int, Row] = {}
        for fixture in matches:
            for row in fixture[name]:
                if name == "coaches":
                    assert row["meta"]["fixture_id"] == fixture["id"]
                    continue
                key = "metadatable_id" if name == "metadata" else "fixture_id"
                assert row[key] == fixture["id"]
                # Only tvStations has duplicates, and they are exact.
                assert name == "tvstations" or row["id"] not in seen
                assert seen.setdefault(row["id"], row) == row
                if "type_id" in row:
                    assert row["type_id"] in TYPES_BY_ID
        assert name == "coaches" or seen


def test_coaches_and_referees(matches: list[Row]) -> None:
    counts: Counter[str] = Counter()
    for fixture in matches:
        teams = {team["id"] for team in fixture["participants"]}
        links = {row["meta"]["participant_id"]: row["id"] for row in fixture["coaches"]}
        assert links.keys() <= teams
        assert all("participant_id" not in row for row in fixture["coaches"])
        counts[f"{len(links)} coaches"] += 1
        for event in fixture["events"]:
            if event["coach_id"] is not None and event["participant_id"] in links:
                assert event["coach_id"] == links[event["participant_id"]]
        roles = sorted(row["type_id"] for row in fixture["referees"])
        assert roles in ([], [6, 7, 8, 9], [6, 7, 8, 9, 10])
        counts[f"{len(roles)} referees"] += 1
        assert len({row["referee_id"] for row in fixture["referees"]}) == len(roles)
        assert all(row["referee"]["id"] == row["referee_id"] for row in fixture["referees"])
    assert set(counts) == {"1 coaches", "2 coaches", "0 referees", "4 referees", "5 referees"}


def test_sidelined_players_are_not_in_the_line_ups(matches: list[Row]) -> None:
    found: Counter[str] = Counter()
    fixtures_of_sideline: Counter[int] = Counter()
    for fixture in matches:
        playing = {row["player_id"] for row in fixture["lineups"]}
        if league_index(fixture) % 4 == 3:
            assert fixture["sidelined"] == []
        for row in fixture["sidelined"]:
            is_new = fixture["starting_at"] >= "2025-11-10"
            assert ("player_id" in row) == ("type_id" in row) == is_new
            sideline = row["sideline"]
            if sideline is None:
                assert row["sideline_id"] is None
                assert row["player_id"] not in playing
                found["no sideline"] += 1
                continue
            assert row["sideline_id"] == sideline["id"]
            assert row["participant_id"] == sideline["team_id"]
            assert sideline["player_id"] not in playing
            assert sideline["start_date"] <= fixture["starting_at"][:10]
            assert sideline["player"]["id"] == sideline["player_id"]
            assert sideline["type_id"] in TYPES_BY_ID
            fixtures_of_sideline[sideline["id"]] += 1
            found[sideline["category"]] += 1
            found["with player" if is_new else "without player"] += 1
            found["over"] += sideline["completed"] and sideline["end_date"] is not None
    assert set(+found) == {
        "no sideline", "injury", "suspended", "with player", "without player", "over",
    }  # fmt: skip
    assert max(fixtures_of_sideline.values()) > 1


def test_weather(matches: list[Row]) -> None:
    reports = [fixture["weatherreport"] for fixture in matches]
    assert None in reports
    kinds: Counter[str] = Counter()
    for fixture, report in zip(matches, reports, strict=True):
        if report is None:
            continue
        assert report["fixture_id"] == fixture["id"]
        assert report["venue_id"] == fixture["venue_id"]
        for share in (report["humidity"], report["clouds"]):
            assert share.endswith("%")
            assert 0 <= int(share[:-1]) <= 100
        times = (
            {"current"} if report["type"] == "actual" else {"day", "morning", "evening", "night"}
        )
        assert set(report["temperature"]) == set(report["feels_like"]) == times
        kinds[report["type"]] += 1
        kinds.update(type(value).__name__ for value in report["feels_like"].values())
    assert set(kinds) == {"actual", "forecast", "int", "float"}


def test_metadata(matches: list[Row]) -> None:
    forms: Counter[tuple[int, str]] = Counter()
    for fixture in matches:
        types = [row["type_id"] for row in fixture["metadata"]]
        assert len(set(types)) == len(types)
        for row in fixture["metadata"]:
            values: Any = row["values"]
            forms[row["type_id"], row["value_type"]] += 1
            assert (
                type(values) is {"object": dict, "string": str, "integer": int}[row["value_type"]]
            )
            if row["type_id"] == 578:
                count: Any = values["attendance"] if isinstance(values, dict) else values
                assert 0 < count <= fixture["venue"]["capacity"]
    assert {(578, "object"), (578, "integer"), (572, "object"), (613, "string")} <= set(forms)
    assert sum(forms[578, form] for form in ("object", "integer")) < len(matches)


def test_predictions(matches: list[Row]) -> None:
    assert [] in [fixture["predictions"] for fixture in matches]
    keys: dict[int, set[Any]] = {}
    for row in rows_of(matches, "predictions"):
        keys.setdefault(row["type_id"], set()).update(row["predictions"])
        if row["type_id"] == 237:
            assert sum(row["predictions"].values()) == pytest.approx(100)
    assert keys[237] == {"home", "draw", "away"}
    assert keys[231] == keys[235] == {"yes", "no"}
    assert keys[240] == {"scores"}
    assert keys[33] == {"bet", "bookmaker", "fair_odd", "odd", "stake", "is_value"}


def test_odds(matches: list[Row]) -> None:
    rows = rows_of(matches, "odds")
    assert min(row["id"] for row in rows) > 2**32
    for row in rows:
        for key in ("value", "dp3", "probability", "fractional", "american"):
            assert isinstance(row[key], str)
        float(row["value"])
    assert {len(row["value"].partition(".")[2]) for row in rows} == {1, 2, 3}
    totals = {row["total"] for row in rows}
    assert {None, "2.5", "2.5, 3.0", "Over 3.5"} <= totals
    assert {None, "", "+1", "Under 2.5", "No Goal Before 30"} <= {row["handicap"] for row in rows}
    assert {row["winning"] for row in rows} == {True, False, None}
    assert None in {row["sort_order"] for row in rows}
    for fixture in matches:
        goals = {
            row["score"]["participant"]: row["score"]["goals"]
            for row in fixture["scores"]
            if row["description"] == "2ND_HALF"
        }
        home, away = goals["home"], goals["away"]
        result = "Home" if home > away else "Away" if away > home else "Draw"
        winning = {
            row["label"] for row in fixture["odds"] if row["market_id"] == 1 and row["winning"]
        }
        assert winning <= {result}
        assert bool(fixture["odds"]) == fixture["has_odds"]


def test_pressure_comments_and_trends(matches: list[Row]) -> None:
    kinds: Counter[str] = Counter()
    for fixture in matches:
        pressure = fixture["pressure"]
        kinds["pressure" if pressure else "no pressure"] += 1
        minutes = Counter(row["minute"] for row in pressure)
        kinds["unpaired"] += 1 in minutes.values()
        kinds.update(type(row["pressure"]).__name__ for row in pressure)
        comments = fixture["comments"]
        assert bool(comments) == (league_index(fixture) % 5 != 4)
        assert sorted(row["order"] for row in comments) == list(range(1, len(comments) + 1))
        kinds["comment without minute"] += any(row["minute"] is None for row in comments)
        goals = sum(event["type_id"] in (14, 15, 16) for event in fixture["events"])
        told = sum(row["is_goal"] for row in comments)
        if comments and goals and all(event["player_name"] for event in fixture["events"]):
            assert told - goals in (0, 1)
        statistics = {
            (row["participant_id"], row["type_id"]): row["data"]["value"]
            for row in fixture["statistics"]
        }
        periods = {row["id"] for row in fixture["periods"]}
        last = max(row["minute"] for row in fixture["trends"])
        for row in fixture["trends"]:
            assert type(row["value"]) is float
            assert row["period_id"] in periods
            if row["minute"] == last:
                value = statistics[row["participant_id"], row["type_id"]]
                assert value is None or value == row["value"]
    assert set(+kinds) == {
        "pressure", "no pressure", "unpaired", "int", "float", "comment without minute",
    }  # fmt: skip


def test_tv_stations_have_exact_duplicates(matches: list[Row]) -> None:
    with_rows = [fixture["tvstations"] for fixture in matches if fixture["tvstations"]]
    assert 0 < len(with_rows) < len(matches)
    for rows in with_rows:
        assert any(rows.count(row) == 2 for row in rows)
        assert all(row["tvstation"]["id"] == row["tvstation_id"] for row in rows)


def test_what_is_known_before_a_match(world: World) -> None:
    early = World(seed=7, leagues=5, seasons=2, teams=6, clock="2026-03-01T00:00:00Z")
    fixtures = [
        early.fixture(fixture_id, NAMES)
        for fixture_id in early.fixture_ids()
        if early.base(fixture_id)["state_id"] in (1, 13)
    ]
    assert len(fixtures) > 20
    days = 86_400
    for fixture in fixtures:
        ahead = fixture["starting_at_timestamp"] - early.now
        for name in ("lineups", "formations", "pressure", "comments", "trends"):
            assert fixture[name] == [] or (ahead <= 3_600 and name in ("lineups", "formations"))
        if fixture["placeholder"]:
            assert all(fixture[name] == [] for name in FURTHER_ARRAYS)
            assert fixture["weatherreport"] is None
        else:
            assert fixture["coaches"]
        if ahead > 2 * days:
            assert fixture["referees"] == []
        if ahead > 4 * days:
            assert fixture["weatherreport"] is None
        if ahead > 21 * days:
            assert fixture["predictions"] == []
        assert 578 not in {row["type_id"] for row in fixture["metadata"]}
    assert any(fixture["referees"] for fixture in fixtures)
    assert any(fixture["weatherreport"] for fixture in fixtures)
    assert any(fixture["predictions"] for fixture in fixtures)


def test_matches_that_are_not_played_have_no_line_ups(large_world: World) -> None:
    states: Counter[int] = Counter()
    for fixture_id in large_world.fixture_ids():
        state_id = large_world.base(fixture_id)["state_id"]
        if state_id in (10, 12, 14, 17):
            states[state_id] += 1
            fixture = large_world.fixture(fixture_id, NAMES)
            for name in ("lineups", "formations", "pressure", "trends", "comments"):
                assert fixture[name] == []
            assert [row["id"] for row in fixture["statistics"]] == [
                row["id"] for row in fixture["xgfixture"]
            ]
    assert len(states) >= 3


def test_groups_are_those_of_league_stages(matches: list[Row]) -> None:
    forms = Counter((fixture["group_id"] is None, fixture["group"] is None) for fixture in matches)
    assert set(forms) == {(True, True), (False, False)}
    for fixture in matches:
        if fixture["group"] is not None:
            assert fixture["group"]["id"] == fixture["group_id"]
            assert fixture["group"]["stage_id"] == fixture["stage_id"]
            assert fixture["round_id"] is not None


def test_grounds_have_text_as_coordinates(matches: list[Row]) -> None:
    venues = [fixture["venue"] for fixture in matches if fixture["venue"]]
    assert all(isinstance(venue["latitude"], str) for venue in venues)
    assert None in {venue["zipcode"] for venue in venues}


def test_an_include_does_not_depend_on_the_others(world: World) -> None:
    fixture_id = world.fixture_ids()[5]
    complete = world.fixture(fixture_id, NAMES)
    for name in (*FURTHER_ARRAYS, "weatherreport"):
        nested = {path for path in NAMES if path.startswith(f"{name}.")}
        alone = world.fixture(fixture_id, {name, *nested})
        assert alone[name] == complete[name]
        assert not set(alone) & ({*FURTHER_ARRAYS, "weatherreport"} - {name})
