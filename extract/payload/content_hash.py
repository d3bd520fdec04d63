"""Hashes of a fixture: of its text, and of its content in any order of keys and arrays."""

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from extract.payload.lists import elements, is_list
from extract.payload.storable_json import as_decode_error, encode, sorted_encoder

# They change when bookmakers open and close. No column of the final tables depends on them.
VOLATILE_FIELDS = frozenset({"has_odds", "has_premium_odds"})
# Facts about a team, stage, round, group, season or league, not about the match: they change in all
# old fixtures when the next match is played, or the season goes on. The tables of these objects
# get their new values with the next fixture that has changed or is new.
_VOLATILE_IN_OBJECTS: Mapping[str, frozenset[str]] = {
    "participants": frozenset({"last_played_at"}),
    **dict.fromkeys(
        ("stage", "round", "group", "season"),
        frozenset(
            {"is_current", "finished", "pending", "games_in_current_week"}
            | {"standings_recalculated_at"}
        ),
    ),
    "league": frozenset({"last_played_at"}),
}

_NESTED = ("details", "xglineup")


def text_hash(payload: bytes) -> str:
    """A hash of a payload's text: 32 hexadecimal digits."""
    # While it hashes, other threads run.
    return hashlib.blake2b(payload, digest_size=16).hexdigest()


def content_hash(payload: bytes) -> str:
    """The `canonical_hash` of a payload as it was sent, or as a warehouse returns it.

    jsonb changes the order of keys and how numbers are written, and neither counts. Content that
    cannot be read, or is nested too deeply to be put in order, has the hash of its text.
    """
    try:
        with as_decode_error():
            return canonical_hash(_decoder.decode(payload))
    except msgspec.MsgspecError:
        return text_hash(payload)


def _number(text: str) -> int | float:
    """A number as jsonb writes it: without an exponent, and zero without a sign."""
    if "e" in text.lower():
        text = format(Decimal(text), "f")
    return (float(text) or 0.0) if "." in text else int(text)


_decoder = msgspec.json.Decoder(float_hook=_number)


def canonical_hash(fixture: Mapping[str, Any]) -> str:
    """A hash of a fixture's content, independent of the order of keys and arrays.

    The API has no updated_at and no ETag, and sends arrays in any order. Volatile fields are left
    out. A list encoded as an object with integer keys has the hash of the list.

    Returns:
        32 hexadecimal digits.
    """
    content = {
        key: elements(value) if isinstance(value, dict) and is_list(value) else value
        for key, value in fixture.items()
        if key not in VOLATILE_FIELDS
    }
    for key, fields in _VOLATILE_IN_OBJECTS.items():
        if value := content.get(key):
            content[key] = _without(value, fields)
    if isinstance(rows := content.get("lineups"), list):
        content["lineups"] = list(map(_with_nested_lists, rows))
    return hashlib.blake2b(_canonical_object(content), digest_size=16).hexdigest()


def _without(value: Any, fields: frozenset[str]) -> Any:
    """An object, or a list of objects, without some fields."""
    if isinstance(value, list):
        return [_without(each, fields) for each in value]
    if isinstance(value, dict):
        return {key: field for key, field in value.items() if key not in fields}
    return value


def _with_nested_lists(row: Any) -> Any:
    """A row of the lineups whose nested lists are lists, also if they are encoded as objects."""
    if not isinstance(row, dict):
        return row
    encoded = {
        key: elements(value)
        for key in _NESTED
        if isinstance(value := row.get(key), dict) and is_list(value)
    }
    return {**row, **encoded} if encoded else row


def _canonical(value: Any) -> bytes:
    """JSON with sorted keys, and with the elements of each array sorted by their own JSON."""
    if isinstance(value, list):
        return b"[" + (_plain_elements(value) or b",".join(sorted(map(_canonical, value)))) + b"]"
    encoded = encode(value)
    if b"[" not in encoded:
        return encoded
    return _canonical_object(value) if isinstance(value, dict) else encoded


def _plain_elements(values: Iterable[Any]) -> bytes | None:
    """The same in a third of the time if no element holds an array, which is nearly always so."""
    try:
        elements = b",".join(sorted(map(sorted_encoder.encode, values)))
    except (msgspec.MsgspecError, OverflowError):
        return None
    return None if b"[" in elements else elements


def _canonical_object(value: Mapping[str, Any]) -> bytes:
    members = (encode(key) + b":" + _canonical(value[key]) for key in sorted(value))
    return b"{" + b",".join(members) + b"}"
