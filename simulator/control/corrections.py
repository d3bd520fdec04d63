"""Corrections of single fixtures: changes that the API makes to data after publishing it."""

from __future__ import annotations

from typing import Any

from simulator.control import line_ups
from simulator.data.source import CorrectionError, Patch, Row

_GOALS = frozenset({14, 15, 16})
_CARDS = frozenset({19, 20, 21})
_ADDED_EVENT_IDS = 20_000_000_000
# By period type: the score types in which its goals count.
_SCORES_OF_PERIOD = {1: {1, 2, 1525}, 2: {2, 48996, 1525}, 3: {3, 5314, 39, 1525}}


def find(fixture: Row, array: str, row_id: int) -> Row:
    """Return one row of a fixture's array.

    Raises:
        CorrectionError: There is no such row.
    """
    rows = fixture.get(array)
    for row in rows if isinstance(rows, list) else []:
        if row.get("id") == row_id:
            found: Row = row
            return found
    raise CorrectionError(f"fixture {fixture.get('id')} has no row {row_id} in {array}")


def _rows(fixture: Row, array: str) -> list[Row]:
    rows = fixture.get(array)
    return rows if isinstance(rows, list) else []


def correct_statistic(statistic_id: int, value: Any) -> Patch:
    """Change the value of a statistic; its row keeps its id (unconfirmed for the real API)."""

    def change(fixture: Row) -> None:
        # xGFixture repeats the statistics under the same ids.
        for array in ("statistics", "xgfixture"):
            for row in _rows(fixture, array):
                if row.get("id") == statistic_id:
                    row["data"] = {"value": value}

    return change


def remove_event(event_id: int) -> Patch:
    """Remove an event."""

    def change(fixture: Row) -> None:
        events = _rows(fixture, "events")
        events[:] = [event for event in events if event.get("id") != event_id]

    return change


def new_event(fixture: Row, given: Row, number: int) -> Row:
    """Return an event with the given fields; the others are null or follow from the fixture."""
    participants = _rows(fixture, "participants")
    periods = _rows(fixture, "periods")
    minute = given.get("minute", 1)
    half = [row for row in periods if row.get("counts_from", 0) < minute] or periods
    period_id = half[-1]["id"] if half else None
    type_id = given.get("type_id", 19)
    same = [event for event in _rows(fixture, "events") if event.get("type_id") == type_id]
    event: Row = {
        "id": _ADDED_EVENT_IDS + number,
        "fixture_id": fixture["id"],
        "period_id": period_id,
        "participant_id": participants[0]["id"] if participants else None,
        "type_id": type_id,
        "section": "event",
        "player_id": None,
        "related_player_id": None,
        "player_name": None,
        "related_player_name": None,
        "result": None,
        "info": None,
        "addition": None,
        "minute": minute,
        "extra_minute": None,
        "injured": None,
        "on_bench": False,
        "coach_id": None,
        "sub_type_id": None,
        "detailed_period_id": period_id,
        "rescinded": False if type_id in _CARDS else None,
        "sort_order": len(same) + 1,
    }
    return event | given


def add_event(event: Row) -> Patch:
    """Add an event."""

    def change(fixture: Row) -> None:
        if not isinstance(fixture.get("events"), list):
            fixture["events"] = []
        fixture["events"].append(dict(event))

    return change


def rescind(event_id: int) -> Patch:
    """Rescind a card: `rescinded` becomes true, the event stays."""

    def change(fixture: Row) -> None:
        for event in _rows(fixture, "events"):
            if event.get("id") == event_id:
                event["rescinded"] = True

    return change


def assign(changes: Row) -> Patch:
    """Set top-level fields, including keys that the API does not have."""

    def change(fixture: Row) -> None:
        fixture.update(changes)

    return change


def drop_key(key: str) -> Patch:
    """Remove a top-level key."""

    def change(fixture: Row) -> None:
        fixture.pop(key, None)

    return change


def cancel_goal(fixture: Row, event_id: int, number: int) -> Patch:
    """Disallow a goal: a VAR event replaces it; score, winner and statistics change.

    Raises:
        CorrectionError: The event does not exist or is no goal.
    """
    goal = find(fixture, "events", event_id)
    if goal["type_id"] not in _GOALS:
        raise CorrectionError(f"event {event_id} is not a goal")
    side = _location(fixture, goal["participant_id"])
    review = new_event(
        fixture,
        {
            "type_id": 10,
            "participant_id": goal["participant_id"],
            "period_id": goal["period_id"],
            "detailed_period_id": goal.get("detailed_period_id"),
            "player_id": goal["player_id"],
            "player_name": goal["player_name"],
            "addition": "Goal Disallowed",
            "minute": goal["minute"],
            "extra_minute": (goal["extra_minute"] or 0) + 1,
            "sub_type_id": 1512,
        },
        number,
    )
    for key in ("rescinded", "sort_order"):
        if key not in goal:
            review.pop(key)
    period_type = next(
        (row["type_id"] for row in _rows(fixture, "periods") if row["id"] == goal["period_id"]), 2
    )
    when = (goal["minute"], goal["extra_minute"] or 0)

    def change(fixture: Row) -> None:
        events = _rows(fixture, "events")
        if not any(event.get("id") == event_id for event in events):
            return
        events[:] = [event for event in events if event.get("id") != event_id] + [dict(review)]
        for event in events:
            later = (event["minute"], event["extra_minute"] or 0) >= when
            if event["type_id"] in _GOALS and later and event["result"]:
                event["result"] = _one_less(event["result"], side)
        _correct_scores(fixture, goal, period_type)
        for row in [*_rows(fixture, "statistics"), *_rows(fixture, "xgfixture")]:
            if row["type_id"] == 52 and row["participant_id"] == goal["participant_id"]:
                row["data"] = {"value": max(0, row["data"]["value"] - 1)}
        line_ups.take_goal(fixture, goal)
        if fixture.get("state_id") == 5:
            _correct_winner(fixture)

    return change


def _location(fixture: Row, participant_id: int) -> int:
    for row in _rows(fixture, "participants"):
        if row["id"] == participant_id:
            return int(row["meta"]["location"] == "away")
    raise CorrectionError(f"team {participant_id} does not play in fixture {fixture.get('id')}")


def _one_less(result: str, side: int) -> str:
    goals = [int(text) for text in result.split("-")]
    goals[side] = max(0, goals[side] - 1)
    return f"{goals[0]}-{goals[1]}"


def _correct_scores(fixture: Row, goal: Row, period_type: int) -> None:
    counted = set(_SCORES_OF_PERIOD.get(period_type, {1525}))
    if period_type == 3:
        counted.discard(5314 if goal["minute"] > 105 else 39)
    for row in _rows(fixture, "scores"):
        if row["type_id"] in counted and row["participant_id"] == goal["participant_id"]:
            row["score"] = {**row["score"], "goals": max(0, row["score"]["goals"] - 1)}


def _correct_winner(fixture: Row) -> None:
    goals = {
        row["score"]["participant"]: row["score"]["goals"]
        for row in _rows(fixture, "scores")
        if row["type_id"] == 1525
    }
    fixture["result_info"] = "Game ended in draw."
    for row in _rows(fixture, "participants"):
        here = row["meta"]["location"]
        other = "away" if here == "home" else "home"
        wins = goals.get(here, 0) > goals.get(other, 0)
        row["meta"] = {**row["meta"], "winner": wins}
        if wins:
            fixture["result_info"] = f"{row['name']} won after full-time."
