"""What a run says: lines and a progress bar while it works, a table when it ends."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from extract.lines import Level, Lines

if TYPE_CHECKING:
    from extract.client import ApiCall, SportmonksClient
    from extract.compare import Comparison
    from extract.doctor import Finding
    from extract.outlook import Outlook
    from extract.plan import Plan
    from extract.summary import Summary

_LABELS = {
    "known": "Fixtures known",
    "due": "  due",
    "asked": "Fixtures asked for",
    "stored": "  new or changed, stored",
    "unchanged": "  unchanged",
    "missing": "  not returned by the API",
    "held": "  suddenly empty, to be asked again",
    "failed": "  failed",
    "resumed": "Fetched by the run before",
    "asked_by_others": "Asked for by another run",
    "left": "Left for the next run",
    "calls": "API calls",
    "fixture_calls": "  for fixtures",
    "calls_saved": "Calls saved by batches",
    "bytes": "Bytes received",
    "waited_seconds": "Seconds waited for the API",
    "preparing_seconds": "Seconds for lists",
    "fetching_seconds": "  for fixtures",
    "loading_seconds": "  to load them",
}
_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "dim"}
# Shown even when they are zero.
_ALWAYS = {"known", "due", "asked", "stored", "unchanged", "failed", "calls", "fixture_calls"}
# Columns of a terminal on which the whole progress bar has room.
_WIDE = 80
# More than any row has.
_ANY_WIDTH = 10_000
# Reasons of failures in the closing lines; the table `fixture_checks` has all.
_NOTES_SHOWN = 5
# Rows of the plan that a terminal shows; `--json` has them all.
_SEASONS_SHOWN = 20


class _Countdown(ProgressColumn):
    """Seconds left of a wait for the quota."""

    def __init__(self, waits_until: Callable[[], float]) -> None:
        super().__init__()
        self._waits_until = waits_until

    def render(self, task: Task) -> Text:
        left = self._waits_until() - time.monotonic()
        return Text(f"quota in {timedelta(seconds=math.ceil(left))}" if left > 0 else "")


class _ToGo(ProgressColumn):
    """What is left of the time that the run was said to take, or the load under way."""

    def render(self, task: Task) -> Text:
        if loading := task.fields["loading"]:
            return Text(f"loading {loading:,} fixtures")
        ends = task.fields["ends"]
        if ends is None:
            return Text("")
        left = max(0, math.ceil(ends - time.monotonic()))
        return Text(f"{timedelta(seconds=left)} to go", style="progress.remaining")


class Reporter:
    """Tells a person what a run does.

    Args:
        console: where to; standard error when standard output carries JSON.
        least: the lowest level that is said: `debug` tells of each request, `warning` of trouble
            only.
        as_json: lines are JSON objects.
    """

    def __init__(self, console: Console, least: Level = "info", as_json: bool = False) -> None:
        self._console = console
        self._lines = Lines(console, least, as_json)
        self._progress: Progress | None = None
        self._started = time.monotonic()
        self._waits_until = -math.inf
        self._lock = threading.Lock()

    def listen_to(self, client: SportmonksClient) -> None:
        """Says from now on what the client waits for, and what trouble it has."""
        client.governor.on_wait = self.waiting
        client.governor.on_slow_down = self.slowing_down
        client.on_trouble = self.warning
        client.on_call = self.call

    def line(self, text: str) -> None:
        """A line about what happens now."""
        self._lines.say("info", text)

    def warning(self, text: str) -> None:
        """Something that went wrong and does not stop the run."""
        self._lines.say("warning", text)

    def error(self, text: str) -> None:
        """Something that stops the run."""
        self._lines.say("error", text)

    def finding(self, finding: Finding) -> None:
        """What one check of the installation came to."""
        text = f"[{_STYLES[finding.status]}]{finding.status:4}[/]  "
        text += escape(f"{finding.check + ':':13} {finding.found}")
        if finding.remedy:
            text += escape(f" {finding.remedy}")
        self._console.print(text, highlight=False, soft_wrap=True)

    def waiting(self, entity: str, seconds: float) -> None:
        """Requests wait for the quota. Several threads say so; a person is told once."""
        ends = time.monotonic() + seconds
        with self._lock:
            is_known = ends < self._waits_until + 2
            self._waits_until = max(ends, self._waits_until)
        if not is_known:
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
            self._lines.say(
                "info",
                f"Waiting {seconds:.0f} s, until {until}, for the quota of {entity}.",
                entity=entity,
                seconds=round(seconds, 3),
            )

    def slowing_down(self, requests: int) -> None:
        """Fewer requests are under way from now on."""
        self._lines.say(
            "warning",
            f"The API refuses requests although calls are left: {requests} at a time from now on.",
            requests=requests,
        )

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Something that takes a while, with a count of the calls made in it, on a terminal."""
        self.line(text)
        if not self._lines.has_bars:
            yield
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.completed:,.0f} calls, {task.fields[rows]:,} rows"),
            TimeElapsedColumn(),
            _Countdown(lambda: self._waits_until),
        )
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._progress.add_task("", total=None, rows=0)
        try:
            with self._progress:
                yield
        finally:
            self._progress = None

    @contextmanager
    def fetching(self, total: int, known: int) -> Iterator[None]:
        """A progress bar over the fixtures of a run, on a terminal."""
        if not total:
            self.line(_nothing_due(known))
        if not total or not self._lines.has_bars:
            yield
            return
        count = MofNCompleteColumn()
        times = (_ToGo(), _Countdown(lambda: self._waits_until))
        if self._console.width < _WIDE:
            columns: tuple[ProgressColumn, ...] = (count, *times)
        else:
            calls = TextColumn("{task.fields[calls]}")
            columns = (TextColumn("Fixtures"), BarColumn(bar_width=None), count, calls, *times)
        self._progress = Progress(*columns, console=self._console, transient=True, expand=True)
        self._progress.add_task("fixtures", total=total, ends=None, calls="", loading=0)
        try:
            with self._progress:
                yield
        finally:
            self._progress = None

    def fetched(self, fixtures: int, outlook: Outlook) -> None:
        """Some more fixtures have an outcome."""
        if self._progress:
            shown = f"{outlook.calls:,} calls"
            if outlook.calls_left is not None:
                shown += f", {outlook.calls_left:,} left"
            ends = time.monotonic() + outlook.seconds
            task = self._progress.task_ids[0]
            self._progress.update(task, advance=fixtures, ends=ends, calls=shown)

    def loading(self, fixtures: int) -> None:
        """A chunk is fetched, and on its way into the warehouse."""
        self._lines.say("debug", f"Loading {fixtures:,} fixtures.", fixtures=fixtures)
        if self._progress:
            self._progress.update(self._progress.task_ids[0], loading=fixtures)

    def committed(self, fixtures: int, total: int) -> None:
        """A chunk is in the warehouse."""
        if self._progress:
            self._progress.update(self._progress.task_ids[0], loading=0)
        else:
            self._lines.say(
                "info",
                f"{fixtures:,} of {total:,} fixtures committed.",
                asked=fixtures,
                due=total,
            )

    def plan(self, plan: Plan) -> None:
        """What is due, by season and reason, and what it costs: said however little is said."""
        if self._lines.as_json:
            document = plan.document()
            self._lines.say("info", f"{plan.due:,} of {plan.known:,} fixtures are due.", **document)
            return
        if not plan.due:
            self.line(_nothing_due(plan.known))
        else:
            self._console.print(_due_table(plan))
        costs = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        costs.add_row("Fixtures due", f"{plan.due:,} of {plan.known:,}")
        costs.add_row("Calls for them", f"{plan.fixture_calls:,}")
        if plan.include_calls:
            costs.add_row("  for added includes", f"{plan.include_calls:,}")
        costs.add_row("One call per fixture", f"{plan.due:,}")
        if plan.quota:
            left = f"{plan.quota.remaining:,} of {plan.quota.limit:,} calls"
            if plan.quota.resets_in:
                left += f", resets in {_duration(plan.quota.resets_in)}"
            costs.add_row("Quota left", left)
        if plan.due:
            costs.add_row("Time", f"about {_duration(max(1, plan.seconds))}")
        costs.add_row("Calls spent on this", f"{plan.calls_spent:,}")
        self._console.print(costs)

    def call(self, call: ApiCall) -> None:
        """One request, from whatever thread."""
        ids = f"{call.ids_requested} ids, " if call.ids_requested else ""
        self._lines.say(
            "debug",
            f"{call.called_at.astimezone():%H:%M:%S} {call.endpoint}: {ids}"
            f"{call.rows_returned or 0} rows, status {call.status}, {call.seconds:.2f} s, "
            f"{call.bytes:,} bytes",
            **asdict(call),
        )
        if (progress := self._progress) and "rows" in (task := progress.tasks[0]).fields:
            rows = task.fields["rows"] + (call.rows_returned or 0)
            progress.update(task.id, advance=1, rows=rows)

    def comparison(self, comparison: Comparison) -> None:
        """What each way to ask took, and the ratios between them."""
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
        self._console.print(table)
        if comparison.ratios:
            ratios = ", ".join(f"{ratio:g} x {name}" for name, ratio in comparison.ratios.items())
            self.line(f"One call per fixture takes {ratios} of batches.")
        if comparison.different:
            self.line(
                f"{comparison.different:,} fixtures were not answered alike: they may have changed "
                "in between."
            )

    def rows(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """The answer of a query; nulls are left blank.

        Rows that are wider than the terminal are shown one below the other, a line a column.
        """
        shown = [["" if value is None else escape(str(value)) for value in row] for row in rows]
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for name, *values in zip(names, *rows, strict=True):
            numeric = any(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
            table.add_column(escape(name), justify="right" if numeric else "left")
        for row in shown:
            table.add_row(*row)
        wide = self._console.options.update(max_width=_ANY_WIDTH)
        if self._console.measure(table, options=wide).maximum > self._console.width and rows:
            table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
            for row in shown:
                for name, value in zip(names, row, strict=True):
                    table.add_row(escape(name), value)
                table.add_row()
        self._console.print(table)

    def summary(self, summary: Summary) -> None:
        """The closing table, and what to do next if something is left."""
        counts = summary.counts()
        if self._lines.has_tables:
            self._console.print(_counts_table(counts))
        seconds = time.monotonic() - self._started
        self._lines.say(
            "info",
            f"Run {summary.run_id} {summary.outcome} in {seconds:.1f} s "
            f"into the {summary.warehouse}.",
            run_id=summary.run_id,
            outcome=summary.outcome,
            seconds=round(seconds, 3),
            **counts,
        )
        if held := counts["held"]:
            self._lines.say(
                "warning",
                f"Held: {held:,} fixtures that suddenly lack what they had. Their rows stay, and "
                "the next run asks again.",
                held=held,
            )
        if summary.failed_ids:
            shown = ", ".join(map(str, summary.failed_ids[:20]))
            more = len(summary.failed_ids) - 20
            self._lines.say(
                "error",
                f"No answer for {len(summary.failed_ids):,} fixtures: {shown}"
                + (f" and {more:,} more" if more > 0 else "")
                + ". The same command takes them up again.",
                failed_ids=summary.failed_ids,
            )
        notes = summary.failure_notes.most_common()
        for note, fixtures in notes[:_NOTES_SHOWN]:
            self._lines.say("error", f"{fixtures:,} failed: {note}", failed=fixtures, note=note)
        if others := notes[_NOTES_SHOWN:]:
            more = sum(fixtures for _, fixtures in others)
            self.error(f"{more:,} failed for {len(others):,} other reasons: see fixture_checks.")
        if summary.outcome in ("interrupted", "stopped"):
            self.line(
                "With --force, the same command begins anew."
                if "force" in summary.arguments
                else "The same command goes on where this run stopped."
            )


def _counts_table(counts: Mapping[str, Any]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, count in counts.items():
        if count or name in _ALWAYS:
            shown = f"{count:,.1f}" if isinstance(count, float) else f"{count:,}"
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
        table.add_row(escape(league), escape(season), *numbers, total, style=style)

    for season in plan.seasons[:_SEASONS_SHOWN]:
        add(season.league, season.season, season.reasons)
    if others := plan.seasons[_SEASONS_SHOWN:]:
        rest: Counter[str] = Counter()
        for season in others:
            rest.update(season.reasons)
        add(f"{len(others):,} more", "", rest)
    add("Total", "", plan.reasons, style="bold")
    return table


def _nothing_due(known: int) -> str:
    if not known:
        return "No fixture is known: nothing to ask for."
    return (
        f"Nothing is due: all {known:,} fixtures are as fresh as the schedule wants them. "
        "--force asks all the same."
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
