"""Lists in the API's JSON, which may be encoded as objects."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# As `json_list` there.
_INDEX = re.compile(r"[0-9]+", re.ASCII)


def elements(value: Any) -> Sequence[Any]:
    """The elements of a list; of anything else none.

    PHP writes a list that was filtered as an object with the indexes as keys, and its encoder makes
    no difference between an empty list and an empty object.
    """
    if isinstance(value, dict) and is_list(value):
        return list(value.values())
    return value if isinstance(value, list) else ()


def is_list(value: Mapping[str, Any]) -> bool:
    return all(map(_INDEX.fullmatch, value))
