"""JSON that comes out exactly as it went in: big integers, odd floats, half surrogate pairs."""

from __future__ import annotations

import json
from typing import Any

import orjson

_MOST_64_BIT = (1 << 63) - 1


def _exact_float(text: str) -> Any:
    value = float(text)
    # What would be written differently is kept as the text that it was.
    return value if orjson.dumps(value) == text.encode() else orjson.Fragment(text)


def _exact_int(text: str) -> Any:
    value = int(text)
    return value if abs(value) <= _MOST_64_BIT and text != "-0" else orjson.Fragment(text)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    parse_float=_exact_float, parse_int=_exact_int, parse_constant=_no_constant
)


def load_exactly(text: str) -> Any:
    """Read JSON so that `dump_exactly` writes every number as it was."""
    return _DECODER.decode(text)


def dump_exactly(content: Any) -> bytes:
    """Write what `load_exactly` read."""
    try:
        return orjson.dumps(content)
    except TypeError:
        return orjson.dumps(_without_lone_surrogates(content))


def _without_lone_surrogates(content: Any) -> Any:
    # orjson refuses strings with half a surrogate pair; JSON can write them as escapes.
    if isinstance(content, str):
        try:
            content.encode()
        except UnicodeEncodeError:
            return orjson.Fragment(json.dumps(content))
        return content
    if isinstance(content, list):
        return [_without_lone_surrogates(item) for item in content]
    if isinstance(content, dict):
        return {key: _without_lone_surrogates(value) for key, value in content.items()}
    return content
