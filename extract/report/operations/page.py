"""Renders the report's data and charts as one HTML page."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from extract.report.operations.data import ReportData

# What the page uses from the bundle.
_SCRIPT = "window.vegaEmbed = vegaEmbed;"


def render(data: ReportData, charts: Mapping[str, Mapping[str, Any]]) -> str:
    """Renders the page, with the scripts of the charts in it.

    Args:
        data: the data of the tables.
        charts: Vega-Lite specifications by name.
    """
    environment = Environment(
        loader=PackageLoader("extract.report.operations", "."),
        # Names come from the API: they are text, never markup.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": _cell,
        "ago": _ago,
        "sortable": _sortable,
        "title": _title,
        "zip": zip,
    }
    environment.globals["dict"] = dict
    return environment.get_template("page.html").render(
        data=data,
        charts=charts,
        specifications=_json(charts),
        vega=_library() if charts else "",
    )


def _json(value: Any) -> Markup:
    """JSON for a script element, which no text in it can close."""
    return Markup(json.dumps(value).replace("<", "\\u003c"))  # noqa: S704 - no "<" is left


def _library() -> Markup:
    """Vega-Lite and its dependencies, for a script element."""
    script = vl_convert.javascript_bundle(_SCRIPT)
    return Markup(script.replace("</script", "<\\/script"))  # noqa: S704 - a library's text


def _title(name: str) -> str:
    """A heading for a column."""
    return name.replace("_", " ").removesuffix(" at").capitalize()


def _cell(value: Any) -> str:
    """Formats a value for people."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sortable(value: Any) -> str:
    """Formats a value for sorting in the page: numbers as numbers, times as ISO text."""
    return "" if value is None else str(value)


def _ago(then: datetime | None, now: datetime) -> str:
    """The time since then, in words."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size):,} {unit} ago"
    return "just now"
