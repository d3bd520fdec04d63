"""What a run says: lines and a progress bar while it works, a table when it ends."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from extract.cli.messages import Level, Messages, nothing_due
from extract.cli.tables import STATUS_STYLES, counts_table, due_table, duration
from extract.text import plain

if TYPE_CHECKING:
    from extract.api.client import SportmonksClient
    from extract.api.responses import ApiCall
    from extract.diagnostics.batch_benchmark import Comparison
    from extract.diagnostics.doctor import CheckResult
    from extract.planning.plan import Plan
    from extract.progress import Eta
    from extract.runs.summary import Summary

# Reasons of failures in the closing lines; the table `fixture_checks` has all.
_NOTES_SHOWN = 5
# The least that a progress bar is wide.
_NARROWEST_BAR = 10
# Columns between those of a query's answer, and what a column needs to be broken into lines.
_GAP, _READABLE = 2, 30


@dataclass
class _Phase:
    """One phase of a run, as its progress bar shows it. Times are on the monotonic clock.

    Attributes:
        name: such as `Fixtures` or `Types`.
        total: how many there are to do, None where that is not known.
        done: how many of them are done.
        began: when it began.
        ends: when it is expected to end, None while nothing is known.
    """

    name: str
    total: int | None = None
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    ends: float | None = None


class _Bar:
    """The progress bar: phase, bar, count, calls, quota and time in one line.

    A narrow terminal first gets less space between them, then no quota and no calls.

    Attributes:
        phases: what is under way; the last one is shown.
        calls: API calls made so far.
        rows: rows that they returned.
        quota_left: calls left for fixtures, None while no response has said so.
        waits_until: until when requests wait for the quota, on the monotonic clock.
    """

    def __init__(self) -> None:
        self.phases: list[_Phase] = []
        self.calls = 0
        self.rows = 0
        self.quota_left: int | None = None
        self.waits_until = -math.inf

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The line in the width of the terminal."""
        if not self.phases:
            return
        phase = self.phases[-1]
        calls, *quota = self._calls(phase)
        necessary = [phase.name, *self._counts(phase), *self._times(phase)]
        # The last one leaves out what a narrow terminal has no room for.
        for gap, optional in ((2, [calls, *quota]), (1, [calls, *quota]), (1, [calls]), (1, [])):
            texts = [*necessary, *optional]
            room = options.max_width - sum(map(len, texts)) - gap * len(texts)
            if room >= _NARROWEST_BAR:
                break
        bar = ProgressBar(total=phase.total, completed=phase.done, width=max(0, room))
        line = Table.grid(padding=(0, gap, 0, 0))
        line.add_row(
            phase.name, bar, *self._counts(phase), *optional, Text(" ".join(self._times(phase)))
        )
        yield line

    def _counts(self, phase: _Phase) -> list[str]:
        if phase.total is None:
            return []
        total = f"{phase.total:,}"
        return [f"{phase.done:{len(total)},}/{total}"]

    def _calls(self, phase: _Phase) -> list[str]:
        calls = f"{self.calls:,} {'call' if self.calls == 1 else 'calls'}"
        if phase.total is None:
            return [calls, f"{self.rows:,} rows"]
        if self.quota_left is None:
            return [calls]
        return [calls, f"{self.quota_left:,} of the Fixture quota left"]

    def _times(self, phase: _Phase) -> list[str]:
        now = time.monotonic()
        if phase.ends is None:
            times = [f"{timedelta(seconds=int(now - phase.began))}"]
        else:
            times = [f"{timedelta(seconds=max(1, math.ceil(phase.ends - now)))} to go"]
        if self.waits_until > now:
            times.append(f"quota in {timedelta(seconds=math.ceil(self.waits_until - now))}")
        return times


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
        self._messages = Messages(console, least, as_json)
        self._bar = _Bar()
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def listen_to(self, client: SportmonksClient) -> None:
        """Says from now on what the client waits for, and what trouble it has."""
        client.rate_limiter.on_wait = self.waiting
        client.rate_limiter.on_slow_down = self.slowing_down
        client.on_trouble = self.warning
        client.on_call = self.call

    def line(self, text: str) -> None:
        """A line about what happens now."""
        self._messages.write("info", text)

    def warning(self, text: str) -> None:
        """Something that went wrong and does not stop the run."""
        self._messages.write("warning", text)

    def error(self, text: str) -> None:
        """Something that stops the run."""
        self._messages.write("error", text)

    def finding(self, finding: CheckResult) -> None:
        """What one check of the installation came to."""
        text = f"  {finding.check + ':':13} {finding.found}"
        if finding.remedy:
            text += f" {finding.remedy}"
        status = (f"{finding.status:4}", STATUS_STYLES[finding.status])
        self._console.print(Text.assemble(status, plain(text)), soft_wrap=True)

    def waiting(self, entity: str, seconds: float) -> None:
        """Requests wait for the quota. Several threads say so; a person is told once."""
        ends = time.monotonic() + seconds
        with self._lock:
            is_known = ends < self._bar.waits_until + 2
            self._bar.waits_until = max(ends, self._bar.waits_until)
        if not is_known:
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
            self._messages.write(
                "info",
                f"Waiting {seconds:.0f} s, until {until}, for the quota of {entity}.",
                entity=entity,
                seconds=round(seconds, 3),
            )

    def slowing_down(self, requests: int) -> None:
        """Fewer requests are under way from now on."""
        self._messages.write(
            "warning",
            f"The API refuses requests although calls are left: {requests} at a time from now on.",
            requests=requests,
        )

    @contextmanager
    def working(self, phase: str, text: str) -> Iterator[None]:
        """Something that takes a while before the first fixture.

        Args:
            phase: what the progress bar calls it, on a terminal.
            text: the line that says what is done.
        """
        self.line(text)
        with self._showing(_Phase(phase)):
            yield

    @contextmanager
    def fetching(self, total: int, known: int) -> Iterator[None]:
        """A progress bar over the fixtures of a run, on a terminal."""
        if not total:
            self.line(nothing_due(known))
            yield
            return
        with self._showing(_Phase("Fixtures", total)):
            yield

    def fetched(self, fixtures: int, outlook: Eta) -> None:
        """Some more fixtures have an outcome."""
        self._bar.quota_left = outlook.calls_left
        if phase := self._phase("Fixtures"):
            phase.done += fixtures
            phase.ends = time.monotonic() + outlook.seconds

    def looking_up_types(self, left: int) -> None:
        """Types that fixtures name and the list of types lacks are looked up one by one.

        Args:
            left: how many of them are still to be looked up.
        """
        phase = self._phase("Types")
        if phase is None and left:
            self.line(f"Looking up {left:,} type(s) that the API does not list.")
            self._bar.phases.append(_Phase("Types", left))
        elif phase and left:
            phase.done = (phase.total or 0) - left
        elif phase:
            self._bar.phases.remove(phase)

    def loading(self, fixtures: int) -> None:
        """A chunk is fetched, and on its way into the warehouse."""
        self._messages.write("debug", f"Loading {fixtures:,} fixtures.", fixtures=fixtures)
        if phase := self._phase("Fixtures"):
            self._bar.phases.append(_Phase("Loading", phase.total, phase.done))

    def committed(self, fixtures: int, total: int) -> None:
        """A chunk is in the warehouse."""
        del self._bar.phases[1:]
        if not self._messages.has_bars:
            self._messages.write(
                "info",
                f"{fixtures:,} of {total:,} fixtures committed.",
                asked=fixtures,
                due=total,
            )

    @contextmanager
    def _showing(self, phase: _Phase) -> Iterator[None]:
        """Shows the progress bar, on a terminal."""
        self._bar.phases = [phase]
        if not self._messages.has_bars:
            yield
            return
        # Several threads change what it shows.
        with Live(self._bar, console=self._console, transient=True, refresh_per_second=10):
            yield

    def _phase(self, name: str) -> _Phase | None:
        """The phase of this name, if it is under way."""
        return next((phase for phase in self._bar.phases if phase.name == name), None)

    def plan(self, plan: Plan) -> None:
        """What is due, by season and reason, and what it costs: said however little is said."""
        if self._messages.as_json:
            document = plan.to_dict()
            self._messages.write(
                "info", f"{plan.due:,} of {plan.known:,} fixtures are due.", **document
            )
            return
        if not plan.due:
            self.line(nothing_due(plan.known))
        else:
            self._console.print(due_table(plan))
        costs = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        costs.add_row("Fixtures due", f"{plan.due:,} of {plan.known:,}")
        costs.add_row("Calls for them", f"{plan.fixture_calls:,}")
        if plan.include_calls:
            costs.add_row("  for added includes", f"{plan.include_calls:,}")
        costs.add_row("One call per fixture", f"{plan.due:,}")
        if plan.max_calls is not None:
            costs.add_row("Calls allowed", f"{plan.max_calls:,} by --max-calls")
        if plan.quota:
            left = f"{plan.quota.remaining:,} of {plan.quota.limit:,} calls"
            if plan.quota.resets_in:
                left += f", resets in {duration(plan.quota.resets_in)}"
            costs.add_row("Quota left", left)
        if plan.due:
            costs.add_row("Time", f"about {duration(max(1, plan.seconds))}")
        costs.add_row("Calls spent on this", f"{plan.calls_spent:,}")
        self._console.print(costs)

    def call(self, call: ApiCall) -> None:
        """One request, from whatever thread."""
        ids = f"{call.ids_requested} ids, " if call.ids_requested else ""
        self._messages.write(
            "debug",
            f"{call.called_at.astimezone():%H:%M:%S} {call.endpoint}: {ids}"
            f"{call.rows_returned or 0} rows, status {call.status}, {call.seconds:.2f} s, "
            f"{call.bytes:,} bytes",
            **asdict(call),
        )
        with self._lock:
            self._bar.calls += 1
            self._bar.rows += call.rows_returned or 0

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

        Where rows are wider than the terminal, the text of the widest column is broken into lines.
        Where that leaves too little room for it, each row is a list with a line for each column.
        """
        titles = [plain(name) for name in names]
        shown = [
            [plain("" if value is None else str(value).expandtabs()) for value in row]
            for row in rows
        ]
        widths = [max(map(_width, column)) for column in zip(titles, *shown, strict=True)]
        spare = self._console.width - sum(widths) - _GAP * (len(widths) - 1)
        widest = max(range(len(widths)), key=widths.__getitem__, default=0)
        if spare >= 0 or widths[widest] + spare >= _READABLE:
            table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
            for number, title in enumerate(titles):
                values = [row[number] for row in rows]
                numeric = any(
                    isinstance(v, int | float) and not isinstance(v, bool) for v in values
                )
                is_broken = spare < 0 and number == widest
                table.add_column(
                    title,
                    justify="right" if numeric else "left",
                    no_wrap=not is_broken,
                    width=widths[number] + spare if is_broken else None,
                )
            for row in shown:
                table.add_row(*row)
            self._console.print(table)
        elif rows:
            table = Table.grid(padding=(0, _GAP, 0, 0))
            table.add_column(no_wrap=True)
            for row in shown:
                for title, value in zip(titles, row, strict=True):
                    table.add_row(title, value)
                table.add_row()
            self._console.print(table)
        else:
            self._console.print(Text(", ").join(titles))
        if not rows:
            self._console.print("0 rows", highlight=False)

    def summary(self, summary: Summary) -> None:
        """The closing table, and what to do next if something is left."""
        counts = summary.counts()
        if self._messages.has_tables:
            self._console.print(counts_table(counts))
        seconds = time.monotonic() - self._started
        self._messages.write(
            "info",
            f"Run {summary.run_id} {summary.outcome} in {seconds:.1f} s "
            f"into the {summary.warehouse}.",
            run_id=summary.run_id,
            outcome=summary.outcome,
            seconds=round(seconds, 3),
            **counts,
        )
        if held := counts["unconfirmed"]:
            self._messages.write(
                "warning",
                f"{held:,} {'fixtures are' if held > 1 else 'fixture is'} unconfirmed: an include "
                "is missing or became empty, and no second response confirms it. Stored rows stay, "
                "and the next run sends the request again.",
                held=held,
            )
        if summary.failed_ids:
            shown = ", ".join(map(str, summary.failed_ids[:20]))
            more = len(summary.failed_ids) - 20
            self._messages.write(
                "error",
                f"No answer for {len(summary.failed_ids):,} fixtures: {shown}"
                + (f" and {more:,} more" if more > 0 else "")
                + ". The same command takes them up again.",
                failed_ids=summary.failed_ids,
            )
        notes = summary.failure_notes.most_common()
        for note, fixtures in notes[:_NOTES_SHOWN]:
            self._messages.write(
                "error", f"{fixtures:,} failed: {note}", failed=fixtures, note=note
            )
        if others := notes[_NOTES_SHOWN:]:
            more = sum(fixtures for _, fixtures in others)
            self.error(f"{more:,} failed for {len(others):,} other reasons: see fixture_checks.")
        if summary.outcome in ("interrupted", "stopped"):
            self.line(
                "With --force, the same command begins anew."
                if "force" in summary.arguments
                else "The same command goes on where this run stopped."
            )


def _width(text: Text) -> int:
    """Columns of the terminal that a text takes."""
    return max(map(cell_len, text.plain.splitlines()), default=0)
