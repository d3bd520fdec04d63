"""Line-ups and player statistics agree with the rest of their match."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from simulator import World
from simulator.data.reference_data import TYPES_BY_ID
from tests.simulator.client import Row

NAMES = ("lineups", "lineups.details", "lineups.xglineup", "lineups.player", "formations")
PLAYED = (5, 7, 8)
EXPECTED_GOALS = {5304, 5305, 9685}
STATISTICS_OF_EVENTS = {
    14: [52], 15: [324], 16: [52, 111], 17: [112], 19: [84], 20: [83], 21: [85],
}  # fmt: skip
# The team's total is the sum of its players' values, by the players' type and the team's.
SUMS = [
    (42, 42), (86, 86), (41, 41), (58, 58), (80, 80), (116, 81), (56, 56), (57, 57), (78, 78),
    (98, 98), (99, 99), (100, 100), (106, 106), (108, 108), (109, 109), (117, 117), (122, 62),
    (123, 27264), (580, 580), (581, 581), (51, 51), (5304, 5304), (5305, 5305), (79, 79), (83, 83),
    (85, 85),
]  # fmt: skip


@pytest.fixture(scope="module", params=[3, 11])
def matches(request: pytest.FixtureRequest) -> list[Row]:
    """Return the finished matches of two seasons of two leagues, for each of two seeds."""
    world = World(seed=request.param, leagues=2, seasons=2, teams=8, clock="2026-06-20T00:00:00Z")
    fixtures = [world.fixture(fixture_id, NAMES) for fixture_id in world.fixture_ids()]
    return [fixture for fixture in fixtures if fixture["state_id"] in PLAYED]


def details_of(lineup: Row) -> dict[int, int | float | bool]:
    return {row["type_id"]: row["data"]["value"] for row in lineup["xglineup"]}


def players(matches: list[Row]) -> Iterator[tuple[Row, Row, dict[int, int | float | bool]]]:
    for fixture in matches:
        for lineup in fixture["lineups"]:
            yield fixture, lineup, details_of(lineup)


def is_well_covered(fixture: Row) -> bool:
    """Return whether a match has all kinds of statistics of its players."""
    return any(80 in details_of(lineup) for lineup in fixture["lineups"])


def test_each_team_starts_with_eleven_players_in_its_formation(matches: list[Row]) -> None:
    for fixture in matches:
        teams = {team["id"] for team in fixture["participants"]}
        formations = {row["participant_id"]: row["formation"] for row in fixture["formations"]}
        assert set(formations) in (set(), teams)
        for team in teams:
            squad = [row for row in fixture["lineups"] if row["team_id"] == team]
            starters = [row for row in squad if row["type_id"] == 11]
            assert len(starters) == 11
            assert 17 <= len(squad) <= 21
            assert {row["type_id"] for row in squad} == {11, 12}
            assert {row["formation_position"] for row in starters} == set(range(1, 12))
            fields = {row["formation_field"] for row in starters}
            if fields != {None} and formations:
                lines = Counter(int(field.split(":")[0]) for field in fields)
                counts = [lines[line] for line in sorted(lines)]
                assert counts == [1, *map(int, formations[team].split("-"))]
        assert len({row["id"] for row in fixture["lineups"]}) == len(fixture["lineups"])


def test_players_of_events_are_in_the_line_ups(matches: list[Row]) -> None:
    events = 0
    for fixture in matches:
        known = {(row["player_id"], row["player_name"]) for row in fixture["lineups"]}
        for event in fixture["events"]:
            for key in ("player", "related_player"):
                player = (event[f"{key}_id"], event[f"{key}_name"])
                if player[1] is not None:
                    events += 1
                    # An event may lack the id of its player, but not have another one.
                    assert player in known or player[0] is None
                    assert player[1] in {name for _, name in known}
    assert events > 1_000


def test_substitutes_come_from_the_bench_and_minutes_follow(matches: list[Row]) -> None:
    checked = 0
    for fixture in matches:
        length = 120 if fixture["state_id"] in (7, 8) else 90
        came_on: dict[tuple[int, str], int] = {}
        went_off: dict[tuple[int, str], int] = {}
        if not fixture["events"]:
            continue
        for event in fixture["events"]:
            if event["type_id"] == 18 and event["player_name"] is not None:
                came_on[(event["participant_id"], event["player_name"])] = event["minute"]
                went_off[(event["participant_id"], event["related_player_name"])] = event["minute"]
            elif event["type_id"] in (20, 21):
                went_off[(event["participant_id"], event["player_name"])] = event["minute"]
        if any(e["type_id"] in (18, 20, 21) and not e["player_name"] for e in fixture["events"]):
            continue
        seen = set()
        for lineup in fixture["lineups"]:
            key = (lineup["team_id"], lineup["player_name"])
            values = details_of(lineup)
            if key in seen or not values:
                continue
            seen.add(key)
            begins = 0 if lineup["type_id"] == 11 else came_on[key]
            minutes = min(went_off.get(key, length), length) - begins
            assert values.get(119, 0) == minutes
            checked += 1
            if 117172 in values:
                assert values[117172] >= minutes
        assert {name for _, name in came_on} <= {
            row["player_name"] for row in fixture["lineups"] if row["type_id"] == 12
        }
    assert checked > 3_000


def test_goals_assists_and_cards_are_those_of_the_events(matches: list[Row]) -> None:
    compared = 0
    for fixture in matches:
        goals = sum(
            row["score"]["goals"] for row in fixture["scores"] if row["description"] == "CURRENT"
        )
        events = fixture["events"]
        scored = sum(event["type_id"] in (14, 15, 16) for event in events)
        if (
            not events
            or scored != goals
            or any(event["player_name"] is None and event["coach_id"] is None for event in events)
        ):
            # The API lacks events of a few matches, and players of a few events.
            continue
        expected: dict[tuple[str, int], int] = defaultdict(int)
        for event in events:
            player, helper = event["player_name"], event["related_player_name"]
            statistics = {
                14: [52],
                15: [324],
                16: [52, 111],
                17: [112],
                19: [84],
                20: [83],
                21: [85],
            }
            for statistic in statistics.get(event["type_id"], []):
                if player is not None:
                    expected[player, statistic] += 1
            if event["type_id"] == 14 and helper is not None:
                expected[helper, 79] += 1
        found: dict[tuple[str, int], float] = defaultdict(int)
        for lineup in fixture["lineups"]:
            for type_id, value in details_of(lineup).items():
                if type_id in (52, 324, 111, 112, 84, 83, 85, 79):
                    found[lineup["player_name"], type_id] += value
        assert found == expected
        compared += 1
    assert compared > len(matches) * 0.7


def test_team_statistics_are_the_sums_of_the_players(matches: list[Row]) -> None:
    compared: Counter[int] = Counter()
    for fixture in filter(is_well_covered, matches):
        sums: dict[tuple[int, int], float] = defaultdict(float)
        for lineup in fixture["lineups"]:
            for type_id, value in details_of(lineup).items():
                sums[lineup["team_id"], type_id] += value
        for row in fixture["xgfixture"]:
            for of_player, of_team in SUMS:
                value = row["data"]["value"]
                if row["type_id"] == of_team and value is not None:
                    total = sums[row["participant_id"], of_player]
                    assert total == pytest.approx(value), (fixture["id"], of_team)
                    compared[of_team] += 1
    assert set(compared) == {of_team for _, of_team in SUMS}


def test_xgfixture_repeats_the_statistics_and_adds_expected_goals(matches: list[Row]) -> None:
    with_expected_goals = 0
    for fixture in matches:
        rows = {row["id"]: row for row in fixture["xgfixture"]}
        assert len(rows) == len(fixture["xgfixture"])
        assert {row["id"]: row for row in fixture["statistics"]}.items() <= rows.items()
        added = {row["type_id"] for row in rows.values()} - {
            row["type_id"] for row in fixture["statistics"]
        }
        with_expected_goals += 5304 in added
        assert added == set() or {5304, 5305, 7939, 7943, 7945, 9685, 9687} <= added
        assert added or 5304 not in {t for lineup in fixture["lineups"] for t in details_of(lineup)}
    assert len(matches) * 0.5 < with_expected_goals < len(matches) * 0.9


def test_details_and_xglineup_are_the_same_rows(matches: list[Row]) -> None:
    forms: Counter[bool] = Counter()
    for fixture in matches:
        kinds = set()
        for lineup in fixture["lineups"]:
            by_id = {row["id"]: row for row in lineup["xglineup"]}
            details = {row["id"]: row for row in lineup["details"]}
            assert details.items() <= by_id.items()
            lacking = {row["type_id"] for row in by_id.values()} - {
                row["type_id"] for row in details.values()
            }
            assert lacking <= EXPECTED_GOALS
            kinds.add(bool(lacking))
        forms[True in kinds] += 1
    assert forms[True] > 10
    assert forms[False] > 10


def test_rows_of_details(matches: list[Row]) -> None:
    ids: set[int] = set()
    kinds: Counter[type] = Counter()
    ratings: Counter[type] = Counter()
    for fixture, lineup, values in players(matches):
        for row in lineup["xglineup"]:
            assert list(row) == [
                "id", "fixture_id", "player_id", "team_id", "lineup_id", "type_id", "data",
            ]  # fmt: skip
            assert row["fixture_id"] == fixture["id"]
            assert row["lineup_id"] == lineup["id"]
            assert (row["team_id"], row["player_id"]) == (lineup["team_id"], lineup["player_id"])
            assert row["id"] not in ids
            ids.add(row["id"])
            assert row["type_id"] in TYPES_BY_ID
        assert len(values) == len(lineup["xglineup"])
        for type_id, value in values.items():
            kinds[type(value)] += 1
            assert type(value) is bool if type_id == 40 else type(value) is not bool
            # Zeros are absent.
            assert value != 0 or type_id == 40
        if 118 in values:
            ratings[type(values[118])] += 1
            assert 3 <= values[118] <= 10
    assert min(ids) < 2**31 < max(ids)
    assert kinds[int] > kinds[float] > kinds[bool] > 0
    assert ratings[float] > ratings[int] > 0


def test_oddities_of_line_ups(matches: list[Row]) -> None:
    found: Counter[str] = Counter()
    for fixture in matches:
        lineups = fixture["lineups"]
        unknown = [row for row in lineups if row["player_id"] is None]
        found["all players unknown"] += len(unknown) == len(lineups)
        found["some players unknown"] += 0 < len(unknown) < len(lineups)
        found["unknown with statistics"] += any(
            row["player_name"] and row["details"] for row in unknown
        )
        starters = [row for row in lineups if row["type_id"] == 11]
        found["starter without statistics"] += any(not row["details"] for row in starters)
        found["no formation"] += not fixture["formations"]
        found["no fields"] += {row["formation_field"] for row in lineups} == {None}
        found["numbered substitute"] += any(
            row["formation_position"] for row in lineups if row["type_id"] == 12
        )
        known = [row["player_id"] for row in lineups if row["player_id"] is not None]
        found["player twice"] += len(set(known)) < len(known)
        found["no position"] += any(row["position_id"] is None for row in starters)
        found["substitute without minutes"] += any(
            row["details"] and 119 not in details_of(row) for row in lineups
        )
        captains = Counter(
            (row["team_id"], details_of(row)[40]) for row in lineups if 40 in details_of(row)
        )
        found["captain"] += {True} == {value for _, value in captains}
        found["captain of everybody"] += False in {value for _, value in captains}
        found["no captain"] += not captains
        found["two captains"] += any(v and count > 1 for (_, v), count in captains.items())
        found["no rating"] += not any(118 in details_of(row) for row in lineups)
        found["big id"] += any(row["id"] > 2**32 for row in lineups)
        for player in (row["player"] for row in lineups if row["player"]):
            found["height 0"] += player["height"] == 0
            found["no height"] += player["height"] is None
            found["placeholder"] += player["image_path"].endswith("/placeholder.png")
            found["detailed position as position"] += player["position_id"] not in (
                24, 25, 26, 27, None,
            )  # fmt: skip
        assert all((row["player"] is None) == (row["player_id"] is None) for row in lineups)
    assert {name for name, count in found.items() if not count} == set()
    bench = [row for _, row, _ in players(matches) if row["type_id"] == 12]
    assert 0.4 < sum(not row["details"] for row in bench) / len(bench) < 0.8


def test_line_ups_appear_an_hour_before_kick_off() -> None:
    world = World(seed=7, leagues=1, seasons=1, teams=6, clock="2026-03-01T00:00:00Z")
    fixture_id = next(i for i in world.fixture_ids() if world.base(i)["state_id"] == 1)
    kickoff = world.base(fixture_id)["starting_at_timestamp"]
    seen: list[tuple[bool, bool, int]] = []
    world.set_clock(world.base(fixture_id)["starting_at"].replace(" ", "T") + "Z")
    world.advance(-7_200)
    for _ in range(5):
        fixture = world.fixture(fixture_id, NAMES)
        details = sum(len(row["details"]) for row in fixture["lineups"])
        seen.append((world.now >= kickoff - 3_600, bool(fixture["lineups"]), details > 0))
        world.advance(2_700)
    assert [published for published, _, _ in seen] == [has for _, has, _ in seen]
    assert seen[0] == (False, False, False)
    assert seen[-1] == (True, True, True)
    assert (True, True, False) in seen
