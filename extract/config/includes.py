"""Parses the setting `include`, and compares it with what stored payloads were requested with."""

import re
from collections.abc import Iterable, Set
from functools import cache

from extract.payload.fixture import NESTED_LISTS

DEFAULT_INCLUDE = (
    "participants;scores;statistics;events;periods;lineups;formations;coaches;referees.referee;"
    "venue;stage;round;group;metadata;weatherReport;sidelined.sideline"
)

_REFUSED = "include refused: "


def include_parts(include: str) -> tuple[str, ...]:
    """The distinct parts of an include in lower case, sorted.

    Args:
        include: as the API writes it; `;` separates parts, `.` nests, `:` selects fields.
    """
    return tuple(sorted({part.strip().lower() for part in include.split(";")} - {""}))


@cache
def include_keys(include: str) -> frozenset[str]:
    """The keys that an include adds to a fixture.

    `events:minute.type` returns the key `events`, `xGFixture` the key `xgfixture`, and
    `lineups.details` the key `lineups`, and `details` in its elements, which is `lineups.details`.
    """
    paths = set(map(part_path, include_parts(include)))
    nested = {
        key for key in NESTED_LISTS if any(f"{path}.".startswith(f"{key}.") for path in paths)
    }
    return frozenset(path.split(".")[0] for path in paths) | nested


def part_path(part: str) -> str:
    """A part of an include without its selections of fields, in lower case."""
    return re.sub(r":[^.]*", "", part.strip().lower())


def is_default(part: str) -> bool:
    """Whether a part is one of the default include."""
    return part.strip().lower() in include_parts(DEFAULT_INCLUDE)


def without_parts(include: str, parts: Set[str]) -> str:
    """An include without some parts, which are in lower case."""
    return ";".join(part for part in include.split(";") if part.strip().lower() not in parts)


def refused_scope(part: str) -> str:
    """The scope in `listing_log` that records that the plan refuses a part of the include."""
    return f"{_REFUSED}{part}"


def refused_parts(scopes: Iterable[str]) -> dict[str, str]:
    """The parts of the include that scopes of `listing_log` are about, by the scope."""
    return {scope: scope.removeprefix(_REFUSED) for scope in scopes if scope.startswith(_REFUSED)}


def requested_text(include: str) -> str:
    """An include in the form of the column `requested_include`: `;events;scores;`."""
    return f";{';'.join(include_parts(include))};"


def lacks_an_include(column: str, include: str) -> str:
    """A SQL condition: a row was requested without some part of an include.

    A part counts as requested if it was requested without its selection of fields, or with an
    include nested in it: `lineups.details` returns `lineups`, and `events` returns all that
    `events:minute` selects.

    Args:
        column: SQL expression of a text in the form of `requested_text`; null lacks every part.
        include: the current setting.
    """
    missing = [
        "not ("
        + " or ".join(
            f"position({_quoted(text)} in coalesce({column}, '')) > 0"
            for text in dict.fromkeys((f";{part};", f";{part}.", f";{part_path(part)};"))
        )
        + ")"
        for part in include_parts(include)
    ]
    return f"({' or '.join(missing)})" if missing else "false"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
