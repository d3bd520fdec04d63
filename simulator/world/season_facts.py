"""What the matches of a season come to: their results, and what each player did in them.

Everything is read from the fixtures as the API serves them, so that corrections count. The facts of
an uncorrected match follow from its id, state and kick-off, and are cached under these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from simulator.data.source import Row, Source
from simulator.world.match_outline import FINISHED

LIVE = frozenset({2, 3, 4, 6, 9, 11, 18, 19, 21, 22, 23, 25, 26})
"""States of a match that has begun and is not over."""

_AWARDED = frozenset({14, 17})
"""States of a match that was awarded, or whose opponent did not play."""

GOALS, ASSISTS, RED_CARDS, YELLOW_CARDS = 208, 209, 83, 84
"""Types of the lists of players."""

PlayerCount = tuple[int, int, int]
"""What is counted: the type of the list, the player and the team."""

_LIST_OF_EVENT = {14: GOALS, 16: GOALS, 19: YELLOW_CARDS, 20: RED_CARDS}
_MAX_CACHED = 50_000
_cache: WeakKeyDictionary[Source, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The result of one match.

    Attributes:
        kickoff: Epoch seconds.
        teams: The ids of the home and the away team.
        goals: Their goals; None where the match has no score.
        winner: The id of the winner, as the fixture's participants show it.
        is_awarded: Whether the winner was decided without a whole match.
    """

    fixture_id: int
    stage_id: int
    group_id: int | None
    round_id: int
    kickoff: int
    teams: tuple[int, int]
    goals: tuple[int, int] | None
    winner: int | None
    is_awarded: bool

    @property
    def is_known(self) -> bool:
        """Return whether the match has a score or a winner."""
        return self.goals is not None or self.winner is not None

    def scored(self, side: int) -> int:
        """Return the goals of one side: 0 home, 1 away."""
        return self.goals[side] if self.goals else 0

    def outcome(self, side: int) -> str:
        """Return `W`, `D` or `L` for one side.

        An equal score is a draw, also after a shoot-out. In an awarded match the winner counts.
        """
        ours, theirs = self.scored(side), self.scored(1 - side)
        is_decided = self.is_awarded and self.winner is not None
        if self.goals is not None and ours == theirs and not is_decided:
            return "D"
        if self.winner is not None:
            return "W" if self.winner == self.teams[side] else "L"
        return "W" if ours > theirs else "L"


def league_matches(source: Source, season_id: int) -> list[tuple[Row, MatchResult]]:
    """Return the season's fixtures that belong to a round, each with its current result.

    A stage without rounds is a knock-out stage, which has no table.
    """
    found = []
    for fixture_id in source.fixture_ids(season_id):
        base = source.base(fixture_id)
        if whole_number(base, "round_id") is None:
            continue
        result = _facts(source, base, "result", _read_result)
        if result is not None:
            found.append((base, result))
    return found


def player_counts(source: Source, season_id: int) -> Counter[PlayerCount]:
    """Count goals, assists and cards of the matches that have begun or are over.

    Own goals and rescinded cards do not count, nor does a player without an id.
    """
    counts: Counter[PlayerCount] = Counter()
    for fixture_id in source.fixture_ids(season_id):
        base = source.base(fixture_id)
        if is_in(base, FINISHED | LIVE):
            counts.update(_facts(source, base, "players", _read_players))
    return counts


def is_in(base: Row, states: frozenset[int]) -> bool:
    """Return whether a fixture is in one of these states."""
    return whole_number(base, "state_id") in states


def whole_number(row: Any, key: str) -> int | None:
    """Return a whole number of a row, or None if there is none: a correction may set any value."""
    value = row.get(key) if isinstance(row, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _facts(source: Source, base: Row, kind: str, read: Callable[[Source, Row], Any]) -> Any:
    fixture_id = base["id"]
    if fixture_id in source.patches or is_in(base, LIVE):
        return read(source, base)
    cached = _cache.setdefault(source, {})
    key = (kind, fixture_id, base["state_id"], base["starting_at_timestamp"])
    if key not in cached:
        if len(cached) >= _MAX_CACHED:
            cached.clear()
        cached[key] = read(source, base)
    return cached[key]


# What a correction has made unreadable does not count.


def _dicts(row: Row, key: str) -> list[Row]:
    rows = row.get(key)
    return [item for item in rows if isinstance(item, dict)] if isinstance(rows, list) else []


def _read_result(source: Source, base: Row) -> MatchResult | None:
    fixture = source.view(base["id"], ("participants", "scores"))
    teams: dict[str, int] = {}
    goals: dict[str, int] = {}
    winner = None
    for team in _dicts(fixture, "participants"):
        meta, team_id = team.get("meta"), whole_number(team, "id")
        if isinstance(meta, dict) and team_id is not None:
            teams[str(meta.get("location"))] = team_id
            winner = team_id if meta.get("winner") is True else winner
    for row in _dicts(fixture, "scores"):
        score, number = row.get("score"), whole_number(row.get("score"), "goals")
        if row.get("description") == "CURRENT" and isinstance(score, dict) and number is not None:
            goals[str(score.get("participant"))] = number
    stage_id, round_id = whole_number(base, "stage_id"), whole_number(base, "round_id")
    if teams.keys() != {"home", "away"} or stage_id is None or round_id is None:
        return None
    return MatchResult(
        fixture_id=base["id"],
        stage_id=stage_id,
        group_id=whole_number(base, "group_id"),
        round_id=round_id,
        kickoff=whole_number(base, "starting_at_timestamp") or 0,
        teams=(teams["home"], teams["away"]),
        goals=(goals["home"], goals["away"]) if goals.keys() == {"home", "away"} else None,
        winner=winner,
        is_awarded=is_in(base, _AWARDED),
    )


def _read_players(source: Source, base: Row) -> list[PlayerCount]:
    counted: list[PlayerCount] = []
    for event in _dicts(source.view(base["id"], ("events",)), "events"):
        type_id, team_id = whole_number(event, "type_id"), whole_number(event, "participant_id")
        player_id, helper_id = (
            whole_number(event, "player_id"),
            whole_number(event, "related_player_id"),
        )
        if type_id is None or team_id is None:
            continue
        type_of_list = _LIST_OF_EVENT.get(type_id)
        if type_of_list and player_id and event.get("rescinded") is not True:
            counted.append((type_of_list, player_id, team_id))
        if type_id == 14 and helper_id:
            counted.append((ASSISTS, helper_id, team_id))
    return counted
