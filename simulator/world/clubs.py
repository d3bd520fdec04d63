"""The people of the generated world: squads and coaches of its clubs, referees of its leagues."""

from __future__ import annotations

from simulator.data.people import People, Row
from simulator.world import ids, people, squads


class Clubs(People):
    """The people of a world: each follows from the seed and an id."""

    def __init__(self, seed: int, leagues: int, teams: int) -> None:
        """Describe a world by its seed, its leagues and the teams of each league."""
        self._seed = seed
        self._leagues = leagues
        self._teams = teams

    def _is_team(self, team_id: int) -> bool:
        league_index, team_index = ids.locate_team(team_id)
        return 0 <= league_index < self._leagues and team_index < self._teams

    def squad(self, team_id: int) -> list[Row]:
        """Return the players of a team, ascending by id."""
        if not self._is_team(team_id):
            return []
        return [
            people.player_row(self._seed, player.player_id)
            for player in squads.club_squad(self._seed, team_id)
            if player.player_id is not None
        ]

    def player(self, player_id: int) -> Row | None:
        """Return one player."""
        if not self._is_team(squads.team_of(player_id)) or player_id % 100 >= squads.SQUAD_SIZE:
            return None
        return people.player_row(self._seed, player_id)

    def coach(self, coach_id: int) -> Row | None:
        """Return one coach."""
        team_id = squads.team_of(coach_id)
        if not self._is_team(team_id) or squads.coach_id(team_id) != coach_id:
            return None
        return people.coach_row(self._seed, coach_id)

    def referee(self, referee_id: int) -> Row | None:
        """Return one referee."""
        if not people.is_referee(referee_id, self._leagues):
            return None
        return people.referee_row(self._seed, referee_id)
