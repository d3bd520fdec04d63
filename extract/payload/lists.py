"""Lists in the API's JSON, which PHP may encode as objects."""

from collections.abc import Mapping, Sequence
from typing import Any


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
    # As `json_list` in dbt's macros. A loop, because it nearly always ends with the first key.
    for key in value:  # noqa: SIM110
        if not (key.isascii() and key.isdigit()):
            return False
    return True
