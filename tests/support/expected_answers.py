"""What questions of docs/questions.md must be answered with, computed in plain Python."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.support.expected_marts import Row, Rows, World, team_fixtures
from tests.support.expected_players import player_fixtures, player_seasons, referee_seasons

LEAGUE, SEASON = "England First Division", "2025/2026"


@dataclass
class Answer:
    """All rows that a question selects from.

    Attributes:
        rows: with the columns of the answer; decimals are compared as rounded.
        key: the columns that tell rows apart.
        order: the first one that the answer is ordered by, downwards.
        limit: how many rows are shown.
    """

    rows: Rows
    key: tuple[str, ...]
    order: str
    limit: int

    def check(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Asserts that these are the first rows, in their order."""
        expected = {self._key(row): row for row in self.rows}
        assert len(found) == min(self.limit, len(expected))
        shown = set()
        for row in map(_floats, found):
            key = self._key(row)
            assert row == {name: _near(value) for name, value in expected[key].items()}
            shown.add(key)
        values = [float(row[self.order]) for row in found]
        assert values == sorted(values, reverse=True)
        for key, row in expected.items():
            if key not in shown:
                assert float(row[self.order]) <= values[-1] + 0.06

    def _key(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.key)


@dataclass(frozen=True)
class Rounded:
    """A number that the answer shows with so many decimals."""

    value: float
    digits: int

    def __float__(self) -> float:
        return float(self.value)


def _near(value: Any) -> Any:
    if isinstance(value, Rounded):
        # DuckDB rounds a double to three decimals first.
        return pytest.approx(value.value, rel=0, abs=0.5 * 10**-value.digits + 0.0006)
    return value


def _floats(row: Mapping[str, Any]) -> Row:
    return {
        name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()
    }


def _in_league(rows: Rows) -> Rows:
    return [r for r in rows if (r["league_name"], r["season_name"]) == (LEAGUE, SEASON)]


def _groups(rows: Rows, *key: str) -> list[Rows]:
    groups: defaultdict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in key)].append(row)
    return list(groups.values())


def _total(rows: Iterable[Row], name: str) -> Any:
    return sum(row[name] for row in rows)


def _counts(rows: Rows) -> Row:
    return {
        result: sum(row["result"] == result for row in rows) for result in ("won", "drawn", "lost")
    }


def _finished(world: World) -> Rows:
    return [row for row in team_fixtures(world) if row["phase"] == "finished"]


def xg_against_goals(world: World) -> Answer:
    """Goals and expected goals of each team."""
    known = [r for r in _in_league(_finished(world)) if None not in (r["xg"], r["xg_against"])]
    rows = [
        {
            "team_name": team[0]["team_name"],
            "matches": len(team),
            "goals": _total(team, "goals_for"),
            "xg": Rounded(_total(team, "xg"), 1),
            "difference": Rounded(_total(team, "goals_for") - _total(team, "xg"), 1),
            "goals_against": _total(team, "goals_against"),
            "xg_against": Rounded(_total(team, "xg_against"), 1),
        }
        for team in _groups(known, "team_id")
    ]
    return Answer(rows, ("team_name",), "difference", 5)


def minutes_and_rating(world: World) -> Answer:
    """Those who played long enough."""
    names = ("player_name", "team_name", "appearances", "starts", "minutes")
    rows = [
        {**{name: row[name] for name in names}, "average_rating": Rounded(_value(row, "rating"), 2)}
        for row in _in_league(player_seasons(world))
        if (row["minutes"] or 0) >= 450 and row["rating"] is not None
    ]
    return Answer(rows, ("player_name", "team_name", "minutes"), "average_rating", 5)


def _value(row: Row, name: str) -> float:
    """The number in a column that is compared approximately."""
    value: Any = row[name]
    return float(getattr(value, "expected", value))


def cards_by_referee(world: World) -> Answer:
    """Averages of those with at least two matches that have events."""
    rows = [
        {
            "referee_name": row["referee_name"],
            "matches": row["matches"],
            "yellow_cards": row["yellow_cards"],
            "sent_off": row["yellow_red_cards"] + row["red_cards"],
            "penalties": row["penalties"],
            "yellow_per_match": Rounded(_value(row, "yellow_cards_per_match"), 2),
            "fouls_a_match": Rounded(_value(row, "fouls_per_match"), 1),
        }
        for row in _in_league(referee_seasons(world))
        if row["matches_with_events"] >= 2
    ]
    return Answer(rows, ("referee_name", "matches"), "yellow_per_match", 5)


