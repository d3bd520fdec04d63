"""Parses the setting `include`, and compares it with what stored payloads were requested with."""

import re


def include_parts(include: str) -> tuple[str, ...]:
    """The distinct parts of an include in lower case, sorted.

    Args:
        include: as the API writes it; `;` separates parts, `.` nests, `:` selects fields.
    """
    return tuple(sorted({part.strip().lower() for part in include.split(";")} - {""}))


def include_keys(include: str) -> frozenset[str]:
    """The keys that an include adds to a fixture.

    `events:minute.type` returns the key `events`, and `xGFixture` the key `xgfixture`.
    """
    return frozenset(re.split("[.:]", part)[0] for part in include_parts(include))


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
            for text in dict.fromkeys((f";{part};", f";{part}.", f";{_without_fields(part)};"))
        )
        + ")"
        for part in include_parts(include)
    ]
    return f"({' or '.join(missing)})" if missing else "false"


def _without_fields(part: str) -> str:
    return re.sub(r":[^.]*", "", part)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
