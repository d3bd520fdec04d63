"""The progress of a run on the command line: lines and a progress bar."""

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from extract.cli.messages import Messages, nothing_due
from extract.progress import Eta

# Smallest width of a progress bar, in columns.
_NARROWEST_BAR = 10
# The phase that makes no calls.
_LAKE = "Lake"


@dataclass
class _Phase:
    """One phase of a run. Times are on the monotonic clock.

    Attributes:
        name: such as `Fixtures` or `Types`.
        total: number of items, None if that is unknown.
        done: number of items that are done.
        began: when it began.
        ends: when it is expected to end, None while that is unknown.
    """

    name: str
    total: int | None = None
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    ends: float | None = None


class _Bar:
    """The progress bar: phase, bar, count, calls, quota and time in one line.

    On a narrow terminal, first the gaps shrink, then the quota and the calls are left out.

    Attributes:
        phases: the phases that are running; the last one is shown.
        calls: API calls made so far.
        rows: rows that they returned.
        quota_left: calls left for fixtures, None before the first response.
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
        optional = calls = self._calls(phase)
        necessary = [phase.name, *self._counts(phase), *self._times(phase)]
        # From the widest layout to the narrowest.
        for gap, optional in ((2, calls), (1, calls), (1, calls[:1]), (1, [])):
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
        if phase.name == _LAKE:
            return []
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


class ConsoleProgress:
    """Shows the progress of a run: lines, and a progress bar on a terminal.

    Implements `extract.progress.Progress`.

    Args:
        messages: where lines are written.
    """

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._bar = _Bar()
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """Writes a line about the current step."""
        self._messages.write("info", text)

    def warning(self, text: str) -> None:
        """Writes a line about a problem that does not stop the run."""
        self._messages.write("warning", text)

    def error(self, text: str) -> None:
        """Writes a line about a problem that stops the run or leaves it incomplete."""
        self._messages.write("error", text)

    def waiting(self, entity: str, seconds: float) -> None:
        """Shows until when requests wait for the quota. Several threads report the same wait."""
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
        """Warns that fewer requests are in flight from now on."""
        self._messages.write(
            "warning",
            f"The API rejects requests although calls are left. From now on, at most {requests} "
            "run at the same time.",
            requests=requests,
        )

    def request_finished(self, text: str, rows: int, fields: Mapping[str, Any]) -> None:
        """Counts a request, and writes its line at the level `debug`."""
        self._messages.write("debug", text, **fields)
        with self._lock:
            self._bar.calls += 1
            self._bar.rows += rows

    @contextmanager
    def working(self, phase: str, text: str) -> Iterator[None]:
        """Shows a phase of unknown length.

        Args:
            phase: its name in the progress bar.
            text: its line.
        """
        self.line(text)
        with self._showing(_Phase(phase)):
            yield

    @contextmanager
    def fetching(self, total: int, known: int) -> Iterator[None]:
        """Shows a progress bar over the fixtures of a run, on a terminal."""
        if not total:
            self.line(nothing_due(known))
            yield
            return
        with self._showing(_Phase("Fixtures", total)):
            yield

    def fetched(self, fixtures: int, eta: Eta) -> None:
        """Moves the progress bar on."""
        self._bar.quota_left = eta.calls_left
        if phase := self._phase("Fixtures"):
            phase.done += fixtures
            phase.ends = time.monotonic() + eta.seconds

    def looking_up_types(self, left: int) -> None:
        """Shows a phase for types that are requested one by one.

        Args:
            left: types that still have to be requested.
        """
        phase = self._phase("Types")
        if phase is None and left:
            self.line(f"Requesting {left:,} type(s) that the API does not list.")
            self._bar.phases.append(_Phase("Types", left))
        elif phase and left:
            phase.done = (phase.total or 0) - left
        elif phase:
            self._bar.phases.remove(phase)

    def loading(self, fixtures: int) -> None:
        """Shows that a chunk is being loaded."""
        self._messages.write("debug", f"Loading {fixtures:,} fixtures.", fixtures=fixtures)
        if phase := self._phase("Fixtures"):
            self._bar.phases.append(_Phase("Loading", phase.total, phase.done))

    def committed(self, fixtures: int, total: int) -> None:
        """Shows that a chunk is committed."""
        del self._bar.phases[1:]
        if not self._messages.shows_progress:
            self._messages.write(
                "info",
                f"{fixtures:,} of {total:,} fixtures committed.",
                requested=fixtures,
                due=total,
            )

    @contextmanager
    def copying(self, text: str) -> Iterator[None]:
        """Shows the phase in which rows are copied to the lake."""
        self._messages.write("debug", text)
        with self._showing(_Phase(_LAKE)):
            yield

    def copied(self, rows: int, total: int | None) -> None:
        """Moves the progress bar on."""
        if phase := self._phase(_LAKE):
            phase.done = rows
            phase.total = phase.total if total is None else total

    @contextmanager
    def _showing(self, phase: _Phase) -> Iterator[None]:
        self._bar.phases = [phase]
        if not self._messages.shows_progress:
            yield
            return
        console = self._messages.console
        with Live(self._bar, console=console, transient=True, refresh_per_second=10):
            yield

    def _phase(self, name: str) -> _Phase | None:
        """The phase of this name, if it is running."""
        return next((phase for phase in self._bar.phases if phase.name == name), None)
