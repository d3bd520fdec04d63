"""The API's fixed lists: states, types and the sport.

The states are the 25 of the live list (id 24 does not exist). The types are those that the
generated world uses, plus a few from the real list.
"""

from __future__ import annotations

from typing import Any

from simulator.data.season_types import SEASON_TYPES
from simulator.data.type_rows import TYPE_ROWS

SPORT: dict[str, Any] = {"id": 1, "name": "Football", "code": "football"}

# As in the live list, `state` and `developer_name` of state 23 differ, and 9 and 26 share a short
# name.
_STATE_ROWS: list[tuple[int, str, str, str, str]] = [
    (1, "NS", "Not Started", "NS", "NS"),
    (2, "INPLAY_1ST_HALF", "1st Half", "1st", "INPLAY_1ST_HALF"),
    (3, "HT", "Half Time", "HT", "HT"),
    (4, "BREAK", "Regular time finished", "BRK", "BREAK"),
    (5, "FT", "Full Time", "FT", "FT"),
    (6, "INPLAY_ET", "Extra Time", "et", "INPLAY_ET"),
    (7, "AET", "After Extra Time", "AET", "AET"),
    (8, "FT_PEN", "Full Time After Penalties", "FTP", "FT_PEN"),
    (9, "INPLAY_PENALTIES", "Penalty Shootout", "PEN", "INPLAY_PENALTIES"),
    (10, "POSTPONED", "Postponed", "POST", "POSTPONED"),
    (11, "SUSPENDED", "Suspended", "SUSP", "SUSPENDED"),
    (12, "CANCELLED", "Cancelled", "CANC", "CANCELLED"),
    (13, "TBA", "To Be Announced", "TBA", "TBA"),
    (14, "WO", "Walk Over", "WO", "WO"),
    (15, "ABANDONED", "Abandoned", "ABAN", "ABANDONED"),
    (16, "DELAYED", "Delayed", "DELA", "DELAYED"),
    (17, "AWARDED", "Awarded", "AWAR", "AWARDED"),
    (18, "INTERRUPTED", "Interrupted", "INT", "INTERRUPTED"),
    (19, "AWAITING_UPDATES", "Awaiting Updates", "AU", "AWAITING_UPDATES"),
    (20, "DELETED", "Deleted", "DEL", "DELETED"),
    (21, "EXTRA_TIME_BREAK", "Extra Time - Break", "ETB", "EXTRA_TIME_BREAK"),
    (22, "INPLAY_2ND_HALF", "2nd Half", "2nd", "INPLAY_2ND_HALF"),
    (23, "INPLAY_ET_2ND_HALF", "Extra Time - 2nd Half", "2et", "INPLAY_ET_SECOND_HALF"),
    (25, "PEN_BREAK", "Penalties - Break", "PENB", "PEN_BREAK"),
    (26, "PENDING", "Pending", "PEN", "PENDING"),
]

STATES: list[dict[str, Any]] = [
    {
        "id": state_id,
        "state": state,
        "name": name,
        "short_name": short_name,
        "developer_name": developer_name,
    }
    for state_id, state, name, short_name, developer_name in _STATE_ROWS
]
STATES_BY_ID: dict[int, dict[str, Any]] = {row["id"]: row for row in STATES}

_BARE = str.maketrans({"%": None, "(": None, ")": None, "/": " "})

TYPES_BY_ID: dict[int, dict[str, Any]] = {}
for _id, _name, _model, _group, _code, _developer_name in [
    *TYPE_ROWS,
    *((*row, None, None) for row in SEASON_TYPES),
]:
    _words = _name.translate(_BARE).split()
    TYPES_BY_ID[_id] = {
        "id": _id,
        "name": _name,
        "code": _code or "-".join(_words).lower(),
        "developer_name": _developer_name or "_".join(_words).replace("-", "_").upper(),
        "model_type": _model,
        "stat_group": _group,
    }

UNLISTED_TYPES = frozenset({9703, 27265, 7944})
"""Types that occur in data and that `core/types/{id}` returns, but that the list omits.

The live API has such types, with other ids."""

TYPES: list[dict[str, Any]] = [
    row for type_id, row in sorted(TYPES_BY_ID.items()) if type_id not in UNLISTED_TYPES
]
