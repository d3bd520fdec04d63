"""The API's fixed lists: states, types and the sport.

The states are the 25 of the live list (id 24 does not exist). The types are those that the
generated world uses, plus a few from the real list.
"""

from __future__ import annotations

from typing import Any

from simulator.data.season_types import SEASON_TYPES

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

# id, name, model_type, stat_group; then the code and the developer name, where they do not follow
# from the name.
_TYPE_ROWS: list[tuple[int, str, str, str | None, str | None, str | None]] = [
    (1, "1st Half", "period", None, "1st-half", "1ST_HALF"),
    (2, "2nd Half", "period", None, "2nd-half", "2ND_HALF"),
    (3, "Extra Time", "period", None, "extra-time", "EXTRA_TIME"),
    (5, "Penalty Shootout", "period", None, None, None),
    (10, "VAR", "event", None, None, None),
    (11, "Lineup", "lineup", None, None, None),
    (12, "Bench", "lineup", None, None, None),
    (14, "Goal", "event", None, None, None),
    (15, "Own Goal", "event", None, "owngoal", "OWNGOAL"),
    (16, "Penalty", "event", None, None, None),
    (17, "Missed Penalty", "event", None, "missed_penalty", None),
    (18, "Substitution", "event", None, None, None),
    (19, "Yellowcard", "event", None, None, None),
    (20, "Redcard", "event", None, None, None),
    (21, "Yellow/Red card", "event", None, "yellowredcard", "YELLOWREDCARD"),
    (22, "Penalty Shootout Miss", "event", None, "pen_shootout_miss", None),
    (23, "Penalty Shootout Goal", "event", None, "pen_shootout_goal", None),
    (34, "Corners", "statistic", "overall", None, None),
    (39, "Extra Time 2nd Half", "period", None, None, "ET_2ND_HALF"),
    (41, "Shots Off Target", "statistic", "offensive", None, None),
    (42, "Shots Total", "statistic", "offensive", None, None),
    (43, "Attacks", "statistic", "offensive", None, None),
    (44, "Dangerous Attacks", "statistic", "offensive", None, None),
    (45, "Ball Possession %", "statistic", "overall", "ball-possession", "BALL_POSSESSION"),
    (46, "Ball Safe", "statistic", "overall", None, None),
    (47, "Penalties", "statistic", "overall", None, None),
    (49, "Shots Insidebox", "statistic", "offensive", None, None),
    (50, "Shots Outsidebox", "statistic", "offensive", None, None),
    (51, "Offsides", "statistic", "offensive", None, None),
    (52, "Goals", "statistic", "offensive", None, None),
    (53, "Goal Kicks", "statistic", "overall", "goals-kicks", "GOAL_KICKS"),
    (54, "Goal Attempts", "statistic", "offensive", None, None),
    (55, "Free Kicks", "statistic", "overall", None, None),
    (56, "Fouls", "statistic", "defensive", None, None),
    (57, "Saves", "statistic", "defensive", None, None),
    (58, "Shots Blocked", "statistic", "offensive", None, None),
    (59, "Substitutions", "statistic", "overall", None, None),
    (60, "Throwins", "statistic", "overall", None, None),
    (62, "Long Passes", "statistic", "overall", None, None),
    (64, "Hit Woodwork", "statistic", "offensive", None, None),
    (65, "Successful Headers", "statistic", "overall", None, None),
    (66, "Successful Interceptions", "statistic", "defensive", None, None),
    (77, "Challenges", "statistic", "defensive", None, None),
    (78, "Tackles", "statistic", "defensive", None, None),
    (79, "Assists", "statistic", "offensive", None, None),
    (80, "Passes", "statistic", "overall", None, None),
    (81, "Successful Passes", "statistic", "overall", None, None),
    (
        82,
        "Successful Passes Percentage",
        "statistic",
        "overall",
        None,
        None,
    ),
    (83, "Redcards", "statistic", "overall", None, None),
    (84, "Yellowcards", "statistic", "overall", None, None),
    (85, "Yellowred Cards", "statistic", "overall", "yellowred-cards", "YELLOWRED_CARDS"),
    (86, "Shots On Target", "statistic", "offensive", None, None),
    (87, "Injuries", "statistic", "overall", None, None),
    (98, "Total Crosses", "statistic", "offensive", None, None),
    (99, "Accurate Crosses", "statistic", "offensive", None, None),
    (100, "Interceptions", "statistic", "defensive", None, None),
    (106, "Duels Won", "statistic", "overall", None, None),
    (108, "Dribble Attempts", "statistic", "offensive", None, None),
    (109, "Successful Dribbles", "statistic", "offensive", None, None),
    (117, "Key Passes", "statistic", "offensive", None, None),
    (118, "Rating", "statistic", "overall", None, None),
    (120, "Touches", "statistic", "overall", None, None),
    (223, "Group Stage", "stage", None, None, None),
    (224, "Knock Out", "stage", None, None, None),
    (580, "Big Chances Created", "statistic", "offensive", None, None),
    (581, "Big Chances Missed", "statistic", "offensive", None, None),
    (1512, "Goal Disallowed", "event", "NULL", None, None),
    (1522, "Shot", "event", "NULL", None, None),
    (1525, "Current", "score", None, None, None),
    (1527, "Counter Attacks", "statistic", "offensive", None, None),
    (
        1605,
        "Successful Dribbles Percentage",
        "statistic",
        "offensive",
        None,
        None,
    ),
    (1697, "VAR Card", "event", None, "VAR_CARD", None),
    (5304, "Expected Goals (xG)", "expected", "offensive", "expected-goals", "EXPECTED_GOALS"),
    (
        5305,
        "Expected Goals on Target (xGoT)",
        "expected",
        "offensive",
        "expected-goals-on-target",
        "EXPECTED_GOALS_ON_TARGET",
    ),
    (5314, "Extra Time 1st Half", "period", None, None, "ET_1ST_HALF"),
    (7939, "Expected Points (xPTS)", "expected", "overall", "expected-points", "EXPECTED_POINTS"),
    (
        7943,
        "Expected Non-Penalty Goals (npxG)",
        "expected",
        "offensive",
        "expected-non-penalty-goals",
        "EXPECTED_NON_PENALTY_GOALS",
    ),
    (
        7944,
        "Expected Goals Set Play",
        "expected",
        "offensive",
        None,
        None,
    ),
    (
        7945,
        "Expected Goals Open Play",
        "expected",
        "offensive",
        None,
        None,
    ),
    (9698, "Penalty confirmed", "event", None, None, None),
    (9699, "Penalty cancelled", "event", None, None, None),
    (9701, "Card adjusted", "event", None, None, None),
    (9702, "Red card cancelled", "event", None, None, None),
    (9703, "Goal awarded", "event", None, None, None),
    (9704, "Review", "event", "NULL", None, None),
    (27264, "Successful Long Passes", "statistic", "overall", None, None),
    (
        27265,
        "Successful Long Passes Percentage",
        "statistic",
        "overall",
        None,
        None,
    ),
    (48996, "2nd Half Only", "score", None, None, "2ND_HALF_ONLY"),
    (132791, "Delay Start", "timeline", None, None, None),
    (132792, "Delay End", "timeline", None, None, None),
]

_BARE = str.maketrans({"%": None, "(": None, ")": None, "/": " "})

TYPES_BY_ID: dict[int, dict[str, Any]] = {}
for _id, _name, _model, _group, _code, _developer_name in [
    *_TYPE_ROWS,
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
