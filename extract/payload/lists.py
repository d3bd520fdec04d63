"""Lists in the API's JSON, which PHP may encode as objects."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# As `json_list` in dbt's macros.
_INDEX = re.compile(r"[0-9]+", re.ASCII)


def elements(value: Any) -> Sequence[Any]:
    """The elements of a list, also if it is encoded as an object; none for any other value.

    PHP encodes a filtered list as an object with the indexes as keys, and an empty list may become
    an empty object.
    """
    if isinstance(value, dict) and is_list(value):
        return list(value.values())
    return value if isinstance(value, list) else ()


def is_list(value: Mapping[str, Any]) -> bool:
    """Whether an object is an encoded list: all its keys are indexes, or it has none."""
    return all(map(_INDEX.fullmatch, value))
