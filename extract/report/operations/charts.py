"""The report's charts, as Vega-Lite specifications."""

from typing import Any

import altair as alt

from extract.report.operations.data import AGES, NEVER, OLDER, ReportData
from extract.warehouse.query import Rows

# With a contrast of at least 3:1 to both backgrounds, light and dark.
_COLORS = ["#3d83c5", "#c1702c", "#4a9a63", "#b5558a", "#7f73c6", "#7c838c", "#a8832b", "#3d9a9a"]
_OUTCOMES = {
    "completed": _COLORS[2],
    "planned": _COLORS[5],
    "stopped": _COLORS[0],
    "interrupted": _COLORS[6],
    "running": _COLORS[4],
    "failed": "#d0524c",
}
# As in page.css: Vega measures the widths of texts with it.
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
# Seasons in the heat map; the table below it has all of them.
_SEASONS = 30
_MEASURES = {
    "stored": ("stored", "known"),
    "statistics": ("finished_with_statistics", "finished"),
    "events": ("finished_with_events", "finished"),
    "up to date": ("fresh", "known"),
}
_PALE, _DEEP = "#d6e6f5", "#1d5c99"


def draw(data: ReportData) -> dict[str, dict[str, Any]]:
    """Builds the charts that have data to show.

    Returns:
        Vega-Lite specifications by name of the chart.
    """
    charts = {
        "coverage": _coverage(data),
        "freshness": _freshness(data),
        "runs": _runs(data),
        "waits": _waits(data),
        "quota": _quota(data),
        "corrections": _corrections(data),
        "due": _due(data),
    }
    return {name: _finished(chart) for name, chart in charts.items() if chart is not None}


def _finished(chart: Any) -> dict[str, Any]:
    styled = (
        # By width only: the height depends on the number of bars.
        chart.properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure(background="transparent", font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(grid=False, labelFontSize=12, titleFontSize=12, labelLimit=250)
        .configure_legend(orient="top", labelFontSize=12, labelLimit=130, title=None, columns=2)
        .configure_range(category=_COLORS)
    )
    return dict(styled.to_dict())


def _values(records: list[dict[str, Any]]) -> alt.InlineData:
    plain = [
        {name: value.isoformat() if hasattr(value, "isoformat") else value
         for name, value in record.items()}
        for record in records
    ]  # fmt: skip
    return alt.InlineData(values=plain)


def _coverage(data: ReportData) -> Any:
    cells = []
    for season in data.seasons.records()[:_SEASONS]:
        counted = {**season, "fresh": season["known"] - season["due"]}
        for measure, (part, whole) in _MEASURES.items():
            if counted[whole]:
                name = f"{season['league_name'] or 'No league'} {season['season_name'] or ''}"
                share = counted[part] / counted[whole]
                cells.append(
                    {
                        "season": name.strip(),
                        "measure": measure,
                        "share": share,
                        # Rounded down: 99.96 % is not 100 %.
                        "percent": "100 %" if share == 1 else f"{int(share * 1000) / 10:g} %",
                        "fixtures": f"{counted[part]:,} of {counted[whole]:,}",
                    }
                )
    if not cells:
        return None
    base = alt.Chart(
        _values(cells),
        width="container",
        height=28 * len({cell["season"] for cell in cells}),
    ).encode(
        x=alt.X(
            "measure:N", title=None, sort=list(_MEASURES), axis=alt.Axis(orient="top", labelAngle=0)
        ),
        y=alt.Y("season:N", title=None, sort=None),
        tooltip=["season:N", "measure:N", "percent:N", "fixtures:N"],
    )
    color = alt.Color("share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[_PALE, _DEEP]))
    text = alt.condition("datum.share > 0.5", alt.value("#ffffff"), alt.value("#16212c"))
    return alt.layer(
        base.mark_rect(cornerRadius=3).encode(color=color),
        base.mark_text(fontSize=12).encode(text="percent:N", color=text),
        description="Heat map of each season: the share of fixtures that are stored, finished "
        "fixtures with statistics and with events, and fixtures that are up to date.",
    )


def _freshness(data: ReportData) -> Any:
    records = data.ages.records()
    if not records:
        return None
    return (
        alt.Chart(
            _values(records),
            width="container",
            height=26 * len({record["requested_within"] for record in records}),
            description="Bars: how many fixtures were last requested within an hour, a day, a "
            "week, 30 days, or longer ago, by phase of the match.",
        )
        .mark_bar(cornerRadius=2)
        .encode(
            y=alt.Y("requested_within:N", title=None, sort=[*AGES.values(), OLDER, NEVER]),
            x=alt.X("fixtures:Q", title="fixtures", axis=alt.Axis(tickMinStep=1, format=",d")),
            color=alt.Color("phase:N"),
            tooltip=["requested_within:N", "phase:N", alt.Tooltip("fixtures:Q", format=",")],
        )
    )


def _by_run(data: ReportData, column: str, title: str, description: str) -> Any:
    seen = {run["outcome"] for run in data.runs.records()}
    outcomes = {outcome: color for outcome, color in _OUTCOMES.items() if outcome in seen}
    return (
        alt.Chart(
            _values(data.runs.records()), width="container", height=200, description=description
        )
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X(
                "started_at:O",
                title=None,
                axis=alt.Axis(labels=False, ticks=False),
            ),
            y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(tickMinStep=1, format=",d")),
            color=alt.Color(
                "outcome:N", scale=alt.Scale(domain=list(outcomes), range=list(outcomes.values()))
            ),
            tooltip=["started_at:N", "outcome:N", "requested:Q", "stored:Q", "failed:Q", "calls:Q",
                     "waited_seconds:Q"],
        )
    )  # fmt: skip


