"""The details of one match: events, statistics, scores, periods and expected goals.

Field sets, key order, null shares and oddities follow real answers; the numbers themselves are
invented and only have to be plausible and coherent with each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from simulator.data.clock import parse_instant
from simulator.randomness import generator, mix, poisson
from simulator.world.match_outline import MINUTE, Fate, Outline

Row = dict[str, Any]

# Real event, statistic and lineup ids have passed 2**31; half of the fixtures here have.
_EVENT_IDS = (148_000_000, 10_959_000_000)
_STATISTIC_IDS = (413_000_000, 10_413_000_000)
_ROOM = 128
"""Ids set aside for one fixture's events, and as many for its statistics."""

_RESCINDED_SINCE = parse_instant("2025-06-30")
_SORT_ORDER_SINCE = parse_instant("2024-09-10")

_LABELS = {
    14: "Goal",
    15: "Own Goal",
    16: "Penalty",
    17: "Missed Penalty",
    18: "Substitution",
    19: "Yellowcard",
    20: "Redcard",
    21: "Yellow/Red card",
}
_CARDS = frozenset({19, 20, 21})
_SCORED = frozenset({14, 15, 16})
# Sub type and its texts: key on the sub type, the wording has changed over time.
_REVIEWS: list[tuple[int, tuple[str, ...]]] = [
    (1512, ("Goal disallowed", "Goal Disallowed", "Var", "Goal ruled out")),
    (9698, ("Penalty confirmed", "Penalty awarded")),
    (9699, ("Penalty cancelled", "Penalty disallowed")),
    (9701, ("Card adjusted",)),
    (9702, ("Red card cancelled",)),
    (9703, ("Goal awarded",)),
    (9704, ("Review",)),
]
_REVIEW_LIMITS = (0.55, 0.7, 0.82, 0.88, 0.92, 0.96, 1.0)

# The documented sets of rows: the first ones in every finished match, the others in some.
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

