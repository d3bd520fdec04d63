"""Six of the project's tables, made of payloads by hand: for the fair baseline.

The columns are those that the project declares in the yml of its models. The payloads are decoded
straight into objects with these fields. A value of the wrong type stops the program: the project
puts it into quarantine instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
import yaml

from bench.stores import Table

_PROJECT = Path(__file__).parents[1] / "dbt_project"

# The lists of a payload that each table is made of. A later list replaces rows of an earlier one.
_LISTS = {
    "fixture_statistics": ["statistics", "xgfixture", "expected"],
    "fixture_events": ["events"],
    "fixture_participants": ["participants"],
    "fixture_scores": ["scores"],
    "fixture_periods": ["periods"],
}
# Besides the primary keys. The project adds `loaded_at` to the indexes on the fixture.
_INDEXES = {
    "fixtures": [
        "season_id, starting_at",
        "league_id, starting_at",
        "starting_at",
        "home_participant_id",
        "away_participant_id",
    ],
    "fixture_statistics": ["fixture_id", "participant_id, type_id", "type_id"],
    "fixture_events": ["fixture_id", "participant_id, type_id", "type_id", "player_id"],
    "fixture_participants": ["participant_id"],
    "fixture_scores": ["fixture_id", "participant_id, type_id"],
    "fixture_periods": ["fixture_id"],
}
# Columns of the project that are not made of payloads.
_OF_OTHER_DATA = {"loaded_at", "state_code", "times_missing", "is_withdrawn"}
_DECODED = {
    "bigint": int | None,
    "double precision": float | None,
    "text": str | None,
    "boolean": bool | None,
    "epoch_seconds": int | None,
    "timestamp with time zone": str | None,
    "timestamp_text": str | None,
    "json": msgspec.Raw,
}
_ARROW = {
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "timestamp with time zone": pa.timestamp("s"),
    "json": pa.string(),
}
_NULL = msgspec.Raw(b"null")
# Ids of types, and of a state.
_REFEREE, _ATTENDANCE = 6, 578
_AFTER_EXTRA_TIME = 7


@dataclass(frozen=True)
class _Column:
    """A column: its type, and where its value is in the payload.

    Attributes:
        sources: path, keys joined by dots, and format of the value; of several, the first that has
            a value. Empty if it is computed.
    """

    name: str
    type: str
    sources: tuple[tuple[str, str], ...] = ()


def _columns(table: str) -> list[_Column]:
    """The columns of a table that are made of payloads, as its yml declares them."""
    file = _PROJECT / "models" / "marts" / "core" / f"{table}.yml"
    (model,) = _load(file)["models"]
    found = []
    for number, column in enumerate(model["columns"]):
        name, type = column["name"], column["data_type"]
        meta = column.get("config", {}).get("meta", {})
        if name in _OF_OTHER_DATA:
            continue
        if "json" in type:
            # Its name differs between the engines.
            type = "json"
        if meta.get("computed") or (name == "fixture_id" and number > 0):
            found.append(_Column(name, type))
            continue
        # The first column is the key.
        paths = ["id"] if number == 0 else _list(meta.get("path", name))
        formats = _list(meta.get("format", type))
        found.append(_Column(name, type, tuple(zip(paths, formats * len(paths), strict=False))))
    return found


def _load(file: Path) -> Any:
    return yaml.load(file.read_bytes(), yaml.CSafeLoader)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_COLUMNS = {table: _columns(table) for table in _INDEXES}

CORE_TABLES = {
    table: Table(
        table,
        {column.name: column.type for column in columns},
        ["fixture_id", "participant_id"] if table == "fixture_participants" else [columns[0].name],
        _INDEXES[table],
    )
    for table, columns in _COLUMNS.items()
}


def _struct(name: str, columns: list[_Column], more: Iterable[Any] = ()) -> Any:
    """A class with the fields that the columns are read from."""
    types: dict[str, Any] = {}
    objects: dict[str, list[_Column]] = {}
    for column in columns:
        for path, format in column.sources:
            key, _, rest = path.partition(".")
            if rest:
                objects.setdefault(key, []).append(_Column(rest, "", ((rest, format),)))
            else:
                types[key] = _DECODED[format]
    # An object that is kept as JSON is not decoded a second time.
    structs = {
        key: _struct(f"{name}_{key}", fields) | None
        for key, fields in objects.items()
        if key not in types
    }
    return msgspec.defstruct(
        name,
        [
            *(
                (key, type, _NULL if type is msgspec.Raw else None)
                for key, type in {**types, **structs}.items()
            ),
            *more,
        ],
        gc=False,
    )


class _Named(msgspec.Struct, gc=False):
    name: str | None = None


class _Referee(msgspec.Struct, gc=False):
    id: int
    type_id: int | None = None
    referee_id: int | None = None
    referee: _Named | None = None


class _Metadata(msgspec.Struct, gc=False):
    id: int
    type_id: int | None = None
    values: Any = None


_PARTS: list[Any] = [
    *((key, _Named | None, None) for key in ("stage", "round", "venue")),
    ("referees", list[_Referee] | None, None),
    ("metadata", list[_Metadata] | None, None),
    *(
        (key, list[_struct(table, _COLUMNS[table])] | None, None)  # type: ignore[misc]
        for table, keys in _LISTS.items()
        for key in keys
    ),
]
_decoder = msgspec.json.Decoder(_struct("fixture", _COLUMNS["fixtures"], _PARTS))


def read_tables(payloads: list[bytes], tables: Iterable[Table]) -> dict[str, pa.Table]:
    """The rows of some payloads in some of the core tables, or in some of their columns."""
    fixtures = list(map(_decoder.decode, payloads))
    found = {}
    for table in tables:
        if table.name == "fixtures":
            values = list(map(_computed, fixtures))
            computed = {name: [row.get(name) for row in values] for name in table.columns}
            found[table.name] = _arrow(table, fixtures, computed)
        else:
            lists = [_rows(fixture, _LISTS[table.name]) for fixture in fixtures]
            rows = [row for each in lists for row in each]
            ids = [fixture.id for fixture, each in zip(fixtures, lists, strict=True) for _ in each]
            found[table.name] = _arrow(table, rows, {"fixture_id": ids})
    return found


def _rows(fixture: Any, keys: list[str]) -> Iterable[Any]:
    lists = [rows for key in keys if (rows := getattr(fixture, key))]
    if len(lists) > 1:
        return {row.id: row for rows in lists for row in rows}.values()
    return lists[0] if lists else ()


def _arrow(table: Table, rows: list[Any], computed: Mapping[str, list[Any]]) -> pa.Table:
    """An Arrow table of decoded rows, and of columns that are not read from one field."""
    arrays = {}
    for column in _COLUMNS[table.name]:
        if column.name not in table.columns:
            continue
        if column.sources:
            first, *others = (_array(column, *source, rows) for source in column.sources)
            arrays[column.name] = pa.compute.coalesce(first, *others) if others else first
        else:
            arrays[column.name] = pa.array(computed[column.name], _ARROW[column.type])
    return pa.table(arrays)


def _array(column: _Column, path: str, format: str, rows: list[Any]) -> pa.Array:
    key, _, rest = path.partition(".")
    values = list(map(attrgetter(key), rows))
    if rest and values and type(values[0]) is msgspec.Raw:
        values = [_json_field(bytes(value), rest) for value in values]
    elif rest:
        field = attrgetter(rest)
        values = [value and field(value) for value in values]
    if format == "json":
        return pa.array(map(bytes, values), pa.binary()).cast(pa.string())
    if format == "epoch_seconds":
        return pa.array(values, pa.int64()).cast(_ARROW[column.type])
    if column.type == "timestamp with time zone":
        return pa.array(values, pa.string()).cast(_ARROW[column.type])
    return pa.array(values, _ARROW[column.type])


@cache
def _json_field(content: bytes, name: str) -> Any:
    """A field of an object that is kept as JSON. Few of those objects differ."""
    return (msgspec.json.decode(content) or {}).get(name)


def _computed(fixture: Any) -> dict[str, Any]:
    """The columns of a fixture that need more than one field."""
    found: dict[str, Any] = {}
    for team in sorted(fixture.participants or (), key=attrgetter("id")):
        side = team.meta and team.meta.location
        if side in ("home", "away"):
            found[f"{side}_participant_id"] = team.id
            found[f"{side}_participant_name"] = team.name
    kicks: dict[str | None, int | None] = {}
    for score in sorted(fixture.scores or (), key=attrgetter("id")):
        if score.score:
            side, goals = score.score.participant, score.score.goals
            if score.description == "CURRENT":
                found[f"{side}_score"] = goals
            elif score.description == "1ST_HALF":
                found[f"{side}_score_half_time"] = goals
            elif score.description == "PENALTY_SHOOTOUT":
                kicks[side] = goals
    found["winner_participant_id"] = _winner(fixture, found, kicks)
    descriptions = {score.description for score in fixture.scores or ()} - {None}
    if fixture.state_id == _AFTER_EXTRA_TIME or descriptions:
        found["has_extra_time"] = fixture.state_id == _AFTER_EXTRA_TIME or "ET" in descriptions
    for referee in sorted(fixture.referees or (), key=attrgetter("id")):
        if referee.type_id == _REFEREE:
            found["referee_id"] = referee.referee_id
            found["referee_name"] = referee.referee and referee.referee.name
    for part in ("stage", "round", "venue"):
        value = getattr(fixture, part)
        found[f"{part}_name"] = value and value.name
    for metadata in sorted(fixture.metadata or (), key=attrgetter("id")):
        if metadata.type_id == _ATTENDANCE:
            values = metadata.values
            found["attendance"] = values.get("attendance") if isinstance(values, dict) else values
    return found


def _winner(fixture: Any, found: dict[str, Any], kicks: dict[str | None, int | None]) -> Any:
    flagged = {team.id for team in fixture.participants or () if team.meta and team.meta.winner}
    if len(flagged) == 1:
        return flagged.pop()
    home, away = kicks.get("home"), kicks.get("away")
    if fixture.state_id not in _finished() or home is None or away is None or home == away:
        return None
    return found.get("home_participant_id" if home > away else "away_participant_id")


@cache
def _finished() -> frozenset[int]:
    states = _load(_PROJECT / "dbt_project.yml")["vars"]["states"]
    return frozenset(id for id, _, phase, _ in states if phase == "finished")
