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
    """

    fixture_id: int
    stage_id: int
    group_id: int | None
    round_id: int
    kickoff: int
    teams: tuple[int, int]
    goals: tuple[int, int] | None
    winner: int | None

    @property
    def is_known(self) -> bool:
        """Return whether the match has a score or a winner."""
        return self.goals is not None or self.winner is not None

    def scored(self, side: int) -> int:
        """Return the goals of one side: 0 home, 1 away."""
        return self.goals[side] if self.goals else 0

    def outcome(self, side: int) -> str:
        """Return `W`, `D` or `L` for one side.

        An equal score is a draw, whoever won a shoot-out.
        """
        ours, theirs = self.scored(side), self.scored(1 - side)
        if self.goals is not None and ours == theirs:
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
        if base.get("round_id") is None:
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
        if base["state_id"] in FINISHED or base["state_id"] in LIVE:
            counts.update(_facts(source, base, "players", _read_players))
    return counts


def _facts(source: Source, base: Row, kind: str, read: Callable[[Source, Row], Any]) -> Any:
    fixture_id = base["id"]
    if base["state_id"] in LIVE or fixture_id in source.patches:
        return read(source, base)
    cached = _cache.setdefault(source, {})
    key = (kind, fixture_id, base["state_id"], base["starting_at_timestamp"])
    if key not in cached:
        if len(cached) >= _MAX_CACHED:
            cached.clear()
        cached[key] = read(source, base)
    return cached[key]


def _read_result(source: Source, base: Row) -> MatchResult | None:
    fixture = source.view(base["id"], ("participants", "scores"))
    teams: dict[str, int] = {}
    winner = None
    for team in fixture.get("participants") or ():
        teams[team["meta"]["location"]] = team["id"]
        if team["meta"]["winner"]:
            winner = team["id"]
    if teams.keys() != {"home", "away"}:
        return None
    goals = {
        row["score"]["participant"]: row["score"]["goals"]
        for row in fixture.get("scores") or ()
        if row["description"] == "CURRENT"
    }
    return MatchResult(
        fixture_id=base["id"],
        stage_id=base["stage_id"],
        group_id=base.get("group_id"),
        round_id=base["round_id"],
        kickoff=base["starting_at_timestamp"],
        teams=(teams["home"], teams["away"]),
        goals=(goals["home"], goals["away"]) if goals.keys() == {"home", "away"} else None,
        winner=winner,
    )


def _read_players(source: Source, base: Row) -> list[PlayerCount]:
    counted: list[PlayerCount] = []
    for event in source.view(base["id"], ("events",)).get("events") or ():
        type_id, team_id = event["type_id"], event["participant_id"]
        type_of_list = _LIST_OF_EVENT.get(type_id)
        if type_of_list and event["player_id"] and not event.get("rescinded"):
            counted.append((type_of_list, event["player_id"], team_id))
        if type_id == 14 and event["related_player_id"]:
            counted.append((ASSISTS, event["related_player_id"], team_id))
    return counted
