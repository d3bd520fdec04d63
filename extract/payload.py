"""What the extractor reads of a fixture's JSON: a few columns to find it by, and a hash.

Everything else about a payload is dbt's to read.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

# They flip while bookmakers open and close; nothing that the final tables hold follows from them.
VOLATILE_FIELDS = frozenset({"has_odds", "has_premium_odds"})
# The includes that have tables of their own, as `payload_arrays` in dbt's macros.
LISTS = frozenset({"participants", "scores", "statistics", "events", "periods"})
# About the team, not the match: it moves in every old fixture when the team plays again.
_VOLATILE_TEAM_FIELDS = frozenset({"last_played_at"})

_LARGEST = 2**63 - 1
# jsonb's limit depends on the server's stack, and Python's on its version.
_DEEPEST = 500
# jsonb writes numbers without an exponent, and dbt's casts read texts of up to 1,000 characters.
# With 308 digits before the point, and 17 that count, this is more than any double needs.
_MOST_DECIMALS = 600
_LONGEST_NUMBER = 1_000
# The escape of the character NUL, which PostgreSQL's jsonb cannot hold: after an even number of
# backslashes, for an odd one would be escaped itself.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
# As `to_bigint` in dbt's casts.
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})([.]0+)?", re.ASCII)
# As `text_to_timestamp` there.
_UTC = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3])(:[0-5][0-9]){2}"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?",
    re.ASCII,
)
# As `json_list` there.
_INDEX = re.compile(r"[0-9]+", re.ASCII)
_encoder = msgspec.json.Encoder()
_sorted_encoder = msgspec.json.Encoder(order="sorted")


def _double(text: str) -> float:
    number = float(text)
    digits, _, exponent = text.lower().partition("e")
    if math.isinf(number) or (number == 0 and digits.strip("-0.")):
        raise ValueError("A number is too large or too small")
    if len(text) <= _LONGEST_NUMBER:
        decimals = len(digits.partition(".")[2]) - int(exponent or 0)
        if abs(decimals) <= _MOST_DECIMALS:
            return number
    raise ValueError("A number has too many digits")


_decoder = msgspec.json.Decoder(float_hook=_double)


@dataclass(frozen=True)
class Fixture:
    """One fixture as the API sent it.

    Attributes:
        id: Sportmonks' id.
        league_id, season_id, state_id: None where absent or no 64-bit integer.
        starting_at: kick-off in UTC, None where absent or unreadable.
        payload: the JSON object as sent, but for what `storable` changes.
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
    filled: frozenset[str]
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
        msgspec.MsgspecError: as in `storable`.
    """
    with _what_is_wrong():
        return _fixture(*_read(raw))


def storable(raw: bytes) -> str:
    """JSON as text that every warehouse stores, and reads alike.

    It is what was sent, byte for byte, but for two things that PostgreSQL's jsonb cannot hold:
    U+FFFD stands in place of the character NUL, and of a key that comes twice in one object only
    the last one stays. That is the one that counts for jsonb; DuckDB would read the first.

    Raises:
        msgspec.MsgspecError: the bytes are no JSON in UTF-8, or hold what cannot be stored alike:
            half a surrogate pair, a number that is too large or too small for a double, one with a
            point or an exponent that has more than 600 decimals or 1,000 characters, an integer of
            more than 4,300 characters, more than 500 levels of nesting (of lists of objects, 200).
    """
    with _what_is_wrong():
        return _read(raw)[1]


@contextmanager
def _what_is_wrong() -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


def _read(raw: bytes) -> tuple[Any, str]:
    """The JSON, and its text as it is to be stored."""
    if b"\\u0000" in raw:
        raw = _NUL.sub(rb"\1\\ufffd", raw)
    document = _decoder.decode(raw)
    if raw.count(b"{") + raw.count(b"[") > _DEEPEST and _is_deep(document):
        raise RecursionError
    if _may_repeat_a_key(raw, document) and _repeats_a_key(raw):
        raw = _last_of_each_key(raw)
    return document, raw.decode()


def _is_deep(document: Any) -> bool:
    level = [document]
    for _ in range(_DEEPEST):
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
        if not level:
            return False
    return True


def _may_repeat_a_key(raw: bytes, document: Any) -> bool:
    """Whether a colon is gone from the JSON, or was written as an escape. It is nearly never so."""
    return b"\\u003" in raw or raw.count(b":") != _encode(document, _encoder).count(b":")


def _repeats_a_key(raw: bytes) -> bool:
    repeated = False

    def note(members: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len(dict(members)) < len(members)

    json.loads(raw, object_pairs_hook=note)
    return repeated


def _last_of_each_key(raw: bytes) -> bytes:
    """The same JSON, every number and string as it stands there."""
    raw = raw.strip()
    if raw.startswith(b"{"):
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        return b"{%b}" % b",".join(
            _encode(key) + b":" + _last_of_each_key(bytes(value)) for key, value in members.items()
        )
    if raw.startswith(b"["):
        elements = msgspec.json.decode(raw, type=list[msgspec.Raw])
        return b"[%b]" % b",".join(_last_of_each_key(bytes(element)) for element in elements)
    return raw


def _fixture(fixture: Any, payload: str) -> Fixture | None:
    if not isinstance(fixture, dict):
        return None
    fixture_id = integer(fixture.get("id"))
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
        filled=frozenset(key for key, value in fixture.items() if value and _fits(key, value)),
        has_goals=any(map(_is_goal_score, _elements(fixture.get("scores")))),
        type_ids=frozenset(id for id in map(integer, _type_ids(fixture)) if id is not None),
    )


def _elements(value: Any) -> Sequence[Any]:
    """The elements of a list; of anything else none.

    PHP writes a list that was filtered as an object with the indexes as keys, and its encoder makes
    no difference between an empty list and an empty object.
    """
    if isinstance(value, dict) and _is_list(value):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _is_list(value: Mapping[str, Any]) -> bool:
    return all(map(_INDEX.fullmatch, value))


def _fits(key: str, value: Any) -> bool:
    """Whether a value is one that an include can have under this key."""
    if isinstance(value, dict):
        return key not in LISTS or _is_list(value)
    return value is None or isinstance(value, list)


def _is_goal_score(score: Any) -> bool:
    if not isinstance(score, dict) or score.get("description") != "CURRENT":
        return False
    goals = score.get("score")
    return isinstance(goals, dict) and (_column(goals.get("goals")) or 0) > 0


def _type_ids(fixture: Mapping[str, Any]) -> Iterator[Any]:
    """What stands where the id of a type should."""
    for array in fixture.values():
        for element in _elements(array):
            if isinstance(element, dict):
                yield element.get("type_id")
                yield element.get("sub_type_id")


def canonical_hash(fixture: Mapping[str, Any]) -> str:
    """A hash of what a fixture says, whatever the order of its keys and arrays.

    The API has no updated_at and no ETag, and sends arrays in any order. The volatile fields do
    not count. A list counts alike where it comes as an object with integers as keys.

    Returns:
        32 hexadecimal digits.
    """
    content = {
        key: _elements(value) if isinstance(value, dict) and _is_list(value) else value
        for key, value in fixture.items()
        if key not in VOLATILE_FIELDS
    }
    if isinstance(teams := content.get("participants"), list):
        content["participants"] = [_lasting(team) for team in teams]
    return hashlib.blake2b(_canonical_object(content), digest_size=16).hexdigest()


def _lasting(team: Any) -> Any:
    if not isinstance(team, dict):
        return team
    return {key: value for key, value in team.items() if key not in _VOLATILE_TEAM_FIELDS}


def integer(value: Any) -> int | None:
    """The value if it is an integer that a 64-bit column holds, else None."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    return None


