"""The events of one match: goals, cards, substitutions, VAR reviews and the shoot-out.

Field sets, key order, shares of nulls and irregularities follow real responses. All random numbers
of a match come from one sequence, so the order of the draws is part of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from simulator.data.clock import parse_instant
from simulator.data.source import Row
from simulator.randomness import generator
from simulator.world.incidents import Incident, make_incidents
from simulator.world.match_outline import MatchSetup

IDS_PER_FIXTURE = 128
"""Ids reserved for one fixture's events, and as many for its statistics."""

FIRST_PERIOD_ID = 5_200_000
SCORED = frozenset({14, 15, 16})
"""Types of events that change the score: goal, own goal, penalty."""

# Real event, statistic and lineup ids exceed 2**31; those of half of the fixtures do here.
_FIRST_EVENT_IDS = (148_000_000, 10_959_000_000)
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
# Sub type, and the wordings that the API has used for it over time.
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

Player = tuple[int | None, str | None]


@dataclass(slots=True)
class _Details:
    """The players of an incident, and the fields that depend on its type."""

    player: Player
    related: Player = (None, None)
    info: str | None = None
    sub_type_id: int | None = None
    coach_id: int | None = None
    injured: bool | None = None
    on_bench: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """An event by the places of its players in the squads, also where the event lacks their ids.

    Attributes:
        at: Seconds since kick-off.
        side: The side of `player` and `related`, also for an own goal.
    """

    at: int
    minute: int
    type_id: int
    side: int
    player: int
    related: int | None


