"""One match: which arrays of a fixture exist at a second since kick-off."""

from __future__ import annotations

from functools import cached_property

from simulator.data.source import Row
from simulator.randomness import mix
from simulator.world import expected_goals, lineups
from simulator.world.match_events import FIRST_PERIOD_ID, MatchEvents
from simulator.world.match_outline import MINUTE, MatchSetup
from simulator.world.match_statistics import MatchStatistics
from simulator.world.player_statistics import PlayerStatistics, Values

_FIRST_SCORE_ID = 16_000_000


class Match:
    """The details of one fixture, from kick-off up to a second.

    Attributes:
        setup: What the match is generated from.
        events: Its events.
        until: Seconds since kick-off; -1 where nothing was played.
    """

    def __init__(self, setup: MatchSetup, state_id: int, until: int) -> None:
        """Prepare the details; each is generated on first use."""
        self.setup = setup
        self.until = until
        self.events = MatchEvents(setup)
        self._state_id = state_id
        self._statistics = MatchStatistics(setup, self.events)
        self._arrays: dict[str, list[Row]] = {}

    @property
    def is_played(self) -> bool:
        """Return whether the match has begun; an awarded one never does."""
        return self.until >= 0

    @cached_property
    def is_over(self) -> bool:
        """Whether the match was played to its end."""
        return self.is_played and self.until >= self.setup.outline.phases[-1][0]

    def array(self, name: str) -> list[Row]:
        """Return one of the arrays that every fixture has, in canonical order."""
        if name not in self._arrays:
            self._arrays[name] = self._array(name)
        return self._arrays[name]

    def _array(self, name: str) -> list[Row]:
        until = self.until
        if self._state_id in (14, 17):
            # An awarded match has a score and statistics but no events, as in real data.
            if name == "scores":
                return self._scores(0, second_half=self._state_id == 17)
            has_statistics = name in ("statistics", "xgfixture") and self._state_id == 17
            return self._statistics.rows(0, 1.0) if has_statistics else []
        if not self.is_played:
            return []
        if name == "scores":
            return self._scores(until, second_half=until >= self.setup.periods[2].starts)
        if name == "statistics":
            return self._statistics.rows(until, self._share)
        if name == "events":
            return self.events.rows(until, self.is_over)
        if name == "periods":
            return self._periods(until, self.is_over)
        # xGFixture repeats all statistics under the same ids.
        expected: list[Row] = []
        if self._player_expected is not None:
            expected = expected_goals.team_rows(self.setup, self.events, self._player_expected)
        return [*self.array("statistics"), *expected]

    @cached_property
    def _share(self) -> float:
        """The share of 90 minutes that was played."""
        first_half, second_half = self.setup.periods[1], self.setup.periods[2]
        seconds = min(self.until, first_half.ends)
        seconds += max(0, min(self.until, second_half.ends) - second_half.starts)
        return min(1.0, seconds / (90 * MINUTE))

    # ------------------------------------------------------------------ players

    @cached_property
    def team_values(self) -> list[dict[int, int]]:
        """The statistics of both teams by type."""
        return self._statistics.team_values(self.until, self._share)

    @cached_property
    def players(self) -> PlayerStatistics:
        """The statistics of the players of a match that has begun."""
        return PlayerStatistics(self.setup, self.events, self.team_values, self.until)

    @cached_property
    def _player_expected(self) -> list[list[Values]] | None:
        if not self.is_over or not expected_goals.has_expected_goals(self.setup):
            return None
        return expected_goals.player_values(self.setup, self.events, self.players)

    @cached_property
    def lineups(self) -> list[Row]:
        """The rows of the line-ups, without anything nested."""
        came_on = [[False] * len(side.squad) for side in self.setup.sides]
        if self.is_played:
            came_on = [
                [place >= 11 and player.came_on is not None for place, player in enumerate(side)]
                for side in self.players.appearances
            ]
        return lineups.lineup_rows(self.setup, came_on)

    @cached_property
    def _player_values(self) -> list[list[Values]]:
        return self.players.values(self._player_expected)

    def player_statistics(self, *, with_expected: bool) -> dict[int, list[Row]]:
        """Return the rows of the players' statistics by line-up id, with or without xG."""
        # Not kept: these rows would take most of the memory of all matches in the cache.
        return lineups.statistic_rows(self.setup, self._player_values, with_expected=with_expected)

    def _scores(self, until: int, second_half: bool) -> list[Row]:
        """Return the scores at a second since kick-off: two rows for each description."""
        setup, outline = self.setup, self.setup.outline
        periods = setup.periods
        has_extra_time = 3 in periods and until >= periods[3].starts
        parts: list[tuple[int, str, tuple[int, int]]] = [
            (1, "1ST_HALF", outline.score(until, 1, 1)),
            (1525, "CURRENT", outline.score(until)),
        ]
        if second_half:
            # 2ND_HALF is the score after 90 minutes, not the goals of the half.
            parts.append((2, "2ND_HALF", outline.score(until, 1, 2)))
            if mix(setup.bits, 9) % 100 < 77:
                parts.append((48996, "2ND_HALF_ONLY", outline.score(until, 2, 2)))
        if has_extra_time:
            parts.append((3, "ET", outline.score(until, 3, 4)))
            parts.append((5314, "ET_1ST_HALF", outline.score(until, 3, 3)))
            if until >= periods[4].starts:
                parts.append((39, "ET_2ND_HALF", outline.score(until, 4, 4)))
        if outline.kicks and until >= outline.kicks[0][0]:
            parts.append((5, "PENALTY_SHOOTOUT", outline.shootout(until)))
        first_id = _FIRST_SCORE_ID + setup.ordinal * 32
        return [
            {
                "id": first_id + 2 * place + side,
                "fixture_id": setup.fixture_id,
                "type_id": type_id,
                "participant_id": setup.sides[side].participant_id,
                "score": {"goals": goals[side], "participant": ("home", "away")[side]},
                "description": description,
            }
            for place, (type_id, description, goals) in enumerate(parts)
            for side in (0, 1)
        ]

    def _periods(self, until: int, is_over: bool) -> list[Row]:
        """Return the periods that have started; the current one is ticking and has no end."""
        setup = self.setup
        periods, kicks = setup.periods, setup.outline.kicks
        spans = [
            (1, 1, "1st-half", 0, 45, periods[1].starts, periods[1].ends),
            (2, 2, "2nd-half", 45, 45, periods[2].starts, periods[2].ends),
        ]
        if 3 in periods:
            spans.append((3, 3, "extra-time", 90, 30, periods[3].starts, periods[4].ends))
        if kicks:
            first = 120 if 3 in periods else 90
            spans.append((5, 5, "penalties", first, 0, kicks[0][0] - 45, kicks[-1][0] + 30))
        rows: list[Row] = []
        for order, (number, type_id, name, first, length, starts, ends) in enumerate(spans, 1):
            if starts > until:
                break
            ended = until >= ends or is_over
            ends = min(ends, until)
            seconds = ends - starts
            rows.append(
                {
                    "id": FIRST_PERIOD_ID + setup.ordinal * 8 + number,
                    "fixture_id": setup.fixture_id,
                    "type_id": type_id,
                    "started": setup.kickoff + starts,
                    "ended": setup.kickoff + ends if ended else None,
                    "counts_from": first,
                    "ticking": not ended,
                    "sort_order": order,
                    "description": name,
                    "time_added": max(0, seconds // MINUTE - length) if ended and length else None,
                    "period_length": length or None,
                    "minutes": first + seconds // MINUTE,
                    "seconds": seconds % MINUTE,
                    "has_timer": not ended,
                }
            )
        return rows
