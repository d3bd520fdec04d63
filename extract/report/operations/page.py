"""Renders the data of the operations page as one HTML file."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from markupsafe import Markup

from extract.errors import command_line
from extract.report.operations.attention import find_attention, find_unknown
from extract.report.operations.charts import Series, TimeAxis, bars
from extract.report.operations.data import AGES, NEVER, OLDER, OperationsData
from extract.report.templates import template_environment
from extract.text import printable
from extract.warehouse.query import Rows

# A chart of fewer bars says less than a sentence.
_FEWEST_BARS = 3
# What a check finds more since then is new.
_NEW = timedelta(days=1)
# Outcomes of runs by the meaning of their colour.
_MEANINGS = {
    "calls of runs that ended as planned": ("normal", {"completed", "stopped", "planned"}),
    "calls of runs that were interrupted or have not ended": (
        "waiting",
        {"interrupted", "running"},
    ),
    "calls of failed runs": ("failed", {"failed"}),
}


class Share(float):
    """A part of 1, which is shown in percent and sorted as a number."""


@dataclass(frozen=True)
class Chart:
    """A chart with its title and the meaning of its colours.

    Attributes:
        name: part of its id on the page.
        title: what is plotted.
        picture: the chart.
        key: names of the series, with the classes of their colours.
    """

    name: str
    title: str
    picture: Markup
    key: list[tuple[str, str]]


def render(data: OperationsData, football: str | None = None) -> str:
    """Renders the page.

    Args:
        data: the data of the page.
        football: the address of the football pages, relative to this one; None without them.
    """
    environment = template_environment("extract.report.operations")
    environment.filters |= {"cell": _cell, "ago": _ago, "sortable": _sortable, "title": _title}
    environment.globals |= {"zip": zip, "command": command_line}
    style, script = _asset("page.css"), _asset("page.js")
    return environment.get_template("page.html").render(
        data=data,
        attention=list(find_attention(data)),
        unknown="; ".join(find_unknown(data)),
        football=football,
        style=style,
        script=script,
        # Nothing else on the page is a script or a style, whatever is in a name.
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
        gaps=_gaps(data),
        ages=_ages(data),
        run_charts=_run_charts(data),
        quota_chart=_quota_chart(data),
        busiest=_busiest_hour(data),
        correction_chart=_correction_chart(data),
        kinds=_kinds(data),
        new_since=data.made_at - _NEW,
        oddest=", ".join(data.unused),
    )


def _asset(name: str) -> Markup:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of ours


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _gaps(data: OperationsData) -> Rows:
    """What is missing, as a table."""
    return Rows(
        ["without", "missing", "of", "share", "league_name", "season_name"],
        [
            (
                "not stored yet" if gap.what == "stored" else gap.what,
                gap.missing,
                gap.among,
                Share(gap.missing / gap.among),
                gap.league_name,
                gap.season_name,
            )
            for gap in data.gaps
        ],
    )


def _ages(data: OperationsData) -> Rows | None:
    """Fixtures by phase, with a column for each age."""
    if data.ages is None:
        return None
    counted = {(row["phase"], row["requested"]): row["fixtures"] for row in data.ages.records()}
    ages = [age for age in (*AGES.values(), OLDER, NEVER) if any(a == age for _, a in counted)]
    phases = list(dict.fromkeys(phase for phase, _ in counted))
    return Rows(
        ["phase", *ages],
        [(phase.replace("_", " "), *(counted.get((phase, age), 0) for age in ages))
         for phase in phases],
    )  # fmt: skip


def _run_charts(data: OperationsData) -> list[Chart]:
    """Calls, waits and failures of runs, one below the other on the same axis."""
    runs = data.runs.records()
    if not runs:
        return []
    axis = TimeAxis.covering(min(run["started_at"] for run in runs), data.made_at)
    if len({axis.column(run["started_at"]) for run in runs if run["calls"]}) < _FEWEST_BARS:
        return []

    def summed(column: str, outcomes: Iterable[str] | None = None) -> Counter[int]:
        counts: Counter[int] = Counter()
        for run in runs:
            if outcomes is None or run["outcome"] in outcomes:
                counts[axis.column(run["started_at"])] += run[column] or 0
        return counts

    plots = [
        ("calls", "API calls", [Series(name, color, summed("calls", outcomes))
                                for name, (color, outcomes) in _MEANINGS.items()]),
        ("waits", "Seconds that requests waited for quota and retries",
         [Series("seconds waited", "waiting", summed("waited_seconds"))]),
        ("failures", "Fixtures without a usable response",
         [Series("failed fixtures", "failed", summed("failed"))]),
    ]  # fmt: skip
    plots = [
        (name, title, [each for each in series if any(v >= 1 for v in each.values.values())])
        for name, title, series in plots
    ]
    plots = [plot for plot in plots if plot[2]]
    charts = []
    for number, (name, title, series) in enumerate(plots, start=1):
        picture = bars(
            axis,
            series,
            f"Bars over time: {title}.",
            height=110 if name == "calls" else 56,
            has_labels=number == len(plots),
        )
        key = [(each.name, each.color) for each in series] if name == "calls" else []
        charts.append(Chart(name, title, picture, key))
    return charts


def _by_hour(data: OperationsData) -> dict[datetime, Counter[str]]:
    """Calls for fixtures by hour: the API counts other entities by themselves."""
    hours: dict[datetime, Counter[str]] = {}
    for row in data.quota.records():
        if "fixtures" in row["endpoint"]:
            hour = hours.setdefault(row["hour_at"], Counter())
            hour["calls"] += row["calls"]
            hour["answered"] += row["calls_answered"]
            hour["refused"] += row["calls_over_quota"]
            hour["failed"] += row["calls_failed"]
            hour["limit"] = max(hour["limit"], row["quota_limit"] or 0)
    return hours


def _busiest_hour(data: OperationsData) -> tuple[datetime, int, int] | None:
    """The hour with the most calls for fixtures, their number, and the limit."""
    hours = _by_hour(data)
    if not hours:
        return None
    hour = max(hours, key=lambda each: hours[each]["calls"])
    return hour, hours[hour]["calls"], hours[hour]["limit"]


def _quota_chart(data: OperationsData) -> Chart | None:
    hours = _by_hour(data)
    if len(hours) < _FEWEST_BARS:
        return None
    # One bar an hour, because the limit is for an hour.
    first = max(min(hours), data.made_at - timedelta(hours=58))
    axis = TimeAxis.covering(first, data.made_at, least=timedelta(hours=1))
    recent = {axis.column(hour): counts for hour, counts in hours.items() if hour >= axis.start}
    by_kind = {
        kind: {column: each[kind] for column, each in recent.items()}
        for kind in ("answered", "failed", "refused")
    }
    series = [
        Series("answered", "normal", by_kind["answered"]),
        Series("failed", "failed", by_kind["failed"]),
        Series("refused: over quota", "waiting", by_kind["refused"]),
    ]
    series = [each for each in series if any(each.values.values())]
    limit = hours[max(hours)]["limit"] or None
    hours_shown = axis.count * axis.step // timedelta(hours=1)
    title = f"Calls for fixtures by hour, the last {hours_shown} hours"
    return Chart(
        "quota",
        title,
        bars(axis, series, f"Bars over time: {title}, and their limit as a line.", limit=limit),
        [(each.name, each.color) for each in series],
    )


def _correction_chart(data: OperationsData) -> Chart | None:
    days: Counter[datetime] = Counter()
    for row in data.corrections_by_day.records():
        days[datetime.combine(row["day"], time(), UTC)] += row["corrections"]
    if len(days) < _FEWEST_BARS:
        return None
    axis = TimeAxis.covering(min(days), data.made_at, least=timedelta(days=1))
    counts: Counter[int] = Counter()
    for day, count in days.items():
        counts[axis.column(day)] += count
    title = "Corrections after full time by the day when they were seen"
    series = [Series("corrections", "normal", counts)]
    return Chart("corrections", title, bars(axis, series, f"Bars over time: {title}."), [])


def _kinds(data: OperationsData) -> list[tuple[str, int]]:
    """The number of corrections by kind, the most frequent first."""
    kinds: Counter[str] = Counter()
    for row in data.corrections_by_day.records():
        kinds[row["kind"].replace("_", " ")] += row["corrections"]
    return kinds.most_common()


def _title(name: str) -> str:
    """A heading for a column or a check."""
    text = name.replace("_", " ").removesuffix(" at").removesuffix(" name")
    return text[:1].upper() + text[1:]


def _cell(value: Any) -> str:
    """Formats a value for people."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Share):
        return "all" if value >= 1 else f"{100 * value:.1f} %"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def _sortable(value: Any) -> str:
    """Formats a value for sorting in the page: numbers as numbers, times as ISO text."""
    return "" if value is None else printable(str(value))


def _ago(then: datetime | None, now: datetime) -> str:
    """The time since then, in words."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size):,} {unit} ago"
    return "just now"
