"""The statistics of the players of one match.

Goals, assists and cards are those of the events, minutes follow from the substitutions, and what a
team has a total for (shots, passes, fouls ...) is divided among its players.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from simulator.randomness import generator, mix
from simulator.world.appearances import Appearance, appearances
from simulator.world.match_events import MatchEvents
from simulator.world.match_outline import MatchSetup
from simulator.world.squads import ATTACKER, DEFENDER, GOALKEEPER, MIDFIELDER

Values = dict[int, int | float | bool]

# Share of a goalkeeper, defender, midfielder and attacker, by the player's type and the team's.
_DIVIDED: tuple[tuple[int, int, tuple[float, float, float, float]], ...] = (
    (80, 80, (0.6, 1.1, 1.2, 0.7)),
    (56, 56, (0.05, 1.0, 1.1, 1.0)),
    (78, 78, (0.02, 1.3, 1.1, 0.4)),
    (100, 100, (0.05, 1.5, 1.0, 0.3)),
    (98, 98, (0.0, 0.8, 1.0, 1.0)),
    (108, 108, (0.0, 0.4, 1.0, 1.5)),
    (117, 117, (0.02, 0.4, 1.2, 1.1)),
    (122, 62, (1.5, 1.2, 0.8, 0.3)),
    (106, 106, (0.1, 1.0, 1.1, 1.1)),
    (51, 51, (0.0, 0.05, 0.3, 1.5)),
    (580, 580, (0.02, 0.3, 1.2, 1.0)),
    (581, 581, (0.0, 0.2, 0.7, 1.6)),
    (64, 64, (0.0, 0.3, 1.0, 1.2)),
)
# Part of another statistic of the same player; the team's total has the third type.
_PARTS = ((116, 80, 81), (99, 98, 99), (109, 108, 109), (123, 122, 27264))
_PERCENTAGES = (
    (1584, 116, 80), (1533, 99, 98), (27270, 123, 122), (27268, 27267, 78), (27276, 106, 105),
    (27275, 107, 27274),
)  # fmt: skip
# Statistics without a total of the team: type, mean of 90 minutes by position.
_INVENTED: tuple[tuple[int, tuple[float, float, float, float]], ...] = (
    (27271, (7.0, 5.0, 4.5, 2.5)),
    (27272, (1.0, 5.0, 9.0, 6.0)),
    (27269, (1.0, 5.0, 9.0, 6.0)),
    (101, (1.0, 4.5, 1.2, 0.6)),
    (107, (0.2, 1.6, 0.8, 1.5)),
    (27266, (0.0, 1.2, 1.0, 1.8)),
    (94, (0.0, 0.3, 0.9, 1.2)),
    (110, (0.0, 0.7, 0.8, 0.4)),
    (97, (0.0, 0.5, 0.2, 0.1)),
    (121, (0.0, 0.1, 0.3, 0.4)),
    (584, (0.5, 0.0, 0.0, 0.0)),
    (103, (0.4, 0.0, 0.0, 0.0)),
)
_POSITIONS = {GOALKEEPER: 0, DEFENDER: 1, MIDFIELDER: 2, ATTACKER: 3}
_ACTIONS = {14: 52, 15: 324, 19: 84, 20: 83, 21: 85, 17: 112}
_OF_POOR_COVERAGE = frozenset({119, 52, 79, 84, 83, 85, 324, 111, 112, 40})


@dataclass(slots=True)
class Shots:
    """The shots of one team: on target, off target and blocked, by place in the squad."""

    on_target: list[int]
    off_target: list[int]
    blocked: list[int]


def divide(total: int, weights: Sequence[float], draw: Callable[[], float]) -> list[int]:
    """Divide a total among players, at random but about in the proportion of the weights."""
    rough = [weight * (0.5 + draw()) for weight in weights]
    whole = sum(rough)
    if total <= 0 or whole <= 0:
        return [0] * len(weights)
    exact = [total * weight / whole for weight in rough]
    shares = [int(value) for value in exact]
    by_rest = sorted(range(len(exact)), key=lambda place: shares[place] - exact[place])
    for place in by_rest[: total - sum(shares)]:
        shares[place] += 1
    return shares


def part_of(total: int, whole: Sequence[int]) -> list[int]:
    """Divide a total among players in proportion to `whole`, of which it is a part."""
    everything = sum(whole)
    total = min(total, everything)
    shares = [total * value // everything if everything else 0 for value in whole]
    missing = total - sum(shares)
    for place, value in enumerate(whole):
        if missing and shares[place] < value:
            shares[place] += 1
            missing -= 1
    return shares


class PlayerStatistics:
    """The statistics of all players of one match, up to a second since kick-off."""

    def __init__(
        self,
        setup: MatchSetup,
        events: MatchEvents,
        team_values: list[dict[int, int]],
        until: int,
    ) -> None:
        """Prepare the statistics; `team_values` are the totals of both teams at that second."""
        self._setup = setup
        self._events = events
        self._team_values = team_values
        self._until = until
        self.appearances: tuple[list[Appearance], list[Appearance]] = appearances(
            setup, events, until
        )
        self._actions = [action for action in events.actions if action.at <= until]

    @cached_property
    def covered(self) -> tuple[list[bool], list[bool]]:
        """Whether each player has statistics: the bench has none, nor have a few starters."""
        busy = {(action.side, action.player) for action in self._actions}
        busy |= {
            (action.side, action.related) for action in self._actions if action.related is not None
        }
        lacks_some = self._setup.is_one_in(20, salt=41)
        sides = tuple(
            [
                appearance.came_on is not None
                and not (lacks_some and place % 4 == 2 and place < 11 and (side, place) not in busy)
                for place, appearance in enumerate(players)
            ]
            for side, players in enumerate(self.appearances)
        )
        return sides[0], sides[1]

    def _weights(self, side: int, shares: Sequence[float]) -> list[float]:
        players = self._setup.sides[side].match_squad.players
        return [
            shares[_POSITIONS[player.position_id]] * (0.5 + appearance.minutes) if covered else 0.0
            for player, appearance, covered in zip(
                players, self.appearances[side], self.covered[side], strict=True
            )
        ]

    @cached_property
    def shots(self) -> tuple[Shots, Shots]:
        """The shots of every player; a goal is a shot on target."""
        draw = generator(self._setup.bits, 42).random
        sides = []
        for side in (0, 1):
            values = self._team_values[side]
            weights = self._weights(side, (0.0, 0.3, 0.9, 1.8))
            goals = self._count(side, (14, 16))
            others = divide(values[86] - sum(goals), weights, draw)
            on_target = [scored + other for scored, other in zip(goals, others, strict=True)]
            sides.append(
                Shots(
                    on_target, divide(values[41], weights, draw), divide(values[58], weights, draw)
                )
            )
        return sides[0], sides[1]

    def _count(self, side: int, type_ids: tuple[int, ...]) -> list[int]:
        counts = [0] * len(self.appearances[side])
        for action in self._actions:
            if action.side == side and action.type_id in type_ids:
                counts[action.player] += 1
        return counts

    # ------------------------------------------------------------------ all values

    def values(self, expected: Sequence[Sequence[Values]] | None) -> list[list[Values]]:
        """Return the values by side, place in the squad and type; zeros are absent.

        `expected` are the expected goals of every player, or None where there are none.
        """
        draw = generator(self._setup.bits, 43).random
        sides = [self._counts(side, draw) for side in (0, 1)]
        for side in (0, 1):
            self._add_duels(sides, side, draw)
        is_poor = self._setup.is_one_in(10, salt=44)
        result: list[list[Values]] = []
        for side in (0, 1):
            players: list[Values] = []
            for place, counts in enumerate(sides[side]):
                if not self.covered[side][place]:
                    players.append({})
                    continue
                complete: Values = {**counts, **(expected[side][place] if expected else {})}
                self._add_derived(complete, side, place, draw)
                players.append(
                    {
                        type_id: value
                        for type_id, value in complete.items()
                        if value and (not is_poor or type_id in _OF_POOR_COVERAGE)
                    }
                )
            self._add_captain(players, side)
            result.append(players)
        return result

    def _counts(self, side: int, draw: Callable[[], float]) -> list[dict[int, int]]:
        team = self._team_values[side]
        columns: dict[int, list[int]] = {}
        for type_id, team_type, shares in _DIVIDED:
            columns[type_id] = divide(team[team_type], self._weights(side, shares), draw)
        for type_id, whole, team_type in _PARTS:
            columns[type_id] = part_of(team[team_type], columns[whole])
        columns[96] = divide(
            self._team_values[1 - side][56], self._weights(side, (0.1, 0.8, 1.1, 1.2)), draw
        )
        shots = self.shots[side]
        columns[86], columns[41], columns[58] = shots.on_target, shots.off_target, shots.blocked
        columns[42] = [sum(each) for each in zip(*(columns[t] for t in (86, 41, 58)), strict=True)]
        columns[57] = divide(team[57], self._weights(side, (1.0, 0.0, 0.0, 0.0)), draw)
        columns[104] = [count * 2 // 3 for count in columns[57]]
        for type_id, statistic in _ACTIONS.items():
            columns[statistic] = self._count(side, (type_id,))
        columns[52] = self._count(side, (14, 16))
        columns[111] = self._count(side, (16,))
        columns[79] = [0] * len(columns[52])
        for action in self._actions:
            if action.side == side and action.type_id == 14 and action.related is not None:
                columns[79][action.related] += 1
        for type_id, means in _INVENTED:
            weights = self._weights(side, means)
            columns[type_id] = [int(weight / 90 * 2 * draw() + 0.3) for weight in weights]
        return [
            {type_id: column[place] for type_id, column in columns.items()}
            for place in range(len(columns[52]))
        ]

    def _add_duels(
        self, sides: list[list[dict[int, int]]], side: int, draw: Callable[[], float]
    ) -> None:
        """Divide the duels that the other side has won among the players who lost them."""
        lost = divide(
            self._team_values[1 - side][106], self._weights(side, (0.1, 1.0, 1.1, 1.1)), draw
        )
        for counts, count in zip(sides[side], lost, strict=True):
            counts[1491] = count
            counts[105] = counts[106] + count

    def _add_derived(
        self, values: Values, side: int, place: int, draw: Callable[[], float]
    ) -> None:
        """Add what follows from the other values of one player: minutes, percentages, rating."""
        appearance = self.appearances[side][place]
        player = self._setup.sides[side].match_squad.players[place]
        values[119] = appearance.minutes
        if appearance.minutes and draw() < 0.8:
            values[117172] = appearance.running_minutes
        values[88] = sum(
            goal.side != side and appearance.was_on(goal.at)
            for goal in self._setup.outline.goals
            if goal.at <= self._until
        )
        if player.position_id == GOALKEEPER:
            values[1535] = values[88]
        values[120] = values[80] + values[98] + values[108] + values[101] + int(draw() * 12)
        values[27273] = values[80] - values[116] + values[94] + int(draw() * 4)
        values[27267] = int(values[78] * (0.4 + draw() * 0.6))
        values[27274] = values[107] + values[27266]
        values[9706] = values[117] + values[79]
        for type_id, part, whole in _PERCENTAGES:
            values[type_id] = round(100 * values[part] / values[whole]) if values[whole] else 0
        if appearance.minutes >= 10 and draw() < 0.95:
            rating = 6.3 + draw() + 0.9 * values[52] + 0.5 * values[79] + 0.05 * values[57]
            rating -= 0.3 * values[84] + 1.2 * (values[83] + values[85]) + 0.12 * values[88]
            rating = round(min(10.0, max(3.0, rating)), 2)
            # A whole number arrives without its fraction.
            whole_number = rating.is_integer() or draw() < 0.012
            values[118] = round(rating) if whole_number else rating

    def _add_captain(self, players: list[Values], side: int) -> None:
        """Mark the captain: often one true, in some matches a value for everybody, or none."""
        setup = self._setup
        kind = mix(setup.bits, 45) % 100
        candidates = [place for place in range(11) if players[place]]
        if not candidates or kind < 18:
            return
        captain = candidates[setup.sides[side].participant_id % len(candidates)]
        if kind < 27:
            for values in players:
                if values:
                    values[40] = False
        players[captain][40] = True
        if kind >= 97:
            players[candidates[-1]][40] = True
