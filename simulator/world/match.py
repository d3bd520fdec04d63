"""One match: which arrays of a fixture exist at a second since kick-off."""

from __future__ import annotations

from simulator.data.source import Row
from simulator.randomness import mix
from simulator.world.match_events import FIRST_PERIOD_ID, MatchEvents
from simulator.world.match_outline import MINUTE, MatchSetup
from simulator.world.match_statistics import MatchStatistics

_FIRST_SCORE_ID = 16_000_000


class Match:
    """The details of one fixture, from kick-off to the end."""

    def __init__(self, setup: MatchSetup) -> None:
        """Prepare the details; each is generated on first use."""
        self._setup = setup
        self._events = MatchEvents(setup)
        self._statistics = MatchStatistics(setup, self._events)

    def array(self, name: str, state_id: int, until: int) -> list[Row]:
        """Return one array at a state and a second since kick-off, in canonical order."""
        if state_id in (14, 17):
            # An awarded match has a score and statistics but no events, as in real data.
            if name == "scores":
                return self._scores(0, second_half=state_id == 17)
            return self._statistics.rows(0, 1.0) if name == "statistics" and state_id == 17 else []
        if until < 0:
            return []
        first_half, second_half = self._setup.periods[1], self._setup.periods[2]
        is_over = until >= self._setup.outline.phases[-1][0]
        if name == "scores":
            return self._scores(until, second_half=until >= second_half.starts)
        if name == "statistics":
            seconds = min(until, first_half.ends)
            seconds += max(0, min(until, second_half.ends) - second_half.starts)
            return self._statistics.rows(until, min(1.0, seconds / (90 * MINUTE)))
        if name == "events":
            return self._events.rows(until, is_over)
        if name == "periods":
            return self._periods(until, is_over)
        return self._statistics.expected_goals() if is_over else []

    def _scores(self, until: int, second_half: bool) -> list[Row]:
        """Return the scores at a second since kick-off: two rows for each description."""
        setup, outline = self._setup, self._setup.outline
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
        setup = self._setup
        periods, kicks = setup.periods, setup.outline.kicks
        spans = [
            (1, 1, "1st-half", 0, 45, periods[1].starts, periods[1].ends),
            (2, 2, "2nd-half", 45, 45, periods[2].starts, periods[2].ends),
        ]
        if 3 in periods:
            spans.append((3, 3, "extra-time", 90, 30, periods[3].starts, periods[4].ends))
        if kicks:
            spans.append((5, 5, "penalties", 120, 0, kicks[0][0] - 45, kicks[-1][0] + 30))
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
