"""The ids of a fixture's child rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Patch = Callable[[Row], None]

NESTED_STATISTICS = ("details", "xglineup")
"""Keys of a row of the line-ups that hold statistics of its player."""

_CHILDREN = (
    "scores", "statistics", "events", "periods", "xgfixture", "lineups", "formations", "referees",
    "sidelined", "metadata", "predictions", "pressure", "tvstations", "comments", "trends", "odds",
)  # fmt: skip


def renumber(fixture_id: int, offset: int) -> Patch:
    """Change the id of a fixture, and the ids of its child rows."""

    def change(fixture: Row) -> None:
        fixture["id"] = fixture_id
        for name in _CHILDREN:
            for row in fixture.get(name) or ():
                _renumber_row(row, fixture_id, offset)
                for nested in NESTED_STATISTICS:
                    for statistic in row.get(nested) or ():
                        _renumber_row(statistic, fixture_id, offset)
        for coach in fixture.get("coaches") or ():
            coach["meta"]["fixture_id"] = fixture_id
        if fixture.get("weatherreport"):
            _renumber_row(fixture["weatherreport"], fixture_id, offset)

    return change


def _renumber_row(row: Row, fixture_id: int, offset: int) -> None:
    row["metadatable_id" if "metadatable_id" in row else "fixture_id"] = fixture_id
    for key in ("id", "lineup_id", "period_id", "detailed_period_id"):
        if isinstance(row.get(key), int):
            row[key] += offset
