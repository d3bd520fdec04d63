"""Reads the few fields of a fixture's JSON that the extractor needs; dbt reads all others."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from extract.payload.content_hash import canonical_hash
from extract.payload.lists import elements, is_list
from extract.payload.storable_json import as_decode_error, read_json

# Includes whose value is a list. Their tables would not read an object.
LISTS = frozenset({"participants", "scores", "statistics", "events", "periods"})

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
        payload: the JSON object as sent, with the changes of `to_storable_json`.
        payload_hash: equal for payloads with equal content; see `canonical_hash`.
        keys: the keys whose value an include can have: a list, an object or null. A key of `LISTS`
            whose value is an object and not an encoded list is left out.
        non_empty_keys: those of `keys` whose value has elements. For lists and objects inside the
            elements of a list also `lineups.details`.
        has_goals: whether a CURRENT score has a goal.
        type_ids: the type ids in the elements of its lists.
    """

    id: int
    league_id: int | None
    season_id: int | None
    state_id: int | None
    starting_at: datetime | None
    payload: str
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


def _fixture(fixture: Any, payload: str) -> Fixture | None:
    if not isinstance(fixture, dict):
        return None
    fixture_id = as_int64(fixture.get("id"))
    if fixture_id is None:
        return None
    return Fixture(
        id=fixture_id,
        league_id=_column(fixture.get("league_id")),
        season_id=_column(fixture.get("season_id")),
        state_id=_column(fixture.get("state_id")),
        starting_at=_kick_off(fixture),
        payload=payload,
        payload_hash=canonical_hash(fixture),
        keys=frozenset(key for key, value in fixture.items() if _fits(key, value)),
        non_empty_keys=frozenset(_non_empty_keys(fixture)),
        has_goals=any(map(_is_goal_score, elements(fixture.get("scores")))),
        type_ids=frozenset(id for id in map(as_int64, _type_ids(fixture)) if id is not None),
    )


def _fits(key: str, value: Any) -> bool:
    """Whether an include can have this value under this key."""
    if isinstance(value, dict):
        return key not in LISTS or is_list(value)
    return value is None or isinstance(value, list)


def _non_empty_keys(fixture: Mapping[str, Any]) -> Iterator[str]:
    """dbt reads a payload for a table only if it has elements for the table."""
    for key, value in fixture.items():
        if not value or not _fits(key, value):
            continue
        yield key
        for element in elements(value):
            if not isinstance(element, dict):
                continue
            for nested, content in element.items():
                if content and (isinstance(content, list) or _is_entity(content)):
                    yield f"{key}.{nested}"


def _is_entity(value: Any) -> bool:
    return isinstance(value, dict) and "id" in value


def _is_goal_score(score: Any) -> bool:
    if not isinstance(score, dict) or score.get("description") != "CURRENT":
        return False
    goals = score.get("score")
    return isinstance(goals, dict) and (_column(goals.get("goals")) or 0) > 0


def _type_ids(fixture: Mapping[str, Any]) -> Iterator[Any]:
    """The values of all fields for a type's id."""
    for array in fixture.values():
        for element in elements(array):
            if isinstance(element, dict):
                yield element.get("type_id")
                yield element.get("sub_type_id")


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
