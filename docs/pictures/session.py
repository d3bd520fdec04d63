"""Records a terminal session, and draws it as an animated SVG."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

_COLUMNS, _LINES = 100, 30
# Size in pixels of a 14-pixel character in common terminal fonts.
_WIDTH, _HEIGHT = 8.43, 18
_MARGIN = 12
# Longest time in seconds that a pause is shown, and the time that the last frame is shown.
_LONGEST_PAUSE, _LAST_FRAME = 1.0, 6.0
_SHORTEST_FRAME = 0.15
_COLORS = {
    "default": "#d8dee9", "black": "#4c566a", "red": "#ff7a85", "green": "#a3d977",
    "brown": "#ebcb8b", "blue": "#81a1c1", "magenta": "#d08fc4", "cyan": "#88c0d0",
    "white": "#eceff4",
}  # fmt: skip


def record(command: Sequence[str]) -> Iterator[tuple[float, bytes]]:
    """Runs a command on a terminal of its own.

    Yields:
        Its output, each part with the seconds since the start.

    Raises:
        RuntimeError: the command failed.
    """
    ours, theirs = pty.openpty()
    size = {"COLUMNS": str(_COLUMNS), "LINES": str(_LINES), "TERM": "xterm-256color"}
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - a command of ours
        command, env=os.environ | size, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    while True:
        try:
            written = os.read(ours, 65536)
        except OSError:
            break  # the program has closed the terminal
        yield time.monotonic() - began, written
    os.close(ours)
    if process.wait():
        raise RuntimeError(f"{' '.join(command)} failed.")


def frames(recorded: Iterator[tuple[float, bytes]]) -> list[tuple[float, list[str]]]:
    """Turns the output into frames.

    Returns:
        Pairs of a frame's seconds and its lines as SVG text.
    """
    screen = pyte.Screen(_COLUMNS, _LINES)
    stream = pyte.ByteStream(screen)
    found: list[tuple[float, list[str]]] = []
    shown, since = _lines(screen), 0.0
    for seconds, written in recorded:
        if seconds - since >= _SHORTEST_FRAME and (lines := _lines(screen)) != shown:
            found.append((min(seconds - since, _LONGEST_PAUSE), shown))
            shown, since = lines, seconds
        stream.feed(written)
    return [*found, (_SHORTEST_FRAME, shown), (_LAST_FRAME, _lines(screen))]


def draw(drawn: list[tuple[float, list[str]]]) -> str:
    """Draws an SVG that shows one frame after the other.

    Readers who prefer reduced motion see the last frame only. The frames form a column that moves
    past the window. A line that several frames share is written once.
    """
    height = _LINES * _HEIGHT + 2 * _MARGIN
    length = sum(seconds for seconds, _ in drawn)
    lines = dict.fromkeys(line for _, frame in drawn for line in frame if line)
    names = {line: f"l{number}" for number, line in enumerate(lines)}
    defined = "".join(f'<text id="{name}">{line}</text>\n' for line, name in names.items())
    moves, column, passed = [], [], 0.0
    for number, (seconds, frame) in enumerate(drawn):
        moves.append(f"{passed / length:.3%} {{ transform: translateY(-{number * height}px) }}")
        passed += seconds
        column += [
            f'<use href="#{names[line]}" x="{_MARGIN}" '
            f'y="{number * height + _MARGIN + (row + 0.75) * _HEIGHT:.0f}"/>'
            for row, line in enumerate(frame)
            if line
        ]
    last = f"transform: translateY(-{(len(drawn) - 1) * height}px)"
    width = _COLUMNS * _WIDTH + 2 * _MARGIN
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">
<title>A terminal session</title>
<style>
text {{ font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }}
.column {{ {last} }}
@media (prefers-reduced-motion: no-preference) {{
  .column {{ animation: session {length:.1f}s step-end infinite }}
}}
@keyframes session {{
{chr(10).join(moves)}
}}
</style>
<defs>
{defined}</defs>
<rect width="100%" height="100%" rx="8" fill="#22272e"/>
<g class="column">
{chr(10).join(column)}
</g>
</svg>
"""


def _lines(screen: pyte.Screen) -> list[str]:
    return [_line([screen.buffer[row][at] for at in range(_COLUMNS)]) for row in range(_LINES)]


def _line(characters: list[pyte.screens.Char]) -> str:
    """A line of the terminal as the content of an SVG text; empty for a blank line."""
    while characters and characters[-1].data == " ":
        characters.pop()
    spans = []
    for (color, bold), run in groupby(characters, lambda each: (each.fg, each.bold)):
        text = escape("".join(each.data for each in run))
        fill = _COLORS.get(color.removeprefix("bright")) or f"#{color}"
        weight = ' font-weight="bold"' if bold else ""
        spans.append(f'<tspan style="fill:{fill}"{weight}>{text}</tspan>')
    return "".join(spans)


if __name__ == "__main__":
    path, *command = sys.argv[1:]
    Path(path).write_text(draw(frames(record(command))), encoding="utf-8")
