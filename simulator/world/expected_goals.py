"""The expected goals of one match: of every player, and of the teams as sums of their players."""

from __future__ import annotations

from simulator.data.clock import parse_instant
from simulator.data.source import Row
from simulator.randomness import generator, mix
from simulator.world.match_events import MatchEvents
from simulator.world.match_outline import MatchSetup
from simulator.world.player_statistics import PlayerStatistics, Values

PLAYER_TYPES = frozenset({5304, 5305, 9685})
_FIRST_IDS = 77_000_000
_IDS_PER_FIXTURE = 32
_SINCE = parse_instant("2024-09-01")
_WHOLE_MATCH = 1 << 30


def has_expected_goals(setup: MatchSetup) -> bool:
    """Return whether a match has expected goals after its end: most have, none before 2024/25."""
    # A match whose players have few statistics has no expected goals either.
    is_poor = setup.is_one_in(10, salt=44)
    return setup.kickoff >= _SINCE and not is_poor and mix(setup.bits, 46) % 100 < 82


def player_values(
    setup: MatchSetup, events: MatchEvents, statistics: PlayerStatistics
) -> list[list[Values]]:
    """Return the expected goals of every player, by side and place in the squad."""
    draw = generator(setup.bits, 6).random
    sides: list[list[Values]] = []
    for side, shots in enumerate(statistics.shots):
        penalties: dict[int, int] = {}
        for action in events.actions:
            if action.side == side and action.type_id in (16, 17):
                penalties[action.player] = penalties.get(action.player, 0) + 1
        players: list[Values] = []
        for place, on_target in enumerate(shots.on_target):
            from_spot = penalties.get(place, 0)
            attempts = on_target + shots.off_target[place] + shots.blocked[place] - from_spot
            goals = 0.79 * from_spot + sum(0.02 + 0.16 * draw() for _ in range(attempts))
            values: Values = {}
            if goals:
                values[5304] = round(goals, 4)
            if on_target:
                values[5305] = round(sum(0.1 + 0.5 * draw() for _ in range(on_target)), 4)
                values[9685] = round(values[5305] - values.get(5304, 0), 4)
            players.append(values)
        sides.append(players)
    return sides


def team_rows(setup: MatchSetup, events: MatchEvents, players: list[list[Values]]) -> list[Row]:
    """Return the rows of the two teams, which `xGFixture` has in addition to the statistics."""
    draw = generator(setup.bits, 47).random
    totals = [sum(values.get(5304, 0) for values in side) for side in players]
    on_target = [sum(values.get(5305, 0) for values in side) for side in players]
    goals = setup.outline.score(_WHOLE_MATCH)
    rows: list[Row] = []
    for side, location in enumerate(("home", "away")):
        penalties = 0.79 * sum(
            action.side == side and action.type_id in (16, 17) for action in events.actions
        )
        others = totals[side] - penalties
        corners, free_kicks = (round(others * share * draw(), 4) for share in (0.2, 0.1))
        values: Values = {
            5304: totals[side],
            5305: on_target[side],
            7939: round(3 * (totals[side] + 0.2) / (sum(totals) + 0.4) * 0.92, 4),
            7941: free_kicks,
            7942: corners,
            7943: others,
            7944: corners + free_kicks,
            7945: others - corners - free_kicks,
            9685: on_target[side] - totals[side],
            9687: totals[1 - side],
        }
        if penalties:
            values[7940] = penalties
        if setup.is_one_in(4, salt=48):
            values[9686] = on_target[1 - side] - goals[1 - side]
        if setup.is_one_in(40, salt=49):
            values[9684] = totals[side] - totals[1 - side]
        first_id = _FIRST_IDS + setup.ordinal * _IDS_PER_FIXTURE + side * 16
        rows += [
            {
                "id": first_id + place,
                "fixture_id": setup.fixture_id,
                "type_id": type_id,
                "participant_id": setup.sides[side].participant_id,
                # Zero arrives without its fraction.
                "data": {"value": value or 0},
                "location": location,
            }
            for place, (type_id, value) in enumerate(sorted(values.items()))
        ]
    return rows
