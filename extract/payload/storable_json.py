"""JSON that DuckDB and PostgreSQL store and read in the same way."""

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import msgspec
import orjson

# jsonb's limit depends on the server's stack, and Python's on its version.
_DEEPEST = 500
# jsonb writes numbers without an exponent, and dbt's casts read texts of up to 1,000 characters.
# A double has at most 308 digits before the point and 17 significant ones.
_MOST_DECIMALS = 600
_LONGEST_NUMBER = 1_000
# The escape of the character NUL, which jsonb cannot hold. After an odd number of backslashes it is
# no escape.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])
_encoder = msgspec.json.Encoder()
sorted_encoder = msgspec.json.Encoder(order="sorted")


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


def to_storable_json(raw: bytes) -> str:
    """Converts JSON to text that both engines store and read in the same way.

    The text is the input, byte for byte, with two exceptions that PostgreSQL's jsonb requires:
    U+FFFD replaces the character NUL, and of a repeated key in one object only the last one stays.
    jsonb reads the last one; DuckDB would read the first.

    Raises:
        msgspec.MsgspecError: the bytes are not JSON in UTF-8, or the engines would not store the
            same: half a surrogate pair, a number that is too large or too small for a double, one
            with a point or an exponent that has more than 600 decimals or 1,000 characters, an
            integer of more than 4,300 characters, more than 500 levels of nesting.
    """
    with as_decode_error():
        return read_json(raw)[1].decode()


@contextmanager
def as_decode_error() -> Iterator[None]:
    """Raises a `msgspec.DecodeError` for JSON that is nested too deeply or is not UTF-8."""
    try:
        yield
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


def read_json(raw: bytes) -> tuple[Any, bytes]:
    """Reads JSON; returns its value, and the text of `to_storable_json` in UTF-8.

    Raises:
        msgspec.MsgspecError, RecursionError, UnicodeDecodeError: as in `to_storable_json`. Call it
            within `as_decode_error`.
    """
    has_escapes = b"\\u00" in raw
    if has_escapes and b"\\u0000" in raw:
        raw = _NUL.sub(rb"\1\\ufffd", raw)
    # It decodes every string, and so reads all bytes that may be no UTF-8.
    document = _decoder.decode(raw)
    try:
        encoded = orjson.dumps(document)
    except orjson.JSONEncodeError:
        # It encodes neither more than 254 levels nor integers beyond 64 bits.
        if _is_deep(raw):
            raise RecursionError from None
        encoded = encode(document, _encoder)
    # Decoding loses the colon of a repeated key, and no other one, but adds those that are escaped.
    has_lost_colons = raw.count(b":") != encoded.count(b":")
    if (has_lost_colons or (has_escapes and b"\\u003" in raw)) and _repeats_a_key(raw):
        raw = _last_of_each_key(raw)
    return document, raw


def _is_deep(raw: bytes) -> bool:
    """Whether JSON has too many levels of nesting; opens only what has as many brackets."""
    level = [raw]
    for levels_left in range(_DEEPEST, -1, -1):
        level = [part for part in level if _may_be_deeper(part, levels_left)]
        if not level:
            return False
        inner = map(_parts.decode, level)
        values = (part.values() if isinstance(part, dict) else part for part in inner)
        level = [bytes(value) for value in chain.from_iterable(values)]
    return True


def _may_be_deeper(raw: bytes, levels: int) -> bool:
    # A text may have brackets as well.
    brackets = raw.count(b"{") + raw.count(b"[")
    return brackets > levels and raw.lstrip().startswith((b"{", b"["))


def _repeats_a_key(raw: bytes) -> bool:
    repeated = False

    def note(members: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len(dict(members)) < len(members)

    json.loads(raw, object_pairs_hook=note)
    return repeated


def _last_of_each_key(raw: bytes) -> bytes:
    """The same JSON without repeated keys; numbers and strings keep their text."""
    raw = raw.strip()
    if raw.startswith(b"{"):
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        return b"{%b}" % b",".join(
            encode(key) + b":" + _last_of_each_key(bytes(value)) for key, value in members.items()
        )
    if raw.startswith(b"["):
        elements = msgspec.json.decode(raw, type=list[msgspec.Raw])
        return b"[%b]" % b",".join(_last_of_each_key(bytes(element)) for element in elements)
    return raw


def encode(value: Any, encoder: msgspec.json.Encoder = sorted_encoder) -> bytes:
    """Encodes a value as JSON, with sorted keys by default. Integers may exceed 64 bits."""
    try:
        return encoder.encode(value)
    except (msgspec.MsgspecError, OverflowError):
        # msgspec has no integers beyond 64 bits.
        return json.dumps(value, sort_keys=True).encode()
