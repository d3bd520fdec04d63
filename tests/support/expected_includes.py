"""The tables of the other includes as they must be, made from fixtures without any of our code."""

from collections.abc import Iterable, Set
from datetime import date
from typing import Any

Rows = list[dict[str, Any]]

# What the default settings request besides participants, scores, statistics, events and periods.
# The names are those of the simulator: paths in lower case.
DEFAULT = frozenset(
    {"lineups", "formations", "coaches", "referees", "referees.referee", "venue", "stage", "round"}
    | {"group", "metadata", "weatherreport", "sidelined", "sidelined.sideline"}
)
OPTIONAL = frozenset(
    {"lineups.details", "lineups.xglineup", "lineups.player", "xgfixture", "predictions"}
)

_PLACES = ["country_id", "nationality_id", "city_id"]
_NAMES = ["common_name", "firstname", "lastname", "name", "display_name", "image_path", "gender"]
_BODY = ["height", "weight"]
_PLAYER = [*_PLACES, "position_id", "detailed_position_id", "type_id", *_NAMES]
_LINEUP = [
    "fixture_id", "team_id", "player_id", "position_id", "type_id", "formation_position",
    "formation_field", "player_name", "jersey_number",
]  # fmt: skip
_VENUE = [
    "country_id", "city_id", "name", "address", "zipcode", "city_name", "image_path", "surface",
    "capacity", "national_team",
]  # fmt: skip
_PART = ["league_id", "season_id", "name", "finished", "is_current", "games_in_current_week"]
_TIMES = ("day", "morning", "evening", "night")


def include_tables(fixtures: Rows) -> dict[str, Rows]:
    """The rows of the tables, in any order and without `loaded_at`.

    A fixture has the keys of the requested includes only. What is nested in a row is there only if
    it was requested too. `fixtures` are in the order in which they were stored.
    """
    coaches = [row for fixture in fixtures for row in _coaches(fixture)]
    referees = [row for fixture in fixtures for row in _referees(fixture)]
    return {
        "fixture_lineups": [row for f in fixtures for row in _lineups(f)],
        "fixture_player_statistics": [row for f in fixtures for row in _player_statistics(f)],
        "fixture_formations": _of_list(
            fixtures,
            "formations",
            "formation_id",
            ["fixture_id", "participant_id", "formation", "location"],
        ),
        "fixture_coaches": coaches,
        "fixture_referees": referees,
        "fixture_sidelined": [row for f in fixtures for row in _sidelined(f)],
        "fixture_weather": [row for f in fixtures for row in _weather(f)],
        "fixture_metadata": [row for f in fixtures for row in _metadata(f)],
        "fixture_predictions": _of_list(
            fixtures, "predictions", "prediction_id", ["fixture_id", "type_id", "predictions"]
        ),
        "players": _players(fixtures),
        "coaches": _newest(coaches, "coach_id", {"fixture_id", "participant_id"}),
        "referees": _newest(
            referees, "referee_id", {"fixture_id", "fixture_referee_id", "type_id"}
        ),
        "venues": _objects(fixtures, "venue", _venue),
        "stages": _objects(fixtures, "stage", _stage),
        "rounds": _objects(fixtures, "round", _round),
        "groups": _objects(fixtures, "group", _group),
    }


def only_requested(fixture: dict[str, Any], includes: Set[str]) -> dict[str, Any]:
    """A fixture of the world without the further arrays and objects that were not requested."""
    further = {path.split(".")[0] for path in DEFAULT | OPTIONAL}
    return {key: v for key, v in fixture.items() if key not in further or key in includes}


def _fields(row: dict[str, Any], key: str, fields: Iterable[str]) -> dict[str, Any]:
    return {key: row["id"]} | {field: row.get(field) for field in fields}


def _of_list(fixtures: Rows, name: str, key: str, fields: list[str]) -> Rows:
    return [_fields(row, key, fields) for f in fixtures for row in f.get(name, [])]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _lineups(fixture: dict[str, Any]) -> Rows:
    return [
        _fields(row, "lineup_id", _LINEUP) | {"is_starter": row["type_id"] == 11}
        for row in fixture.get("lineups", [])
    ]


def _player_statistics(fixture: dict[str, Any]) -> Rows:
    found = {
        row["id"]: row
        for lineup in fixture.get("lineups", [])
        for row in [*lineup.get("details", []), *lineup.get("xglineup", [])]
    }
    fields = ["fixture_id", "lineup_id", "player_id", "team_id", "type_id"]
    return [
        _fields(row, "player_statistic_id", fields)
        | {"value": row["data"]["value"], "value_raw": row["data"]}
        for row in found.values()
    ]


