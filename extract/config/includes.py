"""The setting `include`: what it names, and whether a payload was requested with all of it."""

import re


def include_parts(include: str) -> tuple[str, ...]:
    """The parts of an include in lower case, sorted, each once.

    Args:
        include: as the API writes it; `;` separates parts, `.` nests, `:` selects fields.
    """
    return tuple(sorted({part.strip().lower() for part in include.split(";")} - {""}))


def include_keys(include: str) -> frozenset[str]:
    """The keys that a fixture has by an include.

    `events:minute.type` comes back as `events`, and `xGFixture` as `xgfixture`.
    """
    return frozenset(re.split("[.:]", part)[0] for part in include_parts(include))


def requested_text(include: str) -> str:
    """An include as the column `requested_include` keeps it: `;events;scores;`."""
    return f";{';'.join(include_parts(include))};"


def lacks_an_include(column: str, include: str) -> str:
    """A SQL condition: the text of a column lacks a part of an include.

    A part counts as requested where it was requested without its selection of fields, or with
    something nested in it: `lineups.details` brings `lineups`, and `events` all that
    `events:minute` selects.

    Args:
        column: SQL of a text as `requested_text` makes it; null lacks every part.
        include: what is requested today.
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
