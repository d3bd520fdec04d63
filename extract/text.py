"""Text from the API as plain text: never markup or terminal codes."""

import re

from rich.text import Text

# Characters that control a terminal or change the order of its text: C0 and C1 controls except tab
# and line feed, line separators, bidirectional controls, and lone surrogates.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Escapes control characters, so that a terminal shows them and does not execute them.

    Args:
        text: text from the API or another source.

    Returns:
        The text with escapes such as `\\x1b`; line feeds and tabs stay.
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def plain(text: str, style: str = "") -> Text:
    """Printable text for Rich, without markup and emoji codes.

    Args:
        text: text from the API or another source.
        style: a style of Rich for the whole text.
    """
    return Text(printable(text), style)
