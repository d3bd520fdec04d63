"""Puts the report's figures and charts into one HTML page."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from extract.report.figures import ReportData

# What the page needs of the bundle.
_SCRIPT = "window.vegaEmbed = vegaEmbed;"


def render(figures: ReportData, charts: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, with the charts' scripts in it.

    Args:
        figures: what the tables show.
        charts: Vega-Lite specifications by name.
    """
    environment = Environment(
        loader=PackageLoader("extract.report", "."),
        # Names come from the API: whatever is in them is text.
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
        figures=figures,
        charts=charts,
        specifications=_json(charts),
        vega=_library() if charts else "",
    )


def _json(value: Any) -> Markup:
    """JSON for inside a script element, which no text in it can end."""
    return Markup(json.dumps(value).replace("<", "\\u003c"))  # noqa: S704 - no "<" is left


def _library() -> Markup:
    """Vega-Lite and what it needs, for inside a script element."""
    script = vl_convert.javascript_bundle(_SCRIPT)
    return Markup(script.replace("</script", "<\\/script"))  # noqa: S704 - a library's text


def _title(name: str) -> str:
    """A column's name as people write it."""
    return name.replace("_", " ").removesuffix(" at").capitalize()


def _cell(value: Any) -> str:
    """A value as people read it."""
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
    """A value as the page sorts it: numbers as numbers, times as text that sorts."""
    return "" if value is None else str(value)


def _ago(then: datetime | None, now: datetime) -> str:
    """How long ago something was, in words."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size):,} {unit} ago"
    return "just now"
