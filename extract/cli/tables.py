"""The tables that the commands print."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from extract.cli.messages import Messages, nothing_due
from extract.text import plain

if TYPE_CHECKING:
    from extract.diagnostics.batch_benchmark import Comparison
    from extract.diagnostics.check_result import CheckResult
    from extract.lake.maintenance import Maintained
    from extract.lake.sync import Copied
    from extract.planning.plan import Plan
    from extract.runs.summary import Summary

_LABELS = {
    "known": "Fixtures known",
    "due": "  due when the run began",
    "requested": "Fixtures requested",
    "stored": "  new or changed, stored",
    "unchanged": "  unchanged",
    "missing": "  not returned by the API",
    "unconfirmed": "  unconfirmed, to be requested again",
    "failed": "  failed",
    "superseded": "  superseded by a newer payload",
    "resumed": "Fetched by the previous run",
    "fetched_elsewhere": "Fetched by another run",
    "left": "Left for the next run",
    "season_lists": "Lists of seasons stored",
    "calls": "API calls",
    "fixture_calls": "  for fixtures",
    "calls_saved": "Calls saved by batches",
    "bytes": "Bytes received",
    "waited_seconds": "Seconds waited for quota and retries",
    "preparing_seconds": "Seconds for lists",
    "fetching_seconds": "  for fixtures",
    "loading_seconds": "  for loading",
}
_STATUS_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "dim"}
# Shown even when they are zero.
_ALWAYS = {"known", "due", "requested", "stored", "unchanged", "failed", "calls", "fixture_calls"}
# Seasons of the plan that are shown; `--json` has all.
_SEASONS_SHOWN = 20
# Causes of failures that are shown; the table `fixture_checks` has all.
_NOTES_SHOWN = 5
# Terminal columns between two columns of a query's result, and the width from which on a column's
# text is wrapped.
_GAP, _READABLE = 2, 30


def _counts_table(counts: Mapping[str, Any]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, count in counts.items():
        shown = f"{count:,.1f}" if isinstance(count, float) else f"{count:,}"
        if shown not in ("0", "0.0") or name in _ALWAYS:
            table.add_row(_LABELS[name], shown)
    return table


def _due_table(plan: Plan) -> Table:
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


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def print_plan(messages: Messages, plan: Plan) -> None:
    """Prints what is due, by season and reason, and what it costs, also with `--quiet`."""
    if messages.as_json:
        document = plan.to_dict()
        messages.write("info", f"{plan.due:,} of {plan.known:,} fixtures are due.", **document)
        return
    if not plan.due:
        messages.write("info", nothing_due(plan.known))
    else:
        messages.console.print(_due_table(plan))
    costs = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    costs.add_row("Fixtures due", f"{plan.due:,} of {plan.known:,}")
    costs.add_row("Calls for them", f"{plan.fixture_calls:,}")
    if plan.include_calls:
        costs.add_row("  for added includes", f"{plan.include_calls:,}")
    if plan.season_list_calls:
        tables = ", ".join(plan.season_lists)
        costs.add_row(f"Calls for {tables}", f"at least {plan.season_list_calls:,}")
    costs.add_row("One call per fixture", f"{plan.due:,}")
    if plan.max_calls is not None:
        costs.add_row("Calls allowed", f"{plan.max_calls:,} by --max-calls")
    if plan.quota:
        left = f"{plan.quota.remaining:,} of {plan.quota.limit:,} calls"
        if plan.quota.resets_in:
            left += f", resets in {_duration(plan.quota.resets_in)}"
        costs.add_row("Quota left", left)
    if plan.due or plan.season_list_calls:
        costs.add_row("Time", f"about {_duration(max(1, plan.seconds))}")
    costs.add_row("Calls made for this plan", f"{plan.calls_spent:,}")
    messages.console.print(costs)


def print_comparison(messages: Messages, comparison: Comparison) -> None:
    """Prints what each way to fetch took, and the ratios between them."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for name in ("calls", "fixtures", "failed", "seconds", "per second", "bytes", "waited"):
        table.add_column(name, justify="right")
    for each in comparison.measured:
        table.add_row(
            each.way,
            f"{each.calls:,}",
            f"{each.fixtures:,}",
            f"{each.failed:,}",
            f"{each.seconds:,.2f}",
            f"{each.fixtures_per_second:,.1f}",
            f"{each.bytes:,}",
            f"{each.waited_seconds:,.1f}",
        )
    messages.console.print(table)
    if comparison.ratios:
        ratios = ", ".join(f"{ratio:g} x {name}" for name, ratio in comparison.ratios.items())
        messages.write("info", f"One call per fixture takes {ratios} of batches.")
    if comparison.different:
        messages.write(
            "info",
            f"{comparison.different:,} fixtures had different payloads; they may have changed "
            "between the requests.",
        )


