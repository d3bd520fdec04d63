"""The outline of one match: its clock, its goals and how it ends.

Cheap enough to generate for every row of a list. `Match` adds the details (cards, substitutions,
statistics), and only for requests that include them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from simulator.data.clock import DAY
from simulator.randomness import generator, mix, poisson
from simulator.world.squads import MatchSquad

MINUTE = 60
FINISHED = frozenset({5, 7, 8, 14, 17})
"""States in which the winner is final."""


class Fate(Enum):
    """What becomes of a fixture."""

    PLAYED = "played"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    SUSPENDED = "suspended"
    AWARDED = "awarded"
    WALKOVER = "walkover"


class Ending(Enum):
    """How a played match is decided."""

    FULL_TIME = "after full-time"
    EXTRA_TIME = "after extra-time"
    PENALTIES = "after penalties"


@dataclass(frozen=True, slots=True)
class Period:
    """One period of play.

    Attributes:
        number: 1 and 2 are the halves, 3 and 4 the halves of extra time.
        starts: Seconds since kick-off, as is `ends`.
        first_minute: Minute of the match at which the period starts.
        length: Regular length in minutes.
    """

    number: int
    starts: int
    ends: int
    first_minute: int
    length: int

    def at(self, running_minute: int) -> int:
        """Return the second since kick-off in the middle of a minute of this period."""
        return self.starts + running_minute * MINUTE - 30

    def shown(self, running_minute: int) -> tuple[int, int | None]:
        """Return `minute` and `extra_minute` as the API shows a minute of this period."""
        over = running_minute - self.length
        if over > 0:
            return self.first_minute + self.length, over
        return self.first_minute + running_minute, None


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal; `side` is the side that it counts for: 0 home, 1 away."""

    at: int
    period: int
    running_minute: int
    side: int


