"""Bars on a time axis, as SVG that needs no script.

Places and widths are percentages, so that a chart is as wide as its place while its texts keep
their size. Colours are classes of page.css, each with one meaning.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

# Widths of bars, and distances of labels.
_STEPS = [
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 28, 56, 112, 364)),
]
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
# Bars at most, and at least: fewer would be blocks, not bars. Labels at most.
_MOST_BARS, _FEWEST_BARS, _LABELS = 60, 24, 6
# In pixels: space above the plot for a label, and the least height of a bar.
_TOP, _LEAST = 16, 2


@dataclass(frozen=True)
class TimeAxis:
    """Equal steps of time, as the columns of a chart.

    Attributes:
        start: the beginning of the first step.
        step: their length.
        count: their number.
    """

    start: datetime
    step: timedelta
    count: int

    @staticmethod
    def covering(first: datetime, last: datetime, least: timedelta = _STEPS[0]) -> "TimeAxis":
        """The steps from the first to the last of some times.

        Args:
            first: the first.
            last: the last.
            least: the least length of a step.
        """
        steps = [step for step in _STEPS if step >= least]
        step = next((step for step in steps if (last - first) / step < _MOST_BARS - 1), steps[-1])
        end = _floor(last, step) + step
        count = max((end - _floor(first, step)) // step, _FEWEST_BARS)
        return TimeAxis(end - count * step, step, count)

    def column(self, time: datetime) -> int:
        """The number of the step that has a time; negative before the first one."""
        return (time - self.start) // self.step

    def name(self, column: int) -> str:
        """A step in words."""
        begin = self.start + column * self.step
        if self.step == timedelta(days=1):
            return f"{begin:%d %b %Y}"
        end = begin + self.step
        if self.step > timedelta(days=1):
            return f"{begin:%d %b} to {end - timedelta(days=1):%d %b %Y}"
        return f"{begin:%d %b %H:%M} to {end:%H:%M}"

    def labels(self) -> list[tuple[float, str, str]]:
        """Places in percent, with one or two lines of text."""
        end = self.start + self.count * self.step
        step = next(
            (step for step in _STEPS if step >= self.step and (end - self.start) / step <= _LABELS),
            _STEPS[-1],
        )
        found, at = [], _floor(self.start, step)
        year = end.year
        while at < end:
            if at >= self.start:
                place = 100 * ((at - self.start) / (end - self.start))
                hours = "" if step >= timedelta(days=1) else f"{at:%H:%M}"
                day = f"{at.day} {at:%b}" if at.year == year else f"{at.day} {at:%b %Y}"
                found.append((place, day, hours))
                year = at.year
            at += step
        return found


def _floor(time: datetime, step: timedelta) -> datetime:
    return _EPOCH + ((time - _EPOCH) // step) * step


@dataclass(frozen=True)
class Series:
    """Bars of one meaning.

    Attributes:
        name: what they count.
        color: a class of page.css.
        values: the number at each column that has one.
    """

    name: str
    color: str
    values: Mapping[int, float]


def bars(
    axis: TimeAxis,
    series: Sequence[Series],
    description: str,
    limit: float | None = None,
    height: int = 120,
    has_labels: bool = True,
    show: Callable[[float], str] = lambda value: f"{value:,.0f}",
) -> Markup:
    """Draws stacked bars.

    Args:
        axis: the columns.
        series: the bars, from the bottom to the top.
        description: what the chart shows, for those who do not see it.
        limit: drawn as a line.
        height: of the plot in pixels.
        has_labels: whether times are written below.
        show: formats a value.
    """
    sums = [sum(each.values.get(column, 0) for each in series) for column in range(axis.count)]
    step = _nice_step(max(*sums, limit or 0), height // 35)
    top = step * max(1, -(-max(*sums, limit or 0) // step))
    bottom = _TOP + height

    def y(value: float) -> float:
        return bottom - height * value / top

    lines = [value * step for value in range(1, round(top / step) + 1)]
    parts = [
        f'<line class="grid" x1="0" x2="100%" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text class="scale" x="0" y="{y(value) - 4:.1f}">{show(value)}</text>'
        for value in lines
        # The limit line is labelled elsewhere.
        if limit is None or abs(y(value) - y(limit)) > 14
    ]
    width = 100 / axis.count
    for column, total in enumerate(sums):
        if not total:
            continue
        values = [(each, each.values.get(column, 0)) for each in series]
        named = ", ".join(f"{show(value)} {each.name}" for each, value in values if value)
        parts.append(f"<g><title>{escape(axis.name(column))}: {escape(named)}</title>")
        at = float(bottom)
        for each, value in values:
            if value:
                tall = max(_LEAST, height * value / top)
                at -= tall
                parts.append(
                    f'<rect class="{each.color}" x="{width * (column + 0.1):.2f}%" y="{at:.1f}" '
                    f'width="{width * 0.8:.2f}%" height="{tall:.1f}"/>'
                )
        parts.append("</g>")
    parts.append(f'<line class="base" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/>')
    if limit is not None:
        parts.append(
            f'<line class="limit" x1="0" x2="100%" y1="{y(limit):.1f}" y2="{y(limit):.1f}"/>'
            f'<text class="limit-name" x="100%" y="{y(limit) - 4:.1f}">limit {show(limit)}</text>'
        )
    below = 0
    if has_labels:
        labels = axis.labels()
        below = 38 if any(hour for _, _, hour in labels) else 23
        for number, (place, day, hour) in enumerate(labels):
            anchor = "start" if place < 4 else "end" if place > 96 else "middle"
            # Every other one is left out where there is little room.
            parts.append(
                f'<g class="tick{" wide" if number % 2 else ""}"><line x1="{place:.2f}%" '
                f'x2="{place:.2f}%" y1="{bottom}" y2="{bottom + 5}"/>'
                f'<text x="{place:.2f}%" y="{bottom + 18}" text-anchor="{anchor}">{hour or day}'
                f"</text>"
            )
            if hour:
                parts.append(
                    f'<text x="{place:.2f}%" y="{bottom + 33}" text-anchor="{anchor}">{day}</text>'
                )
            parts.append("</g>")
    return Markup(  # noqa: S704 - names are escaped
        f'<svg class="plot" width="100%" height="{bottom + below + 1}" role="img" '
        f'aria-label="{escape(description)}">{"".join(parts)}</svg>'
    )


def _nice_step(most: float, lines: int) -> float:
    """The distance of at most this many lines: 1, 2 or 5 times a power of ten."""
    step = 1.0
    for exponent in range(16):
        for digit in (1, 2, 5):
            step = float(digit * 10**exponent)
            if most / step <= lines:
                return step
    return step
