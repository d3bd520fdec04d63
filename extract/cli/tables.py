"""The tables that the commands print."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from extract.text import plain

if TYPE_CHECKING:
    from extract.planning.plan import Plan


_LABELS = {
    "known": "Fixtures known",
    "due": "  due when the run began",
    "requested": "Fixtures asked for",
    "stored": "  new or changed, stored",
    "unchanged": "  unchanged",
    "missing": "  not returned by the API",
    "unconfirmed": "  unconfirmed, to be requested again",
    "failed": "  failed",
    "superseded": "  a newer payload was stored meanwhile",
    "resumed": "Fetched by the run before",
    "fetched_elsewhere": "Asked for by another run",
    "left": "Left for the next run",
    "calls": "API calls",
    "fixture_calls": "  for fixtures",
    "calls_saved": "Calls saved by batches",
    "bytes": "Bytes received",
    "waited_seconds": "Seconds waited for quota and retries",
    "preparing_seconds": "Seconds for lists",
    "fetching_seconds": "  for fixtures",
    "loading_seconds": "  to load them",
}
STATUS_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "dim"}
# Shown even when they are zero.
_ALWAYS = {"known", "due", "requested", "stored", "unchanged", "failed", "calls", "fixture_calls"}
# Rows of the plan that a terminal shows; `--json` has them all.
_SEASONS_SHOWN = 20


def counts_table(counts: Mapping[str, Any]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, count in counts.items():
        shown = f"{count:,.1f}" if isinstance(count, float) else f"{count:,}"
        if shown not in ("0", "0.0") or name in _ALWAYS:
            table.add_row(_LABELS[name], shown)
    return table


def due_table(plan: Plan) -> Table:
    reasons = [reason for reason, _ in plan.reasons.most_common()]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("League")
    table.add_column("Season")
    for reason in [*reasons, "total"]:
        table.add_column(reason, justify="right")

    def add(league: str, season: str, counts: Mapping[str, int], style: str | None = None) -> None:
        numbers = [f"{counts[reason]:,}" if counts[reason] else "" for reason in reasons]
        total = f"{sum(counts.values()):,}"
        table.add_row(plain(league), plain(season), *numbers, total, style=style)

    for season in plan.seasons[:_SEASONS_SHOWN]:
        add(season.league, season.season, season.reasons)
    if others := plan.seasons[_SEASONS_SHOWN:]:
        rest: Counter[str] = Counter()
        for season in others:
            rest.update(season.reasons)
        add(f"{len(others):,} more", "", rest)
    add("Total", "", plan.reasons, style="bold")
    return table


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
