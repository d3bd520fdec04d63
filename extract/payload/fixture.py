"""Reads the few fields of a fixture's JSON that the extractor needs; dbt reads all others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from extract.payload.content_hash import text_hash
from extract.payload.lists import elements, is_list
from extract.payload.storable_json import as_decode_error, read_json

# The documented includes that are lists, as the API spells their keys. Any other include may be an
# object.
LISTS = frozenset(
    {"participants", "scores", "statistics", "events", "periods", "lineups", "formations"}
    | {"coaches", "referees", "sidelined", "metadata", "xgfixture", "expected", "predictions"}
    | {"pressure", "tvstations", "comments", "trends", "timeline", "odds", "premiumodds"}
    | {"inplayodds", "ballcoordinates", "expectedlineups", "predictedlineups", "prematchnews"}
    | {"postmatchnews", "matchfacts"}
)
# Lists in the elements of a list that have their own rows in the final tables.
NESTED_LISTS = ("lineups.details", "lineups.xglineup")
# Keys that the API uses for the same include.
_ALIASES = {"expected": "xgfixture"}

_LARGEST = 2**63 - 1
# As `to_bigint` in dbt's casts.
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})([.]0+)?", re.ASCII)
# As `text_to_timestamp` in dbt's casts.
_UTC = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3])(:[0-5][0-9]){2}"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?",
    re.ASCII,
)


@dataclass(frozen=True)
class Fixture:
    """One fixture as the API sent it.

    Attributes:
        id: Sportmonks' id.
        league_id, season_id, state_id: None if absent or not a 64-bit integer.
        starting_at: kick-off in UTC, None if absent or invalid.
        payload: the JSON object as sent, with the changes of `to_storable_json`. In UTF-8, because
            a text of Python would be encoded again for its hash, its check and its row.
        payload_hash: of the text of `payload`. Equal content may have another hash; see
            `content_hash`.
        keys: the keys whose value an include can have: a list, an object or null. A key of `LISTS`
            whose value is an object and not an encoded list is left out. Of `NESTED_LISTS`, such as
            `lineups.details`, those that an element has, or that an empty list cannot have.
        non_empty_keys: those of `keys` whose value has elements, and the lists and entities in the
            elements of a list, such as `lineups.player`.
        has_goals: whether a CURRENT score has a goal.
        type_ids: the type ids of its includes, and of the lists and objects in their elements.
    """

    id: int
    league_id: int | None
    season_id: int | None
    state_id: int | None
    starting_at: datetime | None
    payload: bytes
    payload_hash: str
    keys: frozenset[str]
    non_empty_keys: frozenset[str]
    has_goals: bool
    type_ids: frozenset[int]


@dataclass(frozen=True)
class StoredVersion:
    """A payload that is stored.

    Attributes:
        id: Sportmonks' id of the fixture.
        payload: the fixture's JSON.
        payload_hash: see `Fixture`.
        fetched_at: when it was received.
    """

    id: int
    payload: str
    payload_hash: str
    fetched_at: datetime


def read_fixture(raw: bytes) -> Fixture | None:
    """Reads one object of a response's `data`; None if it is not a fixture with an id.

    Both engines can store every payload that this function returns.

    Raises:
        msgspec.MsgspecError: as in `to_storable_json`.
    """
    with as_decode_error():
        return _fixture(*read_json(raw))


def _fixture(fixture: Any, payload: bytes) -> Fixture | None:
    if not isinstance(fixture, dict):
        return None
    fixture_id = as_int64(fixture.get("id"))
    if fixture_id is None:
        return None
    keys = _keys(fixture)
    nested_keys, type_ids = _in_elements(fixture)
    return Fixture(
        id=fixture_id,
        league_id=_column(fixture.get("league_id")),
        season_id=_column(fixture.get("season_id")),
        state_id=_column(fixture.get("state_id")),
        starting_at=_kick_off(fixture),
        payload=payload,
        payload_hash=text_hash(payload),
        keys=frozenset(keys),
        non_empty_keys=nested_keys.union(key for key, is_filled in keys.items() if is_filled),
        has_goals=any(map(_is_goal_score, elements(fixture.get("scores")))),
        type_ids=type_ids,
    )


def _keys(fixture: Mapping[str, Any]) -> dict[str, bool]:
    """The keys whose value an include can have, and whether it has elements."""
    keys = {key: bool(value) for key, value in fixture.items() if _fits(key, value)}
    for alias, key in _ALIASES.items():
        if alias in keys:
            keys[key] = keys.pop(alias) or keys.get(key, False)
    for path in NESTED_LISTS:
        parent, _, name = path.partition(".")
        if parent in keys:
            rows = [row for row in elements(fixture[parent]) if isinstance(row, dict)]
            if not rows or any(_fits(name, row[name]) for row in rows if name in row):
                keys[path] = any(elements(row.get(name)) for row in rows)
    return keys


def _fits(key: str, value: Any) -> bool:
    """Whether an include can have this value under this key."""
    if isinstance(value, dict):
        return key not in LISTS or is_list(value)
    return value is None or isinstance(value, list)


def _in_elements(fixture: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[int]]:
    """What the includes and their elements hold, in one pass because most time is spent here.

    Returns:
        The paths of filled lists and entities in the elements of lists, since dbt reads only the
        filled ones; and the type ids.
    """
    paths: set[tuple[str, str]] = set()
    type_ids: list[Any] = []
    for key, value in fixture.items():
        is_entity = type(value) is dict and not (value and is_list(value))
        for element in (value,) if is_entity else elements(value):
            if type(element) is not dict:
                continue
            type_ids += element.get("type_id"), element.get("sub_type_id")
            for name, content in element.items():
                # A comparison of types takes a quarter of the time of `isinstance`.
                kind = type(content)
                if kind is dict:
                    type_ids.append(content.get("type_id"))
                    if "id" in content and not is_entity:
                        paths.add((key, name))
                    if not is_list(content):
                        continue
                    inner = content.values()
                elif kind is list:
                    if content and not is_entity:
                        paths.add((key, name))
                    inner = content
                else:
                    continue
                type_ids += [each.get("type_id") for each in inner if type(each) is dict]
    integers = {id for id in type_ids if type(id) is int}
    return (
        frozenset(f"{key}.{name}" for key, name in paths),
        frozenset(id for id in integers if as_int64(id) is not None),
    )


def _is_goal_score(score: Any) -> bool:
    if not isinstance(score, dict) or score.get("description") != "CURRENT":
        return False
    goals = score.get("score")
    return isinstance(goals, dict) and (_column(goals.get("goals")) or 0) > 0


def as_int64(value: Any) -> int | None:
    """The value if it is an integer of at most 64 bits, else None."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    return None


def _column(value: Any) -> int | None:
    """The integer that the final tables read from a field, also from "5", 5.0 and "5.0"."""
    if isinstance(value, str | float) and _WHOLE.fullmatch(str(value)):
        value = int(str(value).partition(".")[0])
    return as_int64(value)


def _kick_off(fixture: Mapping[str, Any]) -> datetime | None:
    """Kick-off from `starting_at_timestamp`, else from `starting_at`, in UTC by default."""
    try:
        if (timestamp := _column(fixture.get("starting_at_timestamp"))) is not None:
            return datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return _utc(fixture.get("starting_at"))


def _utc(text: Any) -> datetime | None:
    """Reads a time such as 2026-03-14 15:00:00; UTC if it has no offset."""
    if not isinstance(text, str) or not _UTC.fullmatch(text):
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
