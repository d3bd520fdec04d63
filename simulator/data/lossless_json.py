"""JSON whose numbers and strings survive a round trip unchanged.

That includes integers over 64 bits, floats in unusual notation and lone surrogates.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

_MOST_64_BIT = (1 << 63) - 1


def _lossless_float(text: str) -> Any:
    value = float(text)
    # A number that would be written differently is kept as text.
    return value if orjson.dumps(value) == text.encode() else orjson.Fragment(text)


def _lossless_int(text: str) -> Any:
    value = int(text)
    return value if abs(value) <= _MOST_64_BIT and text != "-0" else orjson.Fragment(text)


def _reject_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    parse_float=_lossless_float, parse_int=_lossless_int, parse_constant=_reject_constant
)


def load_lossless(text: str) -> Any:
    """Read JSON so that `dump_lossless` writes every number unchanged.

    Raises:
        ValueError: It is not JSON.
    """
    return _DECODER.decode(text)


def dump_lossless(content: Any) -> bytes:
    """Write content, in particular what `load_lossless` read."""
    try:
        return orjson.dumps(content)
    except TypeError:
        return orjson.dumps(_without_lone_surrogates(content))


def _without_lone_surrogates(content: Any) -> Any:
    # orjson rejects strings with lone surrogates; JSON can escape them.
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