def _column(value: Any) -> int | None:
    """The integer that the final tables read of a field: of "5", 5.0 and "5.0" too."""
    if isinstance(value, str | float) and _WHOLE.fullmatch(str(value)):
        value = int(str(value).partition(".")[0])
    return integer(value)


def _canonical(value: Any) -> bytes:
    """JSON with sorted keys, and with the elements of each array sorted by their own JSON."""
    if isinstance(value, list):
        return b"[" + (_plain_elements(value) or b",".join(sorted(map(_canonical, value)))) + b"]"
    encoded = _encode(value)
    if b"[" not in encoded:
        return encoded
    return _canonical_object(value) if isinstance(value, dict) else encoded


def _plain_elements(values: Iterable[Any]) -> bytes | None:
    """The same in a third of the time, where no element holds an array: nearly always."""
    try:
        elements = b",".join(sorted(map(_sorted_encoder.encode, values)))
    except (msgspec.MsgspecError, OverflowError):
        return None
    return None if b"[" in elements else elements


def _canonical_object(value: Mapping[str, Any]) -> bytes:
    members = (_encode(key) + b":" + _canonical(value[key]) for key in sorted(value))
    return b"{" + b",".join(members) + b"}"


def _encode(value: Any, encoder: msgspec.json.Encoder = _sorted_encoder) -> bytes:
    try:
        return encoder.encode(value)
    except (msgspec.MsgspecError, OverflowError):
        # Integers beyond 64 bits.
        return json.dumps(value, sort_keys=True).encode()


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
