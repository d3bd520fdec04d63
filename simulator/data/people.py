"""People whom a source knows by id, apart from the fixtures that embed them."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


class People:
    """No people at all, as in saved responses: these contain people only inside fixtures."""

    def squad(self, team_id: int) -> list[Row]:
        """Return the players of a team, ascending by id."""
        return []

    def player(self, player_id: int) -> Row | None:
        """Return one player."""
        return None

    def coach(self, coach_id: int) -> Row | None:
        """Return one coach."""
        return None

    def referee(self, referee_id: int) -> Row | None:
        """Return one referee."""
        return None