_SCORE_IDS = 16_000_000
_PERIOD_IDS = 5_200_000
_EXPECTED_IDS = 77_000_000


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two teams as far as its match needs it: `squad` is (player id, name), 11 first."""

    participant_id: int
    coach_id: int
    squad: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Incident:
    """Something that happens on the pitch, before it is written as an event."""

    at: int
    period: int
    running_minute: int
    side: int
    type_id: int


class Match:
    """One fixture's details, complete; `array` cuts them off at a second since kick-off."""

    def __init__(
        self,
        seed: int,
        fixture_id: int,
        ordinal: int,
        kickoff: int,
        sides: tuple[Side, Side],
        outline: Outline,
    ) -> None:
        """Make the details; `ordinal` is the fixture's place in the world, for unique ids."""
        self.fixture_id = fixture_id
        self.ordinal = ordinal
        self.kickoff = kickoff
        self.sides = sides
        self.outline = outline
        self.odd = mix(seed, fixture_id, 3)
        self.draw = generator(seed, fixture_id, 2).random
        self.periods = {period.number: period for period in outline.periods}

    def _share(self, salt: int, parts: int) -> bool:
        """Say whether this fixture is one of a share of 1 in `parts`."""
        return mix(self.odd, salt) % parts == 0

    # ------------------------------------------------------------------ events

    @cached_property
    def incidents(self) -> list[Incident]:
        """Everything that happens on the pitch, in order."""
        outline, draw = self.outline, self.draw
        if outline.fate in (Fate.AWARDED, Fate.WALKOVER):
            return []
        incidents: list[Incident] = []

        def add(side: int, type_id: int, period: int, earliest: int = 1) -> None:
            part = self.periods[period]
            span = (part.ends - part.starts) // MINUTE - earliest
            running = earliest + int(draw() * span)
            incidents.append(Incident(part.at(running), period, running, side, type_id))

        for goal in outline.goals:
            kind = draw()
            type_id = 16 if kind < 0.085 else 15 if kind < 0.12 else 14
            incidents.append(
                Incident(goal.at, goal.period, goal.running_minute, goal.side, type_id)
            )
        for side in (0, 1):
            if draw() < 0.05:
                add(side, 17, 1 if draw() < 0.5 else 2)
            for _ in range(3 + int(draw() * 3)):
                if draw() < 0.04:
                    add(side, 18, 1, 15)
                else:
                    add(side, 18, 2, 1)
            for _ in range(poisson(draw, 1.95)):
                add(side, 19, 1 if draw() < 0.35 else 2)
            if draw() < 0.06:
                add(side, 20, 1 if draw() < 0.3 else 2)
            if draw() < 0.05:
                add(side, 21, 2, 10)
            if 3 in self.periods:
                add(side, 18, 3)
        if draw() < 0.3:
            add(int(draw() * 2), 10, 1 if draw() < 0.5 else 2)
        if draw() < 0.045:
            add(int(draw() * 2), 1697, 2)
        stop = outline.phases[-1][0]
        incidents = [incident for incident in incidents if incident.at <= stop]
        incidents.sort(key=lambda incident: (incident.period, incident.running_minute))
        return incidents

    @cached_property
    def events(self) -> list[tuple[int, Row]]:
        """Every event of the whole match with the second since kick-off that it is known at."""
        incidents = self.incidents
        draw = self.draw
        fixture_id = self.fixture_id
        first_id = _EVENT_IDS[self.ordinal % 2] + self.ordinal * _ROOM
        first_period = _PERIOD_IDS + self.ordinal * 8
        pitch = [list(side.squad[:11]) for side in self.sides]
        bench = [list(side.squad[11:]) for side in self.sides]
        booked: list[list[tuple[int, str]]] = [[], []]
        score = [0, 0]
        counts: dict[int, int] = {}
        coarse = self._share(1, 8)
        old_words = self._share(2, 5)
        written: list[tuple[int, Row]] = []

        for incident in incidents:
            side, type_id = incident.side, incident.type_id
            players = pitch[side]
            player: tuple[int | None, str | None]
            related: tuple[int | None, str | None] = (None, None)
            result = info = coach_id = sub_type_id = injured = None
            on_bench = False
            if type_id == 18:
                if len(players) < 4 or len(bench[side]) < 2:
                    continue
                going = players.pop(1 + int(draw() * (len(players) - 1)))
                coming = bench[side].pop(0)
                players.append(coming)
                player, related = coming, going
                if draw() < 0.2:
                    injured = draw() < 0.4
            elif type_id == 21:
                candidates = [someone for someone in booked[side] if someone in players]
                if candidates and len(players) > 8:
                    player = candidates[int(draw() * len(candidates))]
                    players.remove(player)
                    info = "Foul"
                else:
                    continue
            elif type_id == 20:
                if len(players) <= 8:
                    continue
                player = players.pop(1 + int(draw() * (len(players) - 1)))
                info = "Foul" if draw() < 0.7 else "Violent conduct"
            elif type_id == 19:
                info = "Foul" if draw() < 0.5 else "Argument" if draw() < 0.1 else None
                kind = draw()
                if kind < 0.03:
                    player, coach_id = (None, None), self.sides[side].coach_id
                    on_bench = True
                else:
                    player = players[int(draw() * len(players))]
                    if player in booked[side]:
                        player = next(
                            (someone for someone in players if someone not in booked[side]), player
                        )
                    booked[side].append(player)
            elif type_id == 15:
                others = pitch[1 - side]
                player = others[int(draw() * len(others))]
            else:
                player = players[1 + int(draw() * (len(players) - 1))]
                if type_id == 14:
                    info = "Header" if draw() < 0.18 else "Shot"
                    sub_type_id = 1522 if info == "Shot" and draw() < 0.3 else None
                    helper = players[1 + int(draw() * (len(players) - 1))]
                    if draw() < 0.72 and helper is not player:
                        related = helper
                elif type_id in (16, 17):
                    info, sub_type_id = "Penalty", 16 if type_id == 16 else None
            if type_id in _SCORED:
                score[side] += 1
                result = f"{score[0]}-{score[1]}"
            order = counts[type_id] = counts.get(type_id, 0) + 1
            if type_id == 10 or type_id == 1697:
                kind = draw()
                if type_id == 1697:
                    place = 3 if kind < 0.6 else 4
                else:
                    place = next(i for i, limit in enumerate(_REVIEW_LIMITS) if kind < limit)
                sub_type_id, texts = _REVIEWS[place]
                addition: str | None = texts[int(draw() * len(texts))]
                info = "Offside" if sub_type_id == 1512 and draw() < 0.5 else None
            elif draw() < 0.09:
                addition = None
            else:
                label = "Yellow Card" if type_id == 19 and old_words else _LABELS[type_id]
                addition = f"{_ordinal(order)} {label}"
            if draw() < 0.012:
                player = (None, player[1] if draw() < 0.3 else None)
            period = self.periods[incident.period]
            minute, extra_minute = period.shown(incident.running_minute)
            period_id = first_period + min(incident.period, 3)
            row: Row = {
                "id": first_id + len(written) * 37 % _ROOM,
                "fixture_id": fixture_id,
                "period_id": period_id if draw() >= 0.0001 else None,
                "participant_id": self.sides[side].participant_id,
                "type_id": type_id,
                "section": "event",
                "player_id": player[0],
                "related_player_id": related[0],
                "player_name": player[1],
                "related_player_name": related[1],
                "result": result,
                "info": info,
                "addition": addition,
                "minute": minute,
                "extra_minute": extra_minute,
                "injured": injured,
                "on_bench": on_bench,
                "coach_id": coach_id,
                "sub_type_id": sub_type_id,
                "detailed_period_id": None if coarse else first_period + incident.period,
                "rescinded": (draw() < 0.01) if type_id in _CARDS else None,
                "sort_order": order,
            }
            written.append((incident.at, row))
        self._kicks(written, first_id, first_period + 5)
        self._forget_keys(written)
        return written

    def _kicks(self, written: list[tuple[int, Row]], first_id: int, period_id: int) -> None:
        score = [0, 0]
        counts = {22: 0, 23: 0}
        for number, (at, side, scored) in enumerate(self.outline.kicks, start=1):
            score[side] += scored
            type_id = 23 if scored else 22
            counts[type_id] += 1
            squad = self.sides[side].squad
            player = squad[1 + (number // 2) % 10]
            row: Row = {
                "id": first_id + len(written) * 37 % _ROOM,
                "fixture_id": self.fixture_id,
                "period_id": period_id,
                "participant_id": self.sides[side].participant_id,
                "type_id": type_id,
                "section": "event",
                "player_id": player[0],
                "related_player_id": None,
                "player_name": player[1],
                "related_player_name": None,
                "result": f"{score[0]}-{score[1]}",
                "info": None,
                "addition": f"{_ordinal(number)} Penalty",
                # A kick's minute is its number: seen on the live API.
                "minute": number,
                "extra_minute": None,
                "injured": None,
                "on_bench": False,
                "coach_id": None,
                "sub_type_id": None,
                "detailed_period_id": period_id,
                "rescinded": None,
                "sort_order": counts[type_id],
            }
            written.append((at, row))

    def _forget_keys(self, written: list[tuple[int, Row]]) -> None:
        """Take away the keys that rows from before their introduction lack."""
        if self._share(4, 4 if self.kickoff < _RESCINDED_SINCE else 50):
            for _, row in written:
                del row["rescinded"]
        if self.kickoff < _SORT_ORDER_SINCE and self._share(5, 10):
            for _, row in written:
                del row["sort_order"]

    # ------------------------------------------------------------------ statistics

    def _expected(self) -> list[list[float]]:
        """Return the expected goals of both sides: with penalties, from set play, on target."""
        draw = generator(self.odd, 6).random
        goals = self.outline.score(1 << 30)
        values = []
        for side in (0, 1):
            penalties = sum(
                incident.type_id in (16, 17) and incident.side == side
                for incident in self.incidents
            )
            play = round(0.25 + goals[side] * 0.45 + draw() * 1.1, 4)
            set_play = round(play * draw() * 0.4, 4) if draw() < 0.8 else 0
            total = round(play + 0.79 * penalties, 4)
            on_target = round(total * (0.6 + draw() * 0.7), 4)
            values.append([total, on_target, play, set_play])
        return values

    def statistics(self, until: int, played: float) -> list[Row]:
        """Return the rows at a second of the match; `played` is the share of 90 minutes played."""
        draw = generator(self.odd, 7).random
        goals = self.outline.score(until)
        seen = [incident for incident in self.events if incident[0] <= until]
        counts: dict[tuple[int, int], int] = {}
        assists: dict[int, int] = {}
        for _, row in seen:
            key = (row["participant_id"], row["type_id"])
            counts[key] = counts.get(key, 0) + 1
            if row["type_id"] == 14 and row["related_player_id"]:
                assists[key[0]] = assists.get(key[0], 0) + 1
        possession = min(78, max(22, int(50 + (draw() + draw() + draw() - 1.5) * 22)))
        share = (possession, 100 - possession)
        shots: list[tuple[int, int, int, int]] = []
        fouls: list[int] = []
        offsides: list[int] = []
        ids = [side.participant_id for side in self.sides]
        for side in (0, 1):
            struck = max(0, goals[side] - counts.get((ids[side], 15), 0))
            on_target = struck + int(poisson(draw, 2.8) * played)
            off_target = int(poisson(draw, 4.5) * played)
            blocked = int(poisson(draw, 3.0) * played)
            shots.append((struck, on_target, off_target, blocked))
            fouls.append(int(poisson(draw, 11.0) * played))
            offsides.append(int(poisson(draw, 1.8) * played))
        sides = [
            self._side_values(draw, played, share[side], shots, fouls, offsides, side)
            for side in (0, 1)
        ]
        for side, values in enumerate(sides):
            team = ids[side]
            values[52] = goals[side]
            values[84] = counts.get((team, 19), 0)
            values[83] = counts.get((team, 20), 0)
            values[85] = counts.get((team, 21), 0)
            values[59] = counts.get((team, 18), 0)
            values[79] = assists.get(team, 0)
            values[47] = counts.get((team, 16), 0) + counts.get((team, 17), 0)
        return self._statistic_rows(draw, sides)

    def _side_values(
        self,
        draw: Callable[[], float],
        played: float,
        possession: int,
        shots: list[tuple[int, int, int, int]],
        fouls: list[int],
        offsides: list[int],
        side: int,
    ) -> dict[int, int | None]:
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

    def _statistic_rows(
        self, draw: Callable[[], float], sides: list[dict[int, int | None]]
    ) -> list[Row]:
        # Seen on the live API: both passes rows null in one fixture of some hundred.
        if self._share(8, 500):
            for values in sides:
                values[80] = values[81] = None
        types = [(type_id, (True, True)) for type_id in _STEADY_STATISTICS]
        types += [(type_id, (True, True)) for type_id, share in _OTHER_STATISTICS if draw() < share]
        del types[_MOST_TYPES:]
        for type_id, share in ((83, 0.2), (85, 0.1)):
            # Absent, not zero, for most sides without such a card; never absent with one.
            present = (
                draw() < share or bool(sides[0][type_id]),
                draw() < share or bool(sides[1][type_id]),
            )
            types.append((type_id, present))
        first_id = _STATISTIC_IDS[self.ordinal % 2] + self.ordinal * _ROOM
        fixture_id = self.fixture_id
        rows: list[Row] = []
        for side, location in ((0, "home"), (1, "away")):
            participant_id, values = self.sides[side].participant_id, sides[side]
            rows += [
                {
                    "id": first_id + (2 * place + side) * 53 % _ROOM,
                    "fixture_id": fixture_id,
                    "type_id": type_id,
                    "participant_id": participant_id,
                    "data": {"value": values[type_id]},
                    "location": location,
                }
                for place, (type_id, there) in enumerate(types)
                if there[side]
            ]
        return rows

    def expected(self) -> list[Row]:
        """Return the rows of the xGFixture include: the same shape as statistics, with floats."""
        rows: list[Row] = []
        number = _EXPECTED_IDS + self.ordinal * 16
        for side, (total, on_target, play, set_play) in enumerate(self._expected()):
            for place, (type_id, value) in enumerate(
                ((5304, total), (5305, on_target), (7943, play), (7944, set_play))
            ):
                rows.append(
                    {
                        "id": number + side * 8 + place,
                        "fixture_id": self.fixture_id,
                        "type_id": type_id,
                        "participant_id": self.sides[side].participant_id,
                        "data": {"value": value},
                        "location": ("home", "away")[side],
                    }
                )
        return rows

    # ------------------------------------------------------------------ scores and periods

    def scores(self, until: int, second_half: bool) -> list[Row]:
        """Return the score rows at a second: two for each description."""
        outline = self.outline
        extra = 3 in self.periods and until >= self.periods[3].starts
        parts: list[tuple[int, str, tuple[int, int]]] = [
            (1, "1ST_HALF", outline.score(until, 1, 1)),
            (1525, "CURRENT", outline.score(until)),
        ]
        if second_half:
            # 2ND_HALF is the score after 90 minutes, not that of the half alone.
            parts.append((2, "2ND_HALF", outline.score(until, 1, 2)))
            if mix(self.odd, 9) % 100 < 77:
                parts.append((48996, "2ND_HALF_ONLY", outline.score(until, 2, 2)))
        if extra:
            parts.append((3, "ET", outline.score(until, 3, 4)))
            parts.append((5314, "ET_1ST_HALF", outline.score(until, 3, 3)))
            if until >= self.periods[4].starts:
                parts.append((39, "ET_2ND_HALF", outline.score(until, 4, 4)))
        if outline.kicks and until >= outline.kicks[0][0]:
            parts.append((5, "PENALTY_SHOOTOUT", outline.shootout(until)))
        first_id = _SCORE_IDS + self.ordinal * 32
        return [
            {
                "id": first_id + 2 * place + side,
                "fixture_id": self.fixture_id,
                "type_id": type_id,
                "participant_id": self.sides[side].participant_id,
                "score": {"goals": goals[side], "participant": ("home", "away")[side]},
                "description": description,
            }
            for place, (type_id, description, goals) in enumerate(parts)
            for side in (0, 1)
        ]

    def period_rows(self, until: int, over: bool) -> list[Row]:
        """Return the periods that have begun; the running one ticks and has no end."""
        spans = [
            (1, 1, "1st-half", 0, 45, self.periods[1].starts, self.periods[1].ends),
            (2, 2, "2nd-half", 45, 45, self.periods[2].starts, self.periods[2].ends),
        ]
        if 3 in self.periods:
            spans.append((3, 3, "extra-time", 90, 30, self.periods[3].starts, self.periods[4].ends))
        kicks = self.outline.kicks
        if kicks:
            spans.append((5, 5, "penalties", 120, 0, kicks[0][0] - 45, kicks[-1][0] + 30))
        rows: list[Row] = []
        for order, (number, type_id, name, first, length, starts, ends) in enumerate(spans, 1):
            if starts > until:
                break
            ended = until >= ends or over
            ends = min(ends, until)
            seconds = ends - starts
            rows.append(
                {
                    "id": _PERIOD_IDS + self.ordinal * 8 + number,
                    "fixture_id": self.fixture_id,
                    "type_id": type_id,
                    "started": self.kickoff + starts,
                    "ended": self.kickoff + ends if ended else None,
                    "counts_from": first,
                    "ticking": not ended,
                    "sort_order": order,
                    "description": name,
                    "time_added": max(0, seconds // MINUTE - length) if ended and length else None,
                    "period_length": length or None,
                    "minutes": first + seconds // MINUTE,
                    "seconds": seconds % MINUTE,
                    "has_timer": not ended,
                }
            )
        return rows

    # ------------------------------------------------------------------ all of it

    def array(self, name: str, state_id: int, until: int) -> list[Row]:
        """Return one array at a state and second of the match, in canonical order."""
        if state_id in (14, 17):
            # Awarded: a score and statistics, but no events. Seen in real data.
            if name == "scores":
                return self.scores(0, second_half=state_id == 17)
            return self.statistics(0, 1.0) if name == "statistics" and state_id == 17 else []
        if until < 0:
            return []
        over = until >= self.outline.phases[-1][0]
        second = self.periods[2]
        if name == "scores":
            return self.scores(until, second_half=until >= second.starts)
        if name == "statistics":
            running = min(until, self.periods[1].ends)
            running += max(0, min(until, second.ends) - second.starts)
            return self.statistics(until, min(1.0, running / (90 * MINUTE)))
        if name == "events":
            return self._shown_events(until, over)
        if name == "periods":
            return self.period_rows(until, over)
        return self.expected() if over else []

    def _shown_events(self, until: int, over: bool) -> list[Row]:
        if self._share(10, 50):
            # About 2 % of finished matches have statistics but no events: seen in real data.
            return []
        events = [row for at, row in self.events if at <= until]
        if over and self._share(11, 300):
            # In a few real matches the goals among the events are one short of the score.
            last = next((row for row in reversed(events) if row["type_id"] in _SCORED), None)
            events = [row for row in events if row is not last]
        return events


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
