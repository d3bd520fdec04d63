"""The table of a league: places of the teams after some matches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.world.season_facts import MatchResult

HOME, AWAY = 0, 1


@dataclass(slots=True)
class Tally:
    """Matches and goals of a team, at home or away or both."""

    won: int = 0
    drawn: int = 0
    lost: int = 0
    scored: int = 0
    conceded: int = 0

    @property
    def played(self) -> int:
        """Return the number of matches."""
        return self.won + self.drawn + self.lost

    @property
    def points(self) -> int:
        """Return 3 for each win and 1 for each draw."""
        return 3 * self.won + self.drawn

    @property
    def goal_difference(self) -> int:
        """Return goals scored less goals conceded."""
        return self.scored - self.conceded

    def add(self, outcome: str, scored: int, conceded: int) -> None:
        """Count one match."""
        self.won += outcome == "W"
        self.drawn += outcome == "D"
        self.lost += outcome == "L"
        self.scored += scored
        self.conceded += conceded

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            self.won + other.won,
            self.drawn + other.drawn,
            self.lost + other.lost,
            self.scored + other.scored,
            self.conceded + other.conceded,
        )


@dataclass(slots=True)
class Standing:
    """The place of one team in a table.

    Attributes:
        sides: What the team did at home, and away.
        form: Fixture id and `W`, `D` or `L` of each match, oldest first.
        position: 1 is the best place; no two teams share one.
    """

    team_id: int
    sides: tuple[Tally, Tally] = field(default_factory=lambda: (Tally(), Tally()))
    form: list[tuple[int, str]] = field(default_factory=list)
    position: int = 0

    @property
    def overall(self) -> Tally:
        """Return home and away together."""
        return self.sides[HOME] + self.sides[AWAY]


def make_table(team_ids: Iterable[int], matches: Iterable[MatchResult]) -> list[Standing]:
    """Return the table after these matches, best team first.

    Points decide, then goal difference, goals, and the id of the team: a guess, because each league
    has its own rules for equal points.
    """
    lines = {team_id: Standing(team_id) for team_id in team_ids}
    for match in sorted(matches, key=lambda match: (match.kickoff, match.fixture_id)):
        for side in (HOME, AWAY):
            line = lines[match.teams[side]]
            outcome = match.outcome(side)
            line.sides[side].add(outcome, match.scored(side), match.scored(1 - side))
            line.form.append((match.fixture_id, outcome))

    def rank(line: Standing) -> tuple[int, int, int, int]:
        total = line.overall
        return -total.points, -total.goal_difference, -total.scored, line.team_id

    table = sorted(lines.values(), key=rank)
    for position, line in enumerate(table, 1):
        line.position = position
    return table
