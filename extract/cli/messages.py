"""Where a line goes that is said: to a person as text, or to a machine as a JSON object.

Text of others, such as a team's name or an error of the database, goes to a terminal or a log
through `printable`, or through `plain` where Rich prints it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from rich.console import Console
from rich.text import Text

from extract.text import plain

if TYPE_CHECKING:
    pass


Level = Literal["debug", "info", "warning", "error"]
_LEVELS = get_args(Level)
_PREFIXES = {"warning": ("Warning: ", "yellow"), "error": ("Error: ", "red")}


class Messages:
    """Messages of at least some weight.

    Args:
        console: where to.
        least: the lowest level that is said.
        as_json: a JSON object for each line, with its time in UTC.

    Attributes:
        console, as_json: as above.
    """

    def __init__(self, console: Console, least: Level = "info", as_json: bool = False) -> None:
        self.console = console
        self.as_json = as_json
        self._least = _LEVELS.index(least)

    @property
    def has_bars(self) -> bool:
        """Whether something may move: on a terminal, unless only trouble is to be said."""
        return self.console.is_interactive and self.has_tables

    @property
    def has_tables(self) -> bool:
        """Whether there is a person who wants to see more than trouble."""
        return self._says("info") and not self.as_json

    def write(self, level: Level, text: str, **members: Any) -> None:
        """Writes a line, from whatever thread.

        Args:
            level: its weight.
            text: for people.
            members: what the text tells, for machines.
        """
        if not self._says(level):
            return
        if self.as_json:
            time = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": time, "level": level, "message": text, **members}
            self.console.out(json.dumps(line, default=datetime.isoformat), highlight=False)
            return
        # A file gets whole lines, to be searched; a terminal would break them within words.
        self.console.print(
            Text.assemble(_PREFIXES.get(level, ""), plain(text)),
            soft_wrap=not self.console.is_terminal,
        )

    def _says(self, level: Level) -> bool:
        return _LEVELS.index(level) >= self._least


def nothing_due(known: int) -> str:
    if not known:
        return "No fixture is known: nothing to ask for."
    return (
        f"Nothing is due: all {known:,} fixtures are as fresh as the schedule wants them. "
        "--force asks all the same."
    )