class MatchEvents:
    """All events of one match, generated once."""

    def __init__(self, setup: MatchSetup) -> None:
        """Generate the events of this match on first use."""
        self._setup = setup
        self._draw = generator(setup.seed, setup.fixture_id, 2).random
        self._on_pitch: list[list[Player]] = [list(side.squad[:11]) for side in setup.sides]
        self._bench: list[list[Player]] = [list(side.squad[11:]) for side in setup.sides]
        self._booked: list[list[Player]] = [[], []]
        self._happened: list[tuple[Incident, int, _Details]] = []

    def rows(self, until: int, is_over: bool) -> list[Row]:
        """Return the events that the API shows at a second since kick-off."""
        if self._setup.is_one_in(50, salt=10):
            # About 2 % of finished matches have statistics but no events, as in real data.
            return []
        events = [row for at, row in self.all if at <= until]
        if is_over and self._setup.is_one_in(300, salt=11):
            # In a few real matches one goal is missing from the events.
            last = next((row for row in reversed(events) if row["type_id"] in SCORED), None)
            events = [row for row in events if row is not last]
        return events

    @cached_property
    def actions(self) -> list[Action]:
        """Everything that a player did, in order, without the shoot-out."""
        return [
            self._action(incident, minute, details)
            for incident, minute, details in (self._happened if self.all else ())
            if incident.type_id in _LABELS and details.player[1] is not None
        ]

    def _action(self, incident: Incident, minute: int, details: _Details) -> Action:
        side = 1 - incident.side if incident.type_id == 15 else incident.side
        squad: tuple[Player, ...] = self._setup.sides[side].squad
        related = None if details.related[1] is None else squad.index(details.related)
        return Action(
            incident.at, minute, incident.type_id, side, squad.index(details.player), related
        )

    @cached_property
    def incidents(self) -> list[Incident]:
        """Everything that happens on the pitch, in order."""
        return make_incidents(self._setup, self._draw)

    # ------------------------------------------------------------------ players

    def _details(self, incident: Incident) -> _Details | None:
        """Choose the players, or return None where the incident is impossible by now."""
        draw, side, type_id = self._draw, incident.side, incident.type_id
        players, bench, booked = self._on_pitch[side], self._bench[side], self._booked[side]
        if type_id == 18:
            if len(players) < 4 or len(bench) < 2:
                return None
            going = self._leaves(players)
            coming = bench.pop(0)
            players.append(coming)
            injured = draw() < 0.4 if draw() < 0.2 else None
            return _Details(coming, going, injured=injured)
        if type_id == 21:
            candidates = [player for player in booked if player in players]
            if not candidates or len(players) <= 8:
                return None
            player = candidates[int(draw() * len(candidates))]
            players.remove(player)
            return _Details(player, info="Foul")
        if type_id == 20:
            if len(players) <= 8:
                return None
            player = self._leaves(players)
            return _Details(player, info="Foul" if draw() < 0.7 else "Violent conduct")
        if type_id == 19:
            return self._yellow_card(side)
        if type_id == 15:
            others = self._on_pitch[1 - side]
            return _Details(others[int(draw() * len(others))])
        details = _Details(players[1 + int(draw() * (len(players) - 1))])
        if type_id == 14:
            details.info = "Header" if draw() < 0.18 else "Shot"
            if details.info == "Shot" and draw() < 0.3:
                details.sub_type_id = 1522
            helper = players[1 + int(draw() * (len(players) - 1))]
            if draw() < 0.72 and helper is not details.player:
                details.related = helper
        elif type_id in (16, 17):
            details.info, details.sub_type_id = "Penalty", 16 if type_id == 16 else None
        return details

    def _leaves(self, players: list[Player]) -> Player:
        """Remove a random player other than the goalkeeper."""
        return players.pop(1 + int(self._draw() * (len(players) - 1)))

    def _yellow_card(self, side: int) -> _Details:
        draw, players, booked = self._draw, self._on_pitch[side], self._booked[side]
        info = "Foul" if draw() < 0.5 else "Argument" if draw() < 0.1 else None
        if draw() < 0.03:
            coach_id = self._setup.sides[side].coach_id
            return _Details((None, None), info=info, coach_id=coach_id, on_bench=True)
        player = players[int(draw() * len(players))]
        if player in booked:
            player = next((other for other in players if other not in booked), player)
        booked.append(player)
        return _Details(player, info=info)

    # ------------------------------------------------------------------ rows

    @cached_property
    def all(self) -> list[tuple[int, Row]]:
        """Every event of the match, with the second since kick-off from which it is known."""
        setup, draw = self._setup, self._draw
        incidents = self.incidents
        first_id = _FIRST_EVENT_IDS[setup.ordinal % 2] + setup.ordinal * IDS_PER_FIXTURE
        first_period = FIRST_PERIOD_ID + setup.ordinal * 8
        score = [0, 0]
        counts: dict[int, int] = {}
        lacks_detailed_period = setup.is_one_in(8, salt=1)
        written: list[tuple[int, Row]] = []
        for incident in incidents:
            type_id = incident.type_id
            details = self._details(incident)
            if details is None:
                continue
            result = None
            if type_id in SCORED:
                score[incident.side] += 1
                result = f"{score[0]}-{score[1]}"
            order = counts[type_id] = counts.get(type_id, 0) + 1
            addition = self._addition(type_id, order, details)
            player = details.player
            if draw() < 0.012:
                player = (None, player[1] if draw() < 0.3 else None)
            minute, extra_minute = setup.periods[incident.period].shown(incident.running_minute)
            self._happened.append((incident, minute, details))
            period_id = first_period + min(incident.period, 3)
            row: Row = {
                "id": first_id + len(written) * 37 % IDS_PER_FIXTURE,
                "fixture_id": setup.fixture_id,
                "period_id": period_id if draw() >= 0.0001 else None,
                "participant_id": setup.sides[incident.side].participant_id,
                "type_id": type_id,
                "section": "event",
                "player_id": player[0],
                "related_player_id": details.related[0],
                "player_name": player[1],
                "related_player_name": details.related[1],
                "result": result,
                "info": details.info,
                "addition": addition,
                "minute": minute,
                "extra_minute": extra_minute,
                "injured": details.injured,
                "on_bench": details.on_bench,
                "coach_id": details.coach_id,
                "sub_type_id": details.sub_type_id,
                "detailed_period_id": None
                if lacks_detailed_period
                else first_period + incident.period,
                "rescinded": (draw() < 0.01) if type_id in _CARDS else None,
                "sort_order": order,
            }
            written.append((incident.at, row))
        self._add_shootout(written, first_id, first_period + 5)
        self._drop_late_keys(written)
        return written

    def _addition(self, type_id: int, order: int, details: _Details) -> str | None:
        """Return the text of `addition`; a review also sets its sub type and `info`."""
        draw = self._draw
        if type_id in (10, 1697):
            kind = draw()
            if type_id == 1697:
                review = 3 if kind < 0.6 else 4
            else:
                review = next(i for i, limit in enumerate(_REVIEW_LIMITS) if kind < limit)
            details.sub_type_id, wordings = _REVIEWS[review]
            text = wordings[int(draw() * len(wordings))]
            details.info = "Offside" if details.sub_type_id == 1512 and draw() < 0.5 else None
            return text
        if draw() < 0.09:
            return None
        has_old_wording = self._setup.is_one_in(5, salt=2)
        label = "Yellow Card" if type_id == 19 and has_old_wording else _LABELS[type_id]
        return f"{_ordinal(order)} {label}"

    def _add_shootout(self, written: list[tuple[int, Row]], first_id: int, period_id: int) -> None:
        setup = self._setup
        score = [0, 0]
        counts = {22: 0, 23: 0}
        for number, (at, side, scored) in enumerate(setup.outline.kicks, start=1):
            score[side] += scored
            type_id = 23 if scored else 22
            counts[type_id] += 1
            squad = setup.sides[side].squad
            player = squad[1 + (number // 2) % 10]
            row: Row = {
                "id": first_id + len(written) * 37 % IDS_PER_FIXTURE,
                "fixture_id": setup.fixture_id,
                "period_id": period_id,
                "participant_id": setup.sides[side].participant_id,
                "type_id": type_id,
                "section": "event",
                "player_id": player[0],
                "related_player_id": None,
                "player_name": player[1],
                "related_player_name": None,
                "result": f"{score[0]}-{score[1]}",
                "info": None,
                "addition": f"{_ordinal(number)} Penalty",
                # A kick's minute is its number, as on the live API.
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

    def _drop_late_keys(self, written: list[tuple[int, Row]]) -> None:
        """Remove the keys that the API introduced after some of its matches were recorded."""
        setup = self._setup
        if setup.is_one_in(4 if setup.kickoff < _RESCINDED_SINCE else 50, salt=4):
            for _, row in written:
                del row["rescinded"]
        if setup.kickoff < _SORT_ORDER_SINCE and setup.is_one_in(10, salt=5):
            for _, row in written:
                del row["sort_order"]


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