def print_rows(console: Console, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints the result of a query; nulls are blank.

    If rows are wider than the terminal, the text of the widest column is wrapped. If too little
    room is left for that column, each row is printed as a list with a line per column.
    """
    titles = [plain(name) for name in names]
    shown = [
        [plain("" if value is None else str(value).expandtabs()) for value in row] for row in rows
    ]
    widths = [max(map(_width, column)) for column in zip(titles, *shown, strict=True)]
    spare = console.width - sum(widths) - _GAP * (len(widths) - 1)
    widest = max(range(len(widths)), key=widths.__getitem__, default=0)
    if spare >= 0 or widths[widest] + spare >= _READABLE:
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        for number, title in enumerate(titles):
            values = [row[number] for row in rows]
            numeric = any(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
            is_wrapped = spare < 0 and number == widest
            table.add_column(
                title,
                justify="right" if numeric else "left",
                no_wrap=not is_wrapped,
                width=widths[number] + spare if is_wrapped else None,
            )
        for row in shown:
            table.add_row(*row)
        console.print(table)
    elif rows:
        table = Table.grid(padding=(0, _GAP, 0, 0))
        table.add_column(no_wrap=True)
        for row in shown:
            for title, value in zip(titles, row, strict=True):
                table.add_row(title, value)
            table.add_row()
        console.print(table)
    else:
        console.print(Text(", ").join(titles))
    if not rows:
        console.print("0 rows", highlight=False)


def _width(text: Text) -> int:
    """The width of a text in terminal columns."""
    return max(map(cell_len, text.plain.splitlines()), default=0)


def print_summary(messages: Messages, summary: Summary, seconds: float) -> None:
    """Prints the counts of a run, and what to do next if something is left."""
    counts = summary.counts()
    if messages.shows_tables:
        messages.console.print(_counts_table(counts))
    messages.write(
        "info",
        f"Run {summary.run_id} {summary.outcome} in {seconds:.1f} s into the {summary.warehouse}.",
        run_id=summary.run_id,
        outcome=summary.outcome,
        seconds=round(seconds, 3),
        **counts,
    )
    if unconfirmed := counts["unconfirmed"]:
        messages.write(
            "warning",
            f"{unconfirmed:,} {'fixtures are' if unconfirmed > 1 else 'fixture is'} unconfirmed: "
            "an include is missing or became empty, and no second response confirms it. Stored "
            "rows stay, and the next run requests the fixtures again.",
            unconfirmed=unconfirmed,
        )
    if summary.failed_ids:
        shown = ", ".join(map(str, summary.failed_ids[:20]))
        more = len(summary.failed_ids) - 20
        messages.write(
            "error",
            f"{len(summary.failed_ids):,} fixtures failed: {shown}"
            + (f" and {more:,} more" if more > 0 else "")
            + ". The next run requests them again.",
            failed_ids=summary.failed_ids,
        )
    notes = summary.failure_notes.most_common()
    for note, fixtures in notes[:_NOTES_SHOWN]:
        messages.write("error", f"{fixtures:,} failed: {note}", failed=fixtures, note=note)
    if others := notes[_NOTES_SHOWN:]:
        more = sum(fixtures for _, fixtures in others)
        messages.write(
            "error", f"{more:,} failed for {len(others):,} other reasons: see fixture_checks."
        )
    if summary.outcome in ("interrupted", "stopped"):
        messages.write(
            "info",
            "With --force, the same command starts over."
            if "force" in summary.arguments
            else "The same command resumes where this run stopped.",
        )


def print_copied(messages: Messages, copied: Copied, with_tables: bool) -> None:
    """Prints what was copied to the lake.

    Args:
        messages: where lines go.
        copied: the result.
        with_tables: also print the changes of each table.
    """
    changed = {name: each for name, each in copied.tables.items() if each.written or each.deleted}
    if with_tables and changed and messages.shows_tables:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("Table")
        table.add_column("rows written", justify="right")
        table.add_column("rows deleted", justify="right")
        for name, changes in changed.items():
            table.add_row(name, f"{changes.written:,}", f"{changes.deleted:,}")
        messages.console.print(table)
    if changed:
        text = (
            f"{copied.written:,} rows written and {copied.deleted:,} deleted in {len(changed)} of "
            f"{len(copied.tables)} tables of the lake {copied.url}, in {copied.seconds:.1f} s."
        )
    else:
        text = f"The lake {copied.url} has all rows already ({copied.seconds:.1f} s)."
    messages.write("info", text, lake=copied.to_dict())


def print_maintained(messages: Messages, result: Maintained) -> None:
    """Prints what a maintenance of the lake has done."""
    messages.write(
        "info",
        f"{result.tables} tables of the lake {result.url}: {result.compacted:,} files compacted, "
        f"{result.removed:,} old files removed, in {result.seconds:.1f} s.",
        lake=result.to_dict(),
    )


def print_check(console: Console, check: CheckResult) -> None:
    """Prints the result of one check of the installation."""
    text = f"  {check.check + ':':13} {check.found}"
    if check.remedy:
        text += f" {check.remedy}"
    status = (f"{check.status:4}", _STATUS_STYLES[check.status])
    console.print(Text.assemble(status, plain(text)), soft_wrap=True)
