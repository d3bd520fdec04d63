"""Teams of the generated world, and their squads."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.randomness import mix
from simulator.world import ids, names, squads
from simulator.world.match_outline import Side


@dataclass(frozen=True, slots=True)
class Team:
    """A club.

    Attributes:
        index: Its position in the league's list of teams.
        strength: 0 to 1; a stronger team scores more goals.
    """

    team_id: int
    index: int
    name: str
    short_code: str | None
    founded: int | None
    country_id: int
    town: str
    strength: float


def country(league_index: int) -> tuple[int, str]:
    """Return the id and name of a league's country."""
    return names.COUNTRIES[league_index % len(names.COUNTRIES)]


def make_team(seed: int, league_index: int, team_index: int, team_count: int) -> Team:
    """Generate a team of a league that has `team_count` teams."""
    number = league_index * team_count + team_index
    draw = mix(seed, 11, number)
    town_number = (number * 7 + draw % 7) % 250 + number * 7 // 250 * 250
    town = names.town(town_number)
    return Team(
        team_id=ids.team_id(league_index, team_index),
        index=team_index,
        name=names.club(town_number, draw >> 8),
        short_code=None if (draw >> 16) % 100 < 34 else town[:3].upper(),
        founded=None if (draw >> 24) % 20 == 0 else 1878 + (draw >> 28) % 120,
        country_id=country(league_index)[0],
        town=town,
        strength=((draw >> 40) % 1000) / 1000,
    )


def make_side(seed: int, fixture_id: int, team_id: int, kickoff: int) -> Side:
    """Generate the squad that a team brings to a match."""
    match_squad = squads.match_squad(seed, fixture_id, team_id, kickoff)
    squad = tuple((player.player_id, player.name) for player in match_squad.players)
    return Side(team_id, squads.coach_id(team_id), squad, match_squad)
