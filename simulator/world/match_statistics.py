"""The statistics of the two teams of one match.

The numbers are invented, but consistent with each other and with the events and the score.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.data.source import Row
from simulator.randomness import generator, poisson
from simulator.world.match_events import IDS_PER_FIXTURE, MatchEvents
from simulator.world.match_outline import MatchSetup

_FIRST_STATISTIC_IDS = (413_000_000, 10_413_000_000)

# The documented sets of types: every finished match has the first, some have the others.
_STEADY_STATISTICS = (
    34, 41, 42, 45, 86, 56, 84, 51, 43, 44, 59, 57, 58, 52, 54,
    46, 60, 55, 80, 81, 82, 53, 98, 78, 109, 49, 50, 100, 108, 1605,
)  # fmt: skip
_OTHER_STATISTICS = (
    (99, 0.8), (87, 0.7), (62, 0.7), (27264, 0.7), (27265, 0.7), (580, 0.7), (581, 0.7),
    (106, 0.55), (117, 0.55), (79, 0.55), (64, 0.4), (65, 0.4), (47, 0.15), (1527, 0.1),
    (66, 0.03), (77, 0.03),
)  # fmt: skip
_MOST_TYPES = 44


class MatchStatistics:
    """The statistics of one match."""

    def __init__(self, setup: MatchSetup, events: MatchEvents) -> None:
        """Derive statistics from a match and its events."""
        self._setup = setup
        self._events = events
        self._last: tuple[int, list[dict[int, int]]] | None = None

    def rows(self, until: int, played: float) -> list[Row]:
        """Return the rows at a second since kick-off; `played` is the share of 90 minutes."""
        draw, sides = self._values(until, played)
        self._last = (until, sides)
        return self._statistic_rows(draw, sides)

    def team_values(self, until: int, played: float) -> list[dict[int, int]]:
        """Return the values of both sides by type, also of types that the rows lack."""
        if self._last is None or self._last[0] != until:
            self._last = (until, self._values(until, played)[1])
        return self._last[1]

    def _values(
        self, until: int, played: float
    ) -> tuple[Callable[[], float], list[dict[int, int]]]:
        setup = self._setup
        draw = generator(setup.bits, 7).random
        goals = setup.outline.score(until)
        counts: dict[tuple[int, int], int] = {}
        assists: dict[int, int] = {}
        for at, row in self._events.all:
            if at > until:
                continue
            key = (row["participant_id"], row["type_id"])
            counts[key] = counts.get(key, 0) + 1
            if row["type_id"] == 14 and row["related_player_name"]:
                assists[key[0]] = assists.get(key[0], 0) + 1
        possession = min(78, max(22, int(50 + (draw() + draw() + draw() - 1.5) * 22)))
        share = (possession, 100 - possession)
        shots: list[tuple[int, int, int, int]] = []
        fouls: list[int] = []
        offsides: list[int] = []
        teams = [side.participant_id for side in setup.sides]
        for side in (0, 1):
            scored = max(0, goals[side] - counts.get((teams[side], 15), 0))
            on_target = scored + int(poisson(draw, 2.8) * played)
            off_target = int(poisson(draw, 4.5) * played)
            blocked = int(poisson(draw, 3.0) * played)
            shots.append((scored, on_target, off_target, blocked))
            fouls.append(int(poisson(draw, 11.0) * played))
            offsides.append(int(poisson(draw, 1.8) * played))
        sides = [
            self._side_values(draw, played, share[side], shots, fouls, offsides, side)
            for side in (0, 1)
        ]
        for side, values in enumerate(sides):
            team = teams[side]
            values[52] = goals[side]
            values[84] = counts.get((team, 19), 0)
            values[83] = counts.get((team, 20), 0)
            values[85] = counts.get((team, 21), 0)
            values[59] = counts.get((team, 18), 0)
            values[79] = assists.get(team, 0)
            values[47] = counts.get((team, 16), 0) + counts.get((team, 17), 0)
        return draw, sides

    def _side_values(
        self,
        draw: Callable[[], float],
        played: float,
        possession: int,
        shots: list[tuple[int, int, int, int]],
        fouls: list[int],
        offsides: list[int],
        side: int,
    ) -> dict[int, int]:
        _, on_target, off_target, blocked = shots[side]
        total = on_target + off_target + blocked
        inside = int(total * (0.5 + draw() * 0.3))
        attacks = int((40 + possession * (0.9 + draw() * 0.4)) * played)
        passes = int((possession * 8.5 + draw() * 60) * played)
        passed = int(passes * (0.7 + draw() * 0.2))
        long_passes = int((35 + draw() * 35) * played)
        long_passed = int(long_passes * (0.35 + draw() * 0.3))
        dribbles = int((8 + draw() * 16) * played)
        dribbled = int(dribbles * (0.35 + draw() * 0.35))
        crosses = int((8 + draw() * 18) * played)
        chances = int((shots[side][0] + draw() * 3) * min(1.0, played))
        return {
            34: int(poisson(draw, 5.0) * played),
            41: off_target,
            42: total,
            43: attacks,
            44: int(attacks * (0.35 + draw() * 0.3)),
            45: possession,
            46: int((60 + draw() * 50) * played),
            49: inside,
            50: total - inside,
            51: offsides[side],
            53: int((4 + draw() * 9) * played),
            54: total,
            55: fouls[1 - side] + offsides[1 - side],
            56: fouls[side],
            57: shots[1 - side][1] - shots[1 - side][0],
            58: blocked,
            60: int((13 + draw() * 15) * played),
            62: long_passes,
            64: int(draw() * 1.6 * played),
            65: int((8 + draw() * 16) * played),
            66: int((2 + draw() * 6) * played),
            77: int((4 + draw() * 9) * played),
            78: int((9 + draw() * 14) * played),
            80: passes,
            81: passed,
            82: round(100 * passed / passes) if passes else 0,
            86: on_target,
            87: int(draw() * 3.2 * played),
            98: crosses,
            99: int(crosses * (0.15 + draw() * 0.2)),
            100: int((5 + draw() * 9) * played),
            106: int((36 + draw() * 24) * played),
            108: dribbles,
            109: dribbled,
            117: int(total * (0.6 + draw() * 0.3)),
            580: chances,
            581: int(chances * draw() * 0.8),
            1527: int(draw() * 5 * played),
            1605: round(100 * dribbled / dribbles) if dribbles else 0,
            27264: long_passed,
            27265: round(100 * long_passed / long_passes) if long_passes else 0,
        }

    def _statistic_rows(self, draw: Callable[[], float], values: list[dict[int, int]]) -> list[Row]:
        sides: list[dict[int, int | None]] = [dict(side) for side in values]
        # As on the live API: in one of some hundred fixtures both rows about passes are null.
        if self._setup.is_one_in(500, salt=8):
            for side_values in sides:
                side_values[80] = side_values[81] = None
        types = [(type_id, (True, True)) for type_id in _STEADY_STATISTICS]
        types += [(type_id, (True, True)) for type_id, share in _OTHER_STATISTICS if draw() < share]
        del types[_MOST_TYPES:]
        for type_id, share in ((83, 0.2), (85, 0.1)):
            # For most sides without such a card the row is absent, not zero.
            present = (
                draw() < share or bool(sides[0][type_id]),
                draw() < share or bool(sides[1][type_id]),
            )
            types.append((type_id, present))
        setup = self._setup
        first_id = _FIRST_STATISTIC_IDS[setup.ordinal % 2] + setup.ordinal * IDS_PER_FIXTURE
        rows: list[Row] = []
        for side, location in ((0, "home"), (1, "away")):
            participant_id, shown = setup.sides[side].participant_id, sides[side]
            rows += [
                {
                    "id": first_id + (2 * place + side) * 53 % IDS_PER_FIXTURE,
                    "fixture_id": setup.fixture_id,
                    "type_id": type_id,
                    "participant_id": participant_id,
                    "data": {"value": shown[type_id]},
                    "location": location,
                }
                for place, (type_id, present) in enumerate(types)
                if present[side]
            ]
        return rows
