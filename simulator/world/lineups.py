"""The line-ups of one match: starters and bench, formations and the players' statistics."""

from __future__ import annotations

from simulator.data.clock import parse_instant
from simulator.data.source import Row
from simulator.randomness import mix
from simulator.world.expected_goals import PLAYER_TYPES
from simulator.world.match_outline import MatchSetup
from simulator.world.player_statistics import Values

STARTER, BENCH = 11, 12
PUBLISHED_BEFORE = 3_600
"""Seconds before kick-off at which line-ups are published."""

_PLACES = 64
_STATISTICS = 96
_BIG_IDS_SINCE = parse_instant("2023-06-01")
_FIRST_LINEUP_IDS = (884_000_000, 10_900_000_000)
# The ids of the first 150 fixtures are below 2**31, the others above.
_FIRST_STATISTIC_ID = 2**31 - 150 * 40 * _STATISTICS
# Line-ups lack the rows and columns of the formation in old seasons.
_FIELDS_SINCE = parse_instant("2022-07-01")
_FIRST_FORMATION_ID = 3_000_000

STATISTIC_TYPES = (
    119, 118, 120, 80, 116, 1584, 27273, 117172, 105, 27271, 27272, 106, 1491, 27269, 88, 122, 123,
    78, 27270, 101, 56, 108, 42, 5304, 27266, 96, 107, 27267, 27268, 98, 117, 100, 94, 110, 5305,
    9685, 109, 9706, 27274, 27275, 41, 86, 27276, 40, 58, 99, 1533, 97, 84, 121, 52, 580, 51, 581,
    79, 1535, 57, 104, 584, 103, 64, 111, 83, 324, 112, 85,
)  # fmt: skip
"""Types of the statistics of a player in a match."""

_SLOTS = {type_id: slot for slot, type_id in enumerate(STATISTIC_TYPES)}


def shows_fields(setup: MatchSetup) -> bool:
    """Return whether the line-ups of a match say where a player stands."""
    return setup.kickoff >= _FIELDS_SINCE and not setup.is_one_in(6, salt=60)


def has_details_with_expected_goals(setup: MatchSetup) -> bool:
    """Return whether `details` has the expected goals; in the other matches only `xglineup`."""
    return not setup.is_one_in(3, salt=61)


def lineup_id(setup: MatchSetup, side: int, place: int) -> int:
    """Return the id of a row of the line-ups."""
    first_id = _FIRST_LINEUP_IDS[setup.kickoff >= _BIG_IDS_SINCE] + setup.ordinal * _PLACES
    return first_id + (side * 32 + place) * 37 % _PLACES


def lineup_rows(setup: MatchSetup, came_on: list[list[bool]]) -> list[Row]:
    """Return the line-ups of both teams.

    `came_on` is, by side and place in the squad, who has come on as a substitute.
    """
    has_fields = shows_fields(setup)
    # In some real matches the substitutes who came on have a position in the formation, too.
    numbers_substitutes = setup.is_one_in(15, salt=62)
    rows: list[Row] = []
    for side, team in enumerate(setup.sides):
        fields = formation_fields(team.match_squad.formation)
        substitutes = 11
        for place, player in enumerate(team.match_squad.players):
            is_starter = place < 11
            formation_position = place + 1 if is_starter else None
            if numbers_substitutes and came_on[side][place]:
                formation_position = substitutes
                substitutes -= 1
            draw = mix(setup.bits, 63, side, place)
            rows.append(
                {
                    "id": lineup_id(setup, side, place),
                    "sport_id": 1,
                    "fixture_id": setup.fixture_id,
                    "player_id": player.player_id,
                    "team_id": team.participant_id,
                    "position_id": None if draw % 17 == 0 else player.position_id,
                    "formation_field": fields[place] if is_starter and has_fields else None,
                    "type_id": STARTER if is_starter else BENCH,
                    "formation_position": formation_position,
                    "player_name": player.name,
                    "jersey_number": jersey_number(player.number),
                }
            )
    if setup.is_one_in(100, salt=64):
        # In a few real matches a player on the bench is there twice.
        last = len(setup.sides[0].squad) - 1
        rows.append({**rows[last], "id": lineup_id(setup, 0, 31)})
    return rows


def jersey_number(number: int) -> int:
    """Return the number on the shirt of a player; clubs give numbers up to 144."""
    return number + 1 if number < 23 else number + 120


def formation_fields(formation: str) -> list[str]:
    """Return "row:column" of the eleven starters of a formation such as "4-4-2"."""
    lines = [1, *(int(count) for count in formation.split("-"))]
    return [
        f"{row}:{column}"
        for row, count in enumerate(lines, start=1)
        for column in range(1, count + 1)
    ]


def formation_rows(setup: MatchSetup) -> list[Row]:
    """Return the formations of both teams; about a twelfth of the matches has none."""
    if setup.is_one_in(12, salt=65):
        return []
    return [
        {
            "id": _FIRST_FORMATION_ID + setup.ordinal * 2 + side,
            "fixture_id": setup.fixture_id,
            "participant_id": team.participant_id,
            "formation": team.match_squad.formation,
            "location": ("home", "away")[side],
        }
        for side, team in enumerate(setup.sides)
    ]


def statistic_rows(
    setup: MatchSetup, values: list[list[Values]], *, with_expected: bool
) -> dict[int, list[Row]]:
    """Return the rows of `details` or of `xglineup`, which have the same ids, by line-up id."""
    first_id = _FIRST_STATISTIC_ID + setup.ordinal * 40 * _STATISTICS
    return {
        lineup_id(setup, side, place): [
            {
                "id": first_id + (side * 20 + place) * _STATISTICS + _SLOTS[type_id],
                "fixture_id": setup.fixture_id,
                "player_id": setup.sides[side].match_squad.players[place].player_id,
                "team_id": setup.sides[side].participant_id,
                "lineup_id": lineup_id(setup, side, place),
                "type_id": type_id,
                "data": {"value": value},
            }
            for type_id, value in statistics.items()
            if with_expected or type_id not in PLAYER_TYPES
        ]
        for side, players in enumerate(values)
        for place, statistics in enumerate(players)
    }
