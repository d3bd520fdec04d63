"""What a run says: lines and a progress bar while it works, a table when it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from extract.run import Summary

_LABELS = {
    "asked": "Fixtures asked for",
    "stored": "  new or changed, stored",
    "unchanged": "  unchanged",
    "missing": "  not returned by the API",
    "held": "  suddenly empty, to be asked again",
    "failed": "  failed",
    "resumed": "Fetched by the run before",
    "left": "Left for the next run",
    "calls": "API calls",
    "calls_saved": "Calls saved by batches",
    "waited_seconds": "Seconds waited for the API",
}
# Shown even when they are zero.
_ALWAYS = {"asked", "stored", "unchanged", "failed", "calls", "calls_saved"}


class Reporter:
    """Tells a person what a run does.

    Args:
        console: where to; standard error when standard output carries JSON.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._started = time.monotonic()

    def line(self, text: str) -> None:
        """A line about what happens now."""
        self._console.print(escape(text), highlight=False, soft_wrap=True)

    def warning(self, text: str) -> None:
        """Something that went wrong and does not stop the run."""
        self._console.print(f"[yellow]Warning:[/] {escape(text)}", highlight=False, soft_wrap=True)

    def error(self, text: str) -> None:
        """Something that stops the run."""
        self._console.print(f"[red]Error:[/] {escape(text)}", highlight=False, soft_wrap=True)

    def waiting(self, entity: str, seconds: float) -> None:
        """Requests wait for the quota."""
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
        self.line(f"Waiting {seconds:.0f} s, until {until}, for the quota of {entity}.")

    @contextmanager
    def fetching(self, total: int) -> Iterator[None]:
        """A progress bar over the fixtures of a run, on a terminal."""
        if not total:
            self.line("No fixture to ask for.")
        if not total or not self._console.is_terminal:
            yield
            return
        self._progress = Progress(
            TextColumn("Fixtures"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._progress.add_task("fixtures", total=total)
        with self._progress:
            yield
        self._progress = None

    def fetched(self, fixtures: int) -> None:
        """Some more fixtures have an outcome."""
        if self._progress:
            self._progress.advance(self._progress.task_ids[0], fixtures)

    def committed(self, fixtures: int) -> None:
        """A chunk is in the warehouse."""
        if not self._console.is_terminal:
            self.line(f"{fixtures:,} fixtures committed.")

    def summary(self, summary: Summary) -> None:
        """The closing table, and what to do next if something is left."""
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(justify="right")
        for name, count in summary.counts().items():
            if count or name in _ALWAYS:
                shown = f"{count:,.1f}" if isinstance(count, float) else f"{count:,}"
                table.add_row(_LABELS[name], shown)
        self._console.print(table)
        seconds = time.monotonic() - self._started
        self.line(
            f"Run {summary.run_id} {summary.outcome} in {seconds:.1f} s "
            f"into the {summary.warehouse}."
        )
        if summary.failed_ids:
            shown = ", ".join(map(str, summary.failed_ids[:20]))
            more = len(summary.failed_ids) - 20
            self.error(
                f"No answer for {len(summary.failed_ids):,} fixtures: {shown}"
                + (f" and {more:,} more" if more > 0 else "")
                + ". The same command takes them up again."
            )
        if summary.outcome == "interrupted":
            self.line("The same command goes on where this run stopped.")
