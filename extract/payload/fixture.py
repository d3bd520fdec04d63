"""What the extractor reads of a fixture's JSON: a few columns to find it by, and a hash.

Everything else about a payload is dbt's to read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from extract.payload.content_hash import canonical_hash
from extract.payload.lists import elements, is_list
from extract.payload.storable_json import as_decode_error, read_json

# The includes that have tables of their own, as `payload_arrays` in dbt's macros.
LISTS = frozenset({"participants", "scores", "statistics", "events", "periods"})

_LARGEST = 2**63 - 1
# As `to_bigint` in dbt's casts.
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})([.]0+)?", re.ASCII)
# As `to_utc` there.
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
        league_id, season_id, state_id: None where absent or no 64-bit integer.
        starting_at: kick-off in UTC, None where absent or unreadable.
        payload: the JSON object as sent, but for what `to_storable_json` changes.
        payload_hash: equal for two payloads that say the same; see `canonical_hash`.
        keys: its keys whose value an include can have: a list, an object or null. A key of `LISTS`
            with an object that is no list is not among them.
        filled: those of them whose value has elements.
        has_goals: whether a CURRENT score counts a goal.
        type_ids: the types that the elements of its lists name.
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
    """Reads one object of an answer's `data`; None if it is no fixture with an id.

    Whatever is read can be stored by every warehouse.

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
        non_empty_keys=frozenset(
            key for key, value in fixture.items() if value and _fits(key, value)
        ),
        has_goals=any(map(_is_goal_score, elements(fixture.get("scores")))),
        type_ids=frozenset(id for id in map(as_int64, _type_ids(fixture)) if id is not None),
    )


def _fits(key: str, value: Any) -> bool:
    """Whether a value is one that an include can have under this key."""
    if isinstance(value, dict):
        return key not in LISTS or is_list(value)
    return value is None or isinstance(value, list)


def _is_goal_score(score: Any) -> bool:
    if not isinstance(score, dict) or score.get("description") != "CURRENT":
        return False
    goals = score.get("score")
    return isinstance(goals, dict) and (_column(goals.get("goals")) or 0) > 0


def _type_ids(fixture: Mapping[str, Any]) -> Iterator[Any]:
    """What stands where the id of a type should."""
    for array in fixture.values():
        for element in elements(array):
            if isinstance(element, dict):
                yield element.get("type_id")
                yield element.get("sub_type_id")


def as_int64(value: Any) -> int | None:
    """The value if it is an integer that a 64-bit column holds, else None."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    return None


def _column(value: Any) -> int | None:
    """The integer that the final tables read of a field: of "5", 5.0 and "5.0" too."""
    if isinstance(value, str | float) and _WHOLE.fullmatch(str(value)):
        value = int(str(value).partition(".")[0])
    return as_int64(value)


def _kick_off(fixture: Mapping[str, Any]) -> datetime | None:
    """Kick-off by `starting_at_timestamp`, else by `starting_at`, which is in UTC by default."""
    try:
        if (timestamp := _column(fixture.get("starting_at_timestamp"))) is not None:
            return datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return _utc(fixture.get("starting_at"))


def _utc(text: Any) -> datetime | None:
    """A time such as 2026-03-14 15:00:00, in UTC where it has no offset."""
    if not isinstance(text, str) or not _UTC.fullmatch(text):
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
