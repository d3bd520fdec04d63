"""A hash of a fixture's content, independent of the order of keys and arrays."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from extract.payload.lists import elements, is_list
from extract.payload.storable_json import encode, sorted_encoder

# They change when bookmakers open and close. No column of the final tables depends on them.
VOLATILE_FIELDS = frozenset({"has_odds", "has_premium_odds"})
# A fact about the team, not the match: it changes in all old fixtures when the team plays again.
_VOLATILE_TEAM_FIELDS = frozenset({"last_played_at"})


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
    if isinstance(teams := content.get("participants"), list):
        content["participants"] = [_lasting(team) for team in teams]
    return hashlib.blake2b(_canonical_object(content), digest_size=16).hexdigest()


def _lasting(team: Any) -> Any:
    if not isinstance(team, dict):
        return team
    return {key: value for key, value in team.items() if key not in _VOLATILE_TEAM_FIELDS}


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