@dataclass(slots=True)
class Outline:
    """The complete match, including what is still to come. Times are seconds since kick-off."""

    fate: Fate
    ending: Ending
    periods: list[Period]
    goals: list[Goal]
    kicks: list[tuple[int, int, bool]] = field(default_factory=list)
    """The shoot-out: second, side, scored."""
    phases: list[tuple[int, int]] = field(default_factory=list)
    """When each state begins: second, state id. The last one stays."""

    def moment(self, elapsed: int) -> tuple[int, int]:
        """Return the state id and the last second played, `elapsed` seconds after kick-off.

        The last second is -1 where nothing was played.
        """
        if self.fate is Fate.POSTPONED:
            return (10 if elapsed >= -DAY else 1), -1
        if self.fate is Fate.CANCELLED:
            return (12 if elapsed >= -2 * DAY else 1), -1
        if elapsed < 0:
            return 1, -1
        if self.fate is Fate.AWARDED:
            return (17 if elapsed >= 120 * MINUTE else 16), -1
        if self.fate is Fate.WALKOVER:
            return (14 if elapsed >= 120 * MINUTE else 16), -1
        state_id = 2
        for starts, phase in self.phases:
            if starts > elapsed:
                break
            state_id = phase
        return state_id, min(elapsed, self.phases[-1][0])

    def score(self, until: int, first_period: int = 1, last_period: int = 4) -> tuple[int, int]:
        """Return the goals of both sides up to a second, in a range of periods."""
        goals = [0, 0]
        for goal in self.goals:
            if goal.at <= until and first_period <= goal.period <= last_period:
                goals[goal.side] += 1
        return goals[0], goals[1]

    def shootout(self, until: int) -> tuple[int, int]:
        """Return the shoot-out score up to a second."""
        goals = [0, 0]
        for at, side, scored in self.kicks:
            if at <= until and scored:
                goals[side] += 1
        return goals[0], goals[1]

    def winner(self, until: int) -> int | None:
        """Return the winning side at a second: 0 home, 1 away, None for a draw."""
        home, away = self.score(until)
        if home == away:
            home, away = self.shootout(until)
        return None if home == away else int(away > home)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two teams in a match.

    Attributes:
        squad: Player id, or None where the API does not know it, and name; the first eleven start.
        match_squad: The same players with their positions, the formation and who is absent.
    """

    participant_id: int
    coach_id: int
    squad: tuple[tuple[int | None, str], ...]
    match_squad: MatchSquad


@dataclass(slots=True)
class MatchSetup:
    """What the details of a match are generated from.

    Attributes:
        ordinal: Number of the fixture in the world, for unique ids of its rows.
        kickoff: Epoch seconds.
        sides: Home and away.
    """

    seed: int
    fixture_id: int
    ordinal: int
    kickoff: int
    sides: tuple[Side, Side]
    outline: Outline
    bits: int = field(init=False)
    """Random bits of this fixture."""

    periods: dict[int, Period] = field(init=False)

    def __post_init__(self) -> None:
        """Derive what all details share."""
        self.bits = mix(self.seed, self.fixture_id, 3)
        self.periods = {period.number: period for period in self.outline.periods}

    def is_one_in(self, parts: int, salt: int) -> bool:
        """Return whether this fixture is in a random share of 1 in `parts`."""
        return mix(self.bits, salt) % parts == 0


def fate_of(draw: int) -> Fate:
    """Return the fate for a random number from 0 to 9,999. The shares are a guess."""
    for limit, fate in (
        (60, Fate.POSTPONED),
        (90, Fate.CANCELLED),
        (120, Fate.ABANDONED),
        (150, Fate.AWARDED),
        (165, Fate.SUSPENDED),
        (170, Fate.WALKOVER),
    ):
        if draw < limit:
            return fate
    return Fate.PLAYED


def make_outline(
    seed: int, fixture_id: int, fate: Fate, ending: Ending, may_draw: bool, home_advantage: float
) -> Outline:
    """Generate the outline of one match.

    `may_draw` is false in knock-out matches. `home_advantage` (-1 to 1) is how much stronger the
    home side is.
    """
    draw = generator(seed, fixture_id, 1).random
    first = Period(1, 0, (45 + int(draw() * 4)) * MINUTE, 0, 45)
    second_starts = first.ends + 15 * MINUTE
    second = Period(2, second_starts, second_starts + (47 + int(draw() * 5)) * MINUTE, 45, 45)
    periods = [first, second]
    goals: list[Goal] = []
    if fate is Fate.AWARDED or fate is Fate.WALKOVER:
        return Outline(fate, Ending.FULL_TIME, periods, _awarded_goals(int(draw() * 2)))

    def score(period: Period, side: int) -> None:
        running = 1 + int(draw() * ((period.ends - period.starts) // MINUTE))
        goals.append(Goal(period.at(running), period.number, running, side))

    for side, mean in ((0, 1.5 + home_advantage * 0.6), (1, 1.2 - home_advantage * 0.5)):
        for _ in range(poisson(draw, mean)):
            score(first if draw() < 0.44 else second, side)
    difference = sum(1 - 2 * goal.side for goal in goals)
    if ending is not Ending.FULL_TIME:
        for _ in range(abs(difference)):
            score(second, int(difference > 0))
    elif difference == 0 and not may_draw:
        score(second, int(draw() < 0.5))

    phases = [(0, 2), (first.ends, 3), (second.starts, 22), (second.ends, 5)]
    outline = Outline(fate, ending, periods, goals, phases=phases)
    if ending is Ending.PENALTIES and fixture_id % 2:
        # As in some cups, which have no extra time.
        _shootout(outline, draw)
    elif ending is not Ending.FULL_TIME:
        _extra_time(outline, draw, score)
    goals.sort(key=lambda goal: (goal.period, goal.at))
    if fate is Fate.ABANDONED or fate is Fate.SUSPENDED:
        _stop(outline, (20 + int(draw() * 60)) * MINUTE)
    return outline


def _awarded_goals(side: int) -> list[Goal]:
    """Return the 3-0 of an awarded match; these goals have no minute."""
    return [Goal(-1, 1, 0, side)] * 3


def _extra_time(
    outline: Outline, draw: Callable[[], float], score: Callable[[Period, int], None]
) -> None:
    # "When going to extra time, [FT] appears briefly before BREAK" (documented).
    over = outline.periods[1].ends
    starts = over + 5 * MINUTE
    first = Period(3, starts, starts + (15 + int(draw() * 2)) * MINUTE, 90, 15)
    starts = first.ends + MINUTE
    second = Period(4, starts, starts + (15 + int(draw() * 3)) * MINUTE, 105, 15)
    outline.periods += [first, second]
    outline.phases += [
        (over + MINUTE, 4),
        (first.starts, 6),
        (first.ends, 21),
        (second.starts, 23),
    ]
    if outline.ending is Ending.EXTRA_TIME:
        score(first if draw() < 0.5 else second, int(draw() < 0.5))
        outline.phases.append((second.ends, 7))
        return
    if draw() < 0.3:
        score(first, 0)
        score(second, 1)
    _shootout(outline, draw)


def _shootout(outline: Outline, draw: Callable[[], float]) -> None:
    over = outline.periods[-1].ends
    begins = over + 3 * MINUTE
    first_side = int(draw() < 0.5)
    scores, taken = [0, 0], [0, 0]
    while True:
        number = taken[0] + taken[1]
        side = first_side if number % 2 == 0 else 1 - first_side
        scored = draw() < 0.75
        taken[side] += 1
        scores[side] += scored
        outline.kicks.append((begins + (number + 1) * 45, side, scored))
        left = [max(0, 5 - count) for count in taken]
        if max(taken) > 5 and taken[0] != taken[1]:
            continue
        if scores[0] + left[0] < scores[1] or scores[1] + left[1] < scores[0]:
            break
    outline.phases += [(over, 25), (begins, 9), (outline.kicks[-1][0] + 30, 8)]


def _stop(outline: Outline, running: int) -> None:
    """End the match early, after `running` seconds of play."""
    first, second = outline.periods
    stops = running if running < first.ends else second.starts + running - first.ends
    outline.goals[:] = [goal for goal in outline.goals if goal.at <= stops]
    outline.phases[:] = [phase for phase in outline.phases if phase[0] < stops]
    outline.phases.append((stops, 15 if outline.fate is Fate.ABANDONED else 11))
