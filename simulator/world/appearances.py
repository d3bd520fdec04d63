"""How long each player of a match was on the pitch, from the substitutions and the red cards."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.world.match_events import MatchEvents
from simulator.world.match_outline import MINUTE, MatchSetup

SUBSTITUTION = 18
SENT_OFF = frozenset({20, 21})


@dataclass(slots=True)
class Appearance:
    """The time of one player on the pitch.

    Attributes:
        came_on: Second since kick-off; None for a player who stays on the bench.
        minutes: Minutes of the match without stoppage time: at most 90, or 120 with extra time.
        running_minutes: The same with stoppage time.
    """

    came_on: int | None
    went_off: int | None = None
    first_minute: int = 0
    minutes: int = 0
    running_minutes: int = 0

    def was_on(self, at: int) -> bool:
        """Return whether the player was on the pitch at a second since kick-off."""
        return (
            self.came_on is not None
            and self.came_on <= at
            and (self.went_off is None or at <= self.went_off)
        )


def match_minute(setup: MatchSetup, until: int) -> int:
    """Return the minute of the match at a second since kick-off, without stoppage time."""
    minute = 0
    for period in setup.outline.periods:
        if period.starts <= until:
            played = (min(until, period.ends) - period.starts) // MINUTE
            minute = period.first_minute + min(period.length, played)
    return minute


def appearances(
    setup: MatchSetup, events: MatchEvents, until: int
) -> tuple[list[Appearance], list[Appearance]]:
    """Return the appearance of every player of both squads up to a second since kick-off."""
    now = match_minute(setup, until)
    sides = tuple(
        [Appearance(0 if place < 11 else None) for place in range(len(side.squad))]
        for side in setup.sides
    )
    last_minutes: dict[int, int] = {}
    for action in events.actions:
        if action.at > until:
            continue
        players = sides[action.side]
        if action.type_id == SUBSTITUTION:
            players[action.player].came_on = action.at
            players[action.player].first_minute = action.minute
            leaving = None if action.related is None else players[action.related]
        else:
            leaving = players[action.player] if action.type_id in SENT_OFF else None
        if leaving is not None:
            leaving.went_off = action.at
            last_minutes[id(leaving)] = action.minute
    everything = sum(
        max(0, min(until, period.ends) - period.starts) for period in setup.outline.periods
    )
    for players in sides:
        for player in players:
            if player.came_on is None:
                continue
            player.minutes = last_minutes.get(id(player), now) - player.first_minute
            leaves = until if player.went_off is None else min(until, player.went_off)
            if player.came_on == 0 and player.went_off is None:
                player.running_minutes = -(-everything // MINUTE)
                continue
            seconds = sum(
                max(0, min(leaves, period.ends) - max(player.came_on, period.starts))
                for period in setup.outline.periods
            )
            player.running_minutes = -(-seconds // MINUTE)
    return sides[0], sides[1]
