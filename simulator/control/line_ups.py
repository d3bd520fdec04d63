"""Corrections of the line-ups of single fixtures, and of the statistics of their players.

`details` and `xglineup` have the same rows, so that each correction changes both. A fixture that is
requested without line-ups is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.data.child_rows import NESTED_STATISTICS
from simulator.data.source import CorrectionError, Patch, Row

NAMES = ("lineups", *(f"lineups.{name}" for name in NESTED_STATISTICS))
"""What a fixture must have so that these corrections can be checked."""

_ADDED_STATISTIC_IDS = 30_000_000_000


def _lineups(fixture: Row) -> list[Row]:
    rows = fixture.get("lineups")
    return rows if isinstance(rows, list) else []


def _statistics(fixture: Row) -> Iterator[tuple[Row, list[Row]]]:
    """Yield every list of player statistics with the row of the line-ups that has it."""
    for lineup in _lineups(fixture):
        for name in NESTED_STATISTICS:
            rows = lineup.get(name)
            if isinstance(rows, list):
                yield lineup, rows


def find_lineup(fixture: Row, lineup_id: int) -> Row:
    """Return one row of the line-ups.

    Raises:
        CorrectionError: There is no such row.
    """
    for lineup in _lineups(fixture):
        if lineup.get("id") == lineup_id:
            return lineup
    raise CorrectionError(f"fixture {fixture.get('id')} has no row {lineup_id} in lineups")


def find_statistic(fixture: Row, statistic_id: int) -> Row:
    """Return one statistic of a player.

    Raises:
        CorrectionError: There is no such row.
    """
    for _, rows in _statistics(fixture):
        for row in rows:
            if row.get("id") == statistic_id:
                return row
    raise CorrectionError(f"fixture {fixture.get('id')} has no player statistic {statistic_id}")


def correct_player_statistic(statistic_id: int, value: Any) -> Patch:
    """Change the value of a statistic of a player; its row keeps its id."""

    def change(fixture: Row) -> None:
        for _, rows in _statistics(fixture):
            for row in rows:
                if row.get("id") == statistic_id:
                    row["data"] = {"value": value}

    return change


def remove_player_statistic(statistic_id: int) -> Patch:
    """Remove a statistic of a player."""

    def change(fixture: Row) -> None:
        for _, rows in _statistics(fixture):
            rows[:] = [row for row in rows if row.get("id") != statistic_id]

    return change


def new_player_statistic(
    fixture: Row, lineup_id: int, type_id: int, value: Any, number: int
) -> Row:
    """Return a new statistic of a player.

    Raises:
        CorrectionError: There is no such row in the line-ups.
    """
    lineup = find_lineup(fixture, lineup_id)
    return {
        "id": _ADDED_STATISTIC_IDS + number,
        "fixture_id": fixture["id"],
        "player_id": lineup["player_id"],
        "team_id": lineup["team_id"],
        "lineup_id": lineup_id,
        "type_id": type_id,
        "data": {"value": value},
    }


def add_player_statistic(statistic: Row) -> Patch:
    """Add a statistic of a player."""

    def change(fixture: Row) -> None:
        for lineup, rows in _statistics(fixture):
            is_there = any(row.get("id") == statistic["id"] for row in rows)
            if lineup.get("id") == statistic["lineup_id"] and not is_there:
                rows.append({**statistic, "data": dict(statistic["data"])})

    return change


def rename_lineup_player(lineup_id: int, player_name: str) -> Patch:
    """Change the name of a player in the line-ups."""

    def change(fixture: Row) -> None:
        for lineup in _lineups(fixture):
            if lineup.get("id") == lineup_id:
                lineup["player_name"] = player_name

    return change


def take_goal(fixture: Row, goal: Row) -> None:
    """Take a disallowed goal and its assist away from the statistics of the players."""
    taken = {(goal["player_name"], 324 if goal["type_id"] == 15 else 52)}
    if goal["type_id"] == 14:
        taken.add((goal["related_player_name"], 79))
    if goal["type_id"] == 16:
        taken.add((goal["player_name"], 111))
    for lineup, rows in _statistics(fixture):
        for row in rows:
            if (lineup.get("player_name"), row.get("type_id")) in taken:
                row["data"] = {"value": max(0, row["data"]["value"] - 1)}
        # A count of zero is absent.
        rows[:] = [
            row
            for row in rows
            if row["data"]["value"] != 0
            or (lineup.get("player_name"), row.get("type_id")) not in taken
        ]