def results_by_venue(world: World) -> Answer:
    """The home team's results at each ground, and the spectators where they are known."""
    fixtures = {match.id: match.fixture for match in world.counted}
    home = [
        {**row, "venue": fixtures[row["fixture_id"]].get("venue")}
        for row in _in_league(_finished(world))
        if row["location"] == "home" and fixtures[row["fixture_id"]].get("venue")
    ]
    for row in home:
        row["venue_id"] = row["venue"]["id"]
    rows = []
    for matches in _groups(home, "venue_id"):
        counts = _counts(matches)
        goals = [
            row["goals_for"] + row["goals_against"]
            for row in matches
            if row["goals_for"] is not None
        ]
        spectators = [
            count["attendance"] if isinstance(count, dict) else count
            for row in matches
            for metadata in fixtures[row["fixture_id"]]["metadata"]
            if metadata["type_id"] == 578 and (count := metadata["values"]) is not None
        ]
        rows.append(
            {
                "venue_name": matches[0]["venue"]["name"],
                "matches": len(matches),
                "home_won_percent": Rounded(100 * counts["won"] / len(matches), 1),
                "away_won_percent": Rounded(100 * counts["lost"] / len(matches), 1),
                "goals_per_match": Rounded(sum(goals) / len(goals), 2) if goals else None,
                "spectators": Rounded(sum(spectators) / len(spectators), 0) if spectators else None,
            }
        )
    return Answer(rows, ("venue_name",), "home_won_percent", 5)


def formations(world: World) -> Answer:
    """Each pair of two different formations, from both views."""
    known = [
        row
        for row in _finished(world)
        if None not in (row["formation"], row["opponent_formation"])
        and row["formation"] != row["opponent_formation"]
    ]
    rows = [
        {
            "formation": matches[0]["formation"],
            "opponent_formation": matches[0]["opponent_formation"],
            "matches": len(matches),
            **_counts(matches),
        }
        for matches in _groups(known, "formation", "opponent_formation")
    ]
    return Answer(rows, ("formation", "opponent_formation"), "matches", 6)


def injuries(world: World) -> Answer:
    """Injured players of each team in finished matches."""
    names = world.team_names()
    absences = [
        {
            "team_id": row["participant_id"],
            "fixture_id": match.id,
            "player_id": row.get("player_id") or row["sideline"]["player_id"],
            **world.names(match.fixture["season_id"]),
        }
        for match in world.counted
        if match.phase == "finished"
        for row in match.fixture["sidelined"]
        if row["sideline"] and row["sideline"]["category"] == "injury"
    ]
    rows = []
    for of_team in _groups(_in_league(absences), "team_id"):
        matches = len({row["fixture_id"] for row in of_team})
        rows.append(
            {
                "team_name": names[of_team[0]["team_id"]],
                "absences": len(of_team),
                "players": len({row["player_id"] for row in of_team}),
                "matches": matches,
                "players_per_match": Rounded(len(of_team) / matches, 2),
            }
        )
    return Answer(rows, ("team_name",), "absences", 5)


def goals_above_expectation(world: World) -> Answer:
    """Goals and expected goals of each player who has some."""
    players: dict[tuple[int, str], Rows] = {}
    for row in _in_league(player_fixtures(world)):
        if row["xg"] is not None and row["player_id"] is not None:
            players.setdefault((row["player_id"], row["team_name"]), []).append(row)
    rows = []
    for (_, team_name), matches in players.items():
        xg = sum(_value(match, "xg") for match in matches)
        minutes = [match["minutes"] for match in matches if match["minutes"] is not None]
        goals = [match["goals"] for match in matches if match["goals"] is not None]
        rows.append(
            {
                "player_name": max(match["player_name"] for match in matches),
                "team_name": team_name,
                "minutes": sum(minutes) if minutes else None,
                "goals": sum(goals) if goals else None,
                "expected_goals": Rounded(xg, 1),
                "difference": Rounded(sum(goals) - xg, 1),
            }
        )
    return Answer(rows, ("player_name", "team_name", "minutes"), "difference", 5)


def two_scorers(world: World) -> Answer:
    """The players with the most goals, each per 90 minutes."""
    rows = []
    for row in _in_league(player_seasons(world)):
        if row["statistics_source"] != "details" or not row["minutes"]:
            continue
        per_90 = 90 / row["minutes"]
        passes = row["passes"]
        rows.append(
            {
                "player_name": row["player_name"],
                "goals": row["goals"],
                "minutes": row["minutes"],
                "goals_per_90": Rounded(row["goals"] * per_90, 2),
                "assists_per_90": Rounded(row["assists"] * per_90, 2),
                "shots_per_90": Rounded(row["shots_total"] * per_90, 2),
                "key_passes_per_90": Rounded(row["key_passes"] * per_90, 2),
                "passes_per_90": Rounded(passes * per_90, 1),
                "accurate_passes_percent": Rounded(100 * row["accurate_passes"] / passes, 1)
                if passes
                else None,
                "average_rating": None
                if row["rating"] is None
                else Rounded(_value(row, "rating"), 2),
            }
        )
    return Answer(rows, ("player_name", "goals", "minutes"), "goals", 2)


ANSWERS: dict[str, Callable[[World], Answer]] = {
    "Which teams score more than their chances are worth?": xg_against_goals,
    "Which players have the best rating, and how long did they play?": minutes_and_rating,
    "How many cards does each referee show?": cards_by_referee,
    "At which grounds do home teams win most?": results_by_venue,
    "Which formations win against which?": formations,
    "Which teams miss most players through injury?": injuries,
    "Which players score more or fewer goals than expected?": goals_above_expectation,
    "How do the two best scorers compare?": two_scorers,
}
