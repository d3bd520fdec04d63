"""Ids of the generated world. Each is arithmetic on an index, so that no table of ids is kept."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.randomness import mix

_FIRST_FIXTURE = 18_500_000
_FIRST_SEASON = 23_001
_FIRST_LEAGUE = 2_001
_FIRST_STAGE = 77_400_000
_FIRST_ROUND = 340_000
_FIRST_GROUP = 248_000
_FIRST_TEAM = 10_001
_FIRST_PLACEHOLDER_TEAM = 9_000_000
_TEAMS_PER_LEAGUE = 100
_VENUE_OFFSET = 50_000


def league_id(league_index: int) -> int:
    """Return a league's id."""
    return _FIRST_LEAGUE + 3 * league_index


def season_id(season_index: int) -> int:
    """Return the id of a season; the index counts the seasons of all leagues."""
    return _FIRST_SEASON + season_index


def season_index(season_id: int) -> int:
    """Return the index of a season."""
    return season_id - _FIRST_SEASON


def stage_id(season_index: int, is_knockout: bool) -> int:
    """Return the id of a season's league stage or of its knock-out stage."""
    return _FIRST_STAGE + 2 * season_index + is_knockout


def is_knockout_stage(stage_id: int) -> bool:
    """Return whether a stage is a knock-out stage."""
    return (stage_id - _FIRST_STAGE) % 2 == 1


def round_id(season_index: int, number: int) -> int:
    """Return the id of a round; rounds count from 1."""
    return _FIRST_ROUND + season_index * 100 + number


def round_number(round_id: int) -> int:
    """Return the number of a round in its season."""
    return (round_id - _FIRST_ROUND) % 100


def team_id(league_index: int, team_index: int) -> int:
    """Return the id of a team; the index counts the teams of one league."""
    return _FIRST_TEAM + league_index * _TEAMS_PER_LEAGUE + team_index


def locate_team(team_id: int) -> tuple[int, int]:
    """Return the index of a team's league, and the team's index in it."""
    return divmod(team_id - _FIRST_TEAM, _TEAMS_PER_LEAGUE)


def placeholder_team_id(ordinal: int, side: int) -> int:
    """Return the id of the team "to be confirmed" on one side of a fixture."""
    return _FIRST_PLACEHOLDER_TEAM + ordinal * 2 + side


def venue_id(team_id: int) -> int:
    """Return the id of a team's ground."""
    return team_id + _VENUE_OFFSET


def team_index_of_venue(venue_id: int) -> int:
    """Return the index, in its league, of the team that a ground belongs to."""
    return (venue_id - _VENUE_OFFSET - _FIRST_TEAM) % _TEAMS_PER_LEAGUE


def venue_capacity(seed: int, venue_id: int) -> int:
    """Return how many people a ground holds."""
    return 4_000 + mix(seed, 14, venue_id) % 60_000


def group_id(season_index: int) -> int:
    """Return the id of the only group of a season's league stage."""
    return _FIRST_GROUP + season_index


@dataclass(frozen=True, slots=True)
class FixtureIds:
    """Fixture ids: a block for each season, with a gap of unused ids after it.

    Attributes:
        season_count: Seasons of all leagues together.
        per_season: Fixtures of one season.
    """

    season_count: int
    per_season: int

    @property
    def block(self) -> int:
        """Ids from the start of one season to the start of the next."""
        return -(-(self.per_season + 10) // 100) * 100

    def of_season(self, season_index: int) -> range:
        """Return the ids of a season; empty where there is no such season."""
        if not 0 <= season_index < self.season_count:
            return range(0)
        first = _FIRST_FIXTURE + season_index * self.block
        return range(first, first + self.per_season)

    def locate(self, fixture_id: int) -> tuple[int, int]:
        """Return the index of a fixture's season, and the fixture's number in that season."""
        return divmod(fixture_id - _FIRST_FIXTURE, self.block)

    def ordinal(self, fixture_id: int) -> int:
        """Return the distance to the first fixture: unique, for the ids of child rows."""
        return fixture_id - _FIRST_FIXTURE

    def __contains__(self, fixture_id: int) -> bool:
        """Return whether a fixture has this id."""
        season_index, number = self.locate(fixture_id)
        return 0 <= season_index < self.season_count and number < self.per_season
