"""Writes messages as text for people, or as JSON objects for machines.

Untrusted text, such as a team's name or a database error, is escaped by `printable`, or by `plain`
where Rich prints it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from rich.console import Console
from rich.text import Text

from extract.text import plain

Level = Literal["debug", "info", "warning", "error"]
_LEVELS = get_args(Level)
_PREFIXES = {"warning": ("Warning: ", "yellow"), "error": ("Error: ", "red")}


class Messages:
    """Writes messages at or above a level.

    Args:
        console: where to write.
        level: the lowest level that is written.
        as_json: write each message as a JSON object with its time in UTC.

    Attributes:
        console, as_json: as above.
    """

    def __init__(self, console: Console, level: Level = "info", as_json: bool = False) -> None:
        self.console = console
        self.as_json = as_json
        self._lowest = _LEVELS.index(level)

    @property
    def shows_progress(self) -> bool:
        """Whether a progress bar is shown: on a terminal, unless only problems are written."""
        return self.console.is_interactive and self.shows_tables

    @property
    def shows_tables(self) -> bool:
        """Whether tables are shown: as text, unless only problems are written."""
        return self._is_enabled("info") and not self.as_json

    def write(self, level: Level, text: str, **members: Any) -> None:
        """Writes a message. May be called from any thread.

        Args:
            level: its level.
            text: one line for people.
            members: the same facts for machines, as members of the JSON object.
        """
        if not self._is_enabled(level):
            return
        if self.as_json:
            time = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": time, "level": level, "message": text, **members}
            self.console.out(json.dumps(line, default=datetime.isoformat), highlight=False)
            return
        # Messages in files are not wrapped, so that they can be searched.
        self.console.print(
            Text.assemble(_PREFIXES.get(level, ""), plain(text)),
            soft_wrap=not self.console.is_terminal,
        )

    def _is_enabled(self, level: Level) -> bool:
        return _LEVELS.index(level) >= self._lowest


def nothing_due(known: int) -> str:
    """The line for a selection of which nothing is due.

    Args:
        known: fixtures of the selection.
    """
    if not known:
        return "No fixtures are known for this selection."
    return f"No fixtures are due ({known:,} known). Use --force to fetch them anyway."
