"""Text from the API as plain text: never markup or terminal codes."""

import re

from rich.text import Text

# What makes a terminal act, or show text in another order than it is written in: C0 and C1 controls
# but for tab and line feed, separators of lines, bidirectional controls, and lone surrogates.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Text that a terminal shows and does not obey.

    Args:
        text: of others.

    Returns:
        The text with control characters as escapes such as `\\x1b`; line feeds and tabs stay.
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def plain(text: str, style: str = "") -> Text:
    """Printable text for Rich, which takes nothing in it for markup or an emoji.

    Args:
        text: of others.
        style: of Rich, for all of it.
    """
    return Text(printable(text), style)
