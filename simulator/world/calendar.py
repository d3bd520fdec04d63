"""The calendar of one season: which teams each fixture pairs, and when it kicks off.

Everything is arithmetic on the fixture's number, so that a world of any size costs nothing until a
fixture is requested.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from simulator.data.clock import DAY, day_start

_MINUTE = 60
_HOUR = 3_600

# Offsets from Saturday 00:00 UTC. A small league uses only the first ones, so that on a Saturday
# afternoon one match is always in its first half and one in its second.
_WEEKEND = [
    15 * _HOUR,
    14 * _HOUR,
    DAY + 16 * _HOUR + 30 * _MINUTE,
    12 * _HOUR + 30 * _MINUTE,
    17 * _HOUR + 30 * _MINUTE,
    -DAY + 19 * _HOUR + 45 * _MINUTE,
    15 * _HOUR,
    DAY + 14 * _HOUR,
    20 * _HOUR,
    2 * DAY + 20 * _HOUR,
]
_MIDWEEK = [
    3 * DAY + 19 * _HOUR + 45 * _MINUTE,
    4 * DAY + 19 * _HOUR + 45 * _MINUTE,
    4 * DAY + 20 * _HOUR,
    3 * DAY + 20 * _HOUR,
]
_LONG_SEASON_WEEKS = 34
# 31 weeks after the second Saturday of August is the middle of March.
_BUSY_WEEK = 31


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who plays whom and when. Teams are indexes in the league.

    `knockout` is 0 in the league stage, 1 and 2 for the semi-finals and 3 for the final. Pairings
    of the knock-out stage name no teams.
    """

    home: int
    away: int
    kickoff: int
    round_number: int
    knockout: int


class Calendar:
    """A double round robin from August on, then semi-finals and a final in May."""

    def __init__(self, start_year: int, teams: int) -> None:
        """Lay out the season that starts in August of a year."""
        self.start_year = start_year
        self.teams = teams
        self.slots = teams + teams % 2
        self.rounds = 2 * (self.slots - 1)
        self.per_round = teams // 2
        self.league_fixtures = self.rounds * self.per_round
        self.knockouts = 3 if teams >= 4 else 0
        self.fixtures = self.league_fixtures + self.knockouts
        first = date(start_year, 8, 8)
        self.first_saturday = day_start(first + timedelta(days=(5 - first.weekday()) % 7))
        self.weeks = min(self.rounds, _LONG_SEASON_WEEKS)
        # A short calendar is placed around March, so that a small world has matches at the default
        # clock.
        self.first_week = 0 if self.weeks >= _BUSY_WEEK else _BUSY_WEEK - self.weeks * 3 // 4
        self.starts = self.first_saturday - 2 * DAY
        self.league_ends = self._saturday(self.rounds - 1)[0] + 5 * DAY
        self.ends = self.league_ends + 7 * 7 * DAY

    def _saturday(self, round_index: int) -> tuple[int, int]:
        """Return the Saturday of a round's week and the round's index in that week."""
        week = round_index * self.weeks // self.rounds
        first_of_week = -(-week * self.rounds // self.weeks)
        saturday = self.first_saturday + (self.first_week + week) * 7 * DAY
        return saturday, round_index - first_of_week

    def pairing(self, number: int) -> Pairing:
        """Return the fixture of this number, counted from 0."""
        if number >= self.league_fixtures:
            return self._knockout(number - self.league_fixtures + 1)
        round_index, place = divmod(number, self.per_round)
        return_leg, turn = divmod(round_index, self.slots - 1)
        # The circle method: one team is fixed, the others rotate. With an odd number of teams the
        # fixed one does not exist, and its opponent has no match in that round.
        seat = place + self.teams % 2
        if seat == 0:
            home, away = self.slots - 1, turn
        else:
            home = (turn + seat) % (self.slots - 1)
            away = (turn - seat) % (self.slots - 1)
        if (seat + turn * (seat == 0) + return_leg) % 2:
            home, away = away, home
        saturday, nth_in_week = self._saturday(round_index)
        if nth_in_week == 0:
            slots = _WEEKEND[: self.per_round]
            kickoff = saturday + slots[(place + round_index) % len(slots)]
        else:
            kickoff = saturday + _MIDWEEK[(place + round_index) % len(_MIDWEEK)]
            kickoff += (nth_in_week - 1) * 2 * DAY
        return Pairing(home, away, kickoff, round_index + 1, 0)

    def _knockout(self, knockout: int) -> Pairing:
        after = {1: 2, 2: 2, 3: 5}[knockout]
        saturday = self._saturday(self.rounds - 1)[0] + after * 7 * DAY
        kickoff = saturday + {1: 15, 2: 18, 3: 17}[knockout] * _HOUR
        return Pairing(0, 0, kickoff, 0, knockout)