def _runs(data: ReportData) -> Any:
    if not data.runs.rows:
        return None
    return _by_run(
        data, "calls", "calls", "Bars: API calls of each run, oldest to newest, by outcome."
    )


def _waits(data: ReportData) -> Any:
    if not any(run["waited_seconds"] >= 1 for run in data.runs.records()):
        return None
    return _by_run(
        data, "waited_seconds", "seconds waited",
        "Bars: seconds that requests of each run waited for quota and retries, oldest to newest.",
    )  # fmt: skip


def _quota(data: ReportData) -> Any:
    if not data.quota.rows:
        return None
    hours = alt.X(
        "hour_at:O",
        title=None,
        timeUnit="utcyearmonthdatehours",
        axis=alt.Axis(labelAngle=-40, labelOverlap=True, format="%d %b %H:%M"),
    )
    description = "Bars: API calls in each hour, by endpoint."
    return _stacked(data.quota, hours, "calls", description, "calls_over_quota:Q")


def _corrections(data: ReportData) -> Any:
    if not data.corrections_by_day.rows:
        return None
    days = alt.X("day:O", title=None, axis=alt.Axis(labelAngle=-40, labelOverlap=True))
    description = "Bars: corrections after full time in each day, by kind."
    return _stacked(data.corrections_by_day, days, "corrections", description)


def _stacked(rows: Rows, times: alt.X, count: str, description: str, *tooltips: str) -> Any:
    """A bar for each time, stacked by kind. The first two columns of the rows are time and kind."""
    time, kind, *_ = rows.names
    return (
        alt.Chart(_values(rows.records()), width="container", height=200, description=description)
        .mark_bar(cornerRadius=2)
        .encode(
            x=times,
            y=alt.Y(f"{count}:Q", title=count, axis=alt.Axis(tickMinStep=1, format=",d")),
            color=alt.Color(f"{kind}:N"),
            tooltip=[f"{time}:N", f"{kind}:N", f"{count}:Q", *tooltips],
        )
    )


def _due(data: ReportData) -> Any:
    if not data.due_reasons.rows:
        return None
    return (
        alt.Chart(
            _values(data.due_reasons.records()),
            width="container",
            height=26 * len(data.due_reasons.rows),
            description="Bars: fixtures that the next run fetches, by reason.",
        )
        .mark_bar(cornerRadius=2, color=_COLORS[0])
        .encode(
            y=alt.Y("reason:N", title=None, sort="-x"),
            x=alt.X("fixtures:Q", axis=alt.Axis(tickMinStep=1, format=",d")),
            tooltip=["reason:N", alt.Tooltip("fixtures:Q", format=",")],
        )
    )