def _person(row: dict[str, Any], key: str, fields: list[str]) -> dict[str, Any]:
    return _fields(row, key, [*fields, *_BODY]) | {"date_of_birth": _day(row["date_of_birth"])}


def _coaches(fixture: dict[str, Any]) -> Rows:
    return [
        _person(row, "coach_id", ["player_id", *_PLACES, *_NAMES])
        | {"fixture_id": fixture["id"], "participant_id": row["meta"]["participant_id"]}
        for row in fixture.get("coaches", [])
    ]


def _referees(fixture: dict[str, Any]) -> Rows:
    return [
        _person(row["referee"], "referee_id", ["country_id", "city_id", *_NAMES])
        | _fields(row, "fixture_referee_id", ["fixture_id", "referee_id", "type_id"])
        for row in fixture.get("referees", [])
    ]


def _sidelined(fixture: dict[str, Any]) -> Rows:
    rows = []
    for row in fixture.get("sidelined", []):
        inner = row["sideline"] or {}
        rows.append(
            _fields(row, "fixture_sidelined_id", ["fixture_id", "participant_id"])
            | {name: inner.get(name) for name in ("season_id", "category", "games_missed")}
            | {
                "sideline_id": row.get("sideline_id"),
                # Responses from before November 2025 have these in the inner object only.
                "player_id": row.get("player_id", inner.get("player_id")),
                "type_id": row.get("type_id", inner.get("type_id")),
                "completed": inner.get("completed"),
                "start_date": _day(inner.get("start_date")),
                "end_date": _day(inner.get("end_date")),
            }
        )
    return rows


def _weather(fixture: dict[str, Any]) -> Rows:
    row = fixture.get("weatherreport")
    if row is None:
        return []
    fields = ["fixture_id", "venue_id", "pressure", "description", "icon", "type", "metric"]
    return [
        _fields(row, "weather_id", fields)
        | {f"temperature_{time}": row["temperature"].get(time) for time in (*_TIMES, "current")}
        | {f"feels_like_{time}": row["feels_like"].get(time) for time in _TIMES}
        | {f"wind_{name}": row["wind"][name] for name in ("speed", "direction")}
        | {name: float(row[name].removesuffix("%")) for name in ("humidity", "clouds")}
    ]


def _metadata(fixture: dict[str, Any]) -> Rows:
    return [
        _fields(row, "metadata_id", ["type_id", "value_type"])
        | {"fixture_id": fixture["id"], "value_raw": row["values"]}
        for row in fixture.get("metadata", [])
    ]


def _newest(rows: Rows, key: str, of_the_match: set[str]) -> Rows:
    """The last row of each person, without what concerns one match."""
    newest = {row[key]: row for row in rows}
    return [
        {name: value for name, value in row.items() if name not in of_the_match}
        | {name: row[name] or None for name in _BODY}
        for row in newest.values()
    ]


def _players(fixtures: Rows) -> Rows:
    lineups = [row for fixture in fixtures for row in fixture.get("lineups", [])]
    events = [row for fixture in fixtures for row in fixture.get("events", [])]
    # The last one that is put in is the one that stays.
    names = [(row["related_player_id"], row["related_player_name"]) for row in events]
    names += [(row["player_id"], row["player_name"]) for row in [*events, *lineups]]
    empty = {"date_of_birth": None} | dict.fromkeys([*_PLAYER, *_BODY])
    players = {
        id: empty | {"player_id": id, "name": name.strip(), "display_name": name.strip()}
        for id, name in names
        if id is not None and name and name.strip()
    }
    objects = [row["player"] for row in lineups if row.get("player")]
    for player in objects:
        row = _person(player, "player_id", _PLAYER)
        players[player["id"]] = row | {name: row[name] or None for name in _BODY}
    return list(players.values())


def _objects(fixtures: Rows, name: str, make: Any) -> Rows:
    newest = {f[name]["id"]: f[name] for f in fixtures if f.get(name)}
    return [make(row) for row in newest.values()]


def _venue(row: dict[str, Any]) -> dict[str, Any]:
    places = {
        name: None if row[name] is None else float(row[name]) for name in ("latitude", "longitude")
    }
    return _fields(row, "venue_id", _VENUE) | places


def _days(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _day(row[name]) for name in ("starting_at", "ending_at")}


def _stage(row: dict[str, Any]) -> dict[str, Any]:
    fields = [*_PART, "type_id", "tie_breaker_rule_id", "sort_order"]
    return _fields(row, "stage_id", fields) | _days(row)


def _round(row: dict[str, Any]) -> dict[str, Any]:
    return _fields(row, "round_id", [*_PART, "stage_id"]) | _days(row)


def _group(row: dict[str, Any]) -> dict[str, Any]:
    return _fields(row, "group_id", [*_PART, "stage_id", "pending"]) | _days(row)
