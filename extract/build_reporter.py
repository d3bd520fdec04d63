"""What a transform says: a bar while dbt builds, what went wrong, and what was built in the end."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from click.core import ParameterSource
from dbt.artifacts.resources.types import NodeType
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import build
from dbt.events.types import ConcurrencyLine, NodeFinished, NodeStart
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table

from extract.lines import plain
from extract.standing import describe_oddities

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult
    from dbt.cli.main import dbtRunnerResult
    from dbt_common.events.base_types import EventMsg

    from extract.standing import Check

# Options of dbt that say what it prints. Who gives one gets dbt's own lines.
_OPTIONS = ("quiet", "debug", "log_level", "log_format")
# What a project's own `log` and `print` say.
_OF_THE_PROJECT = {"JinjaLogInfo", "JinjaLogWarning", "PrintEvent"}
# How `log_test_failures` begins what it says of a check that warns.
_WARNING = re.compile(r"WARN (\S+): ")
# What is said otherwise. When dbt ends it says in full what went wrong with a model or a test, and
# `log_test_failures` what a test found; what broke dbt off stands in its result.
_LEFT_OUT = {
    "LogCancelLine",
    "LogModelResult",
    "LogTestResult",
    "MainEncounteredError",
    "RunResultWarning",
    "RunResultWarningMessage",
}
_STYLES = {"warn": "yellow", "error": "red"}
# Columns of a terminal on which the whole bar has room.
_WIDE = 80
# In the order of the closing table.
_LABELS = (
    "Tables built",
    "Views built",
    "Failed",
    "Skipped",
    "Checks passed",
    "  warned",
    "  failed",
    "  skipped",
)
# Shown even when they are zero.
_ALWAYS = {"Tables built", "Views built", "Checks passed", "  warned", "  failed"}


class BuildReporter:
    """Tells a person what dbt does.

    Args:
        console: where to.
        arguments: for dbt. Where they say how dbt prints, it prints by itself.
        verbose: whether dbt prints all its lines.
    """

    def __init__(self, console: Console, arguments: Sequence[str], verbose: bool = False) -> None:
        self._console = console
        self._is_ours = not verbose and not _speaks_for_itself(arguments)
        self._progress: Progress | None = None
        self._running: list[str] = []
        # What `log_test_failures` said of each check that warns.
        self._findings: dict[str, str] = {}
        self._said_error = False
        self._is_over = False
        self._started = time.monotonic()

    @property
    def options(self) -> list[str]:
        """Options by which dbt leaves the console to us, or the colours out."""
        if self._is_ours:
            return ["--log-level", "none", "--no-use-colors"]
        has_colours = self._console.is_terminal and not self._console.no_color
        return [] if has_colours else ["--no-use-colors"]

    def line(self, text: str, style: str = "") -> None:
        """A line, wrapped on a terminal and whole in a file."""
        if self._is_over:
            return
        self._console.print(plain(text, style), soft_wrap=not self._console.is_terminal)

    def event(self, event: EventMsg) -> None:
        """Something that happens in dbt, in whatever thread."""
        info: Any = event.info  # its message is missing in dbt's types
        self._said_error = self._said_error or info.level == "error"
        if not self._is_ours:
            return
        if self._progress:
            self._move(self._progress, event)
        if info.name in _OF_THE_PROJECT and (warning := _WARNING.match(info.msg)):
            self._findings[warning[1]] = info.msg
            return
        is_wrong = info.level in _STYLES and info.name not in _LEFT_OUT
        if (is_wrong or info.name in _OF_THE_PROJECT) and info.msg.strip():
            self.line(info.msg.rstrip(), _STYLES.get(info.level, ""))

    @contextmanager
    def building(self) -> Iterator[None]:
        """A bar over models and tests, on a terminal."""
        if not self._is_ours or not self._console.is_interactive:
            yield
            return
        spinner = "dots" if self._console.encoding.startswith("utf") else "line"
        columns: tuple[ProgressColumn, ...] = (SpinnerColumn(spinner), MofNCompleteColumn())
        if self._console.width >= _WIDE:
            columns = (*columns, BarColumn(bar_width=20))
        # What runs has the room that is left, and is cut to it.
        room = Column(ratio=1, no_wrap=True)
        now = TextColumn("{task.description}", markup=False, table_column=room)
        columns = (*columns, TimeElapsedColumn(), now)
        self._progress = Progress(*columns, console=self._console, transient=True, expand=True)
        self._progress.add_task("Reading the project", total=None)
        try:
            with self._progress:
                yield
        finally:
            self._progress = None

    def stopped(self) -> None:
        """The last line after Ctrl-C, while dbt goes on in other threads."""
        self._end("Stopped by Ctrl-C: the same command goes on from here.")

    def lost(self, error: BaseException) -> None:
        """The last line when dbt cannot go on, and does not know it."""
        self._end(
            f"Error: dbt cannot go on, for one of its threads ended with {_describe(error)}. The "
            "transform failed; the next one builds what is left.",
            "red",
        )

    def summary(
        self,
        result: dbtRunnerResult,
        code: int,
        warehouse: str,
        checks: Sequence[Check],
        known: Mapping[str, int],
    ) -> None:
        """What broke dbt off, if something did, what checks found, and the closing table.

        Args:
            result: of dbt.
            code: the exit code.
            warehouse: where the tables are.
            checks: those that warn.
            known: how much each of them found in the transform before, as far as it was made.
        """
        if self._is_over:
            return
        # Of an option that does not exist, dbt itself says nothing.
        if result.exception and (self._is_ours or not self._said_error):
            self.line(f"Error: {_describe(result.exception)}", "red")
        if not self._is_ours:
            return
        self._say_warnings(checks, known)
        ran = result.result if isinstance(result.result, RunExecutionResult) else None
        counts = Counter(map(_outcome, ran.results)) if ran else Counter()
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(justify="right")
        for label in _LABELS if ran else ():
            if counts[label] or label in _ALWAYS:
                table.add_row(label, f"{counts[label]:,}")
        if table.row_count:
            self._console.print(table)
        seconds = time.monotonic() - self._started
        outcome = "failed" if code else "completed"
        self.line(f"Transform {outcome} in {seconds:.1f} s in the {warehouse}.")

    def _say_warnings(self, checks: Sequence[Check], known: Mapping[str, int]) -> None:
        """What is new or about this job with its rows, and a count of everything else."""
        oddities = []
        for check in checks:
            has_risen = check.found > known.get(check.name, check.found)
            if check.found and (check.is_ours or has_risen):
                self.line(
                    self._findings.get(check.name, f"WARN {check.name}: {check.found} found.")
                )
            elif check.found:
                oddities.append(check)
        if oddities:
            self.line(f"{describe_oddities(oddities)}.")

    def _end(self, text: str, style: str = "") -> None:
        """A line after which nothing else is printed."""
        if progress := self._progress:
            progress.stop()
        self.line(text, style)
        self._is_over = True

    def _move(self, progress: Progress, event: EventMsg) -> None:
        """Moves the bar."""
        task, name = progress.task_ids[0], event.info.name
        if name == ConcurrencyLine.__name__:
            # Again from the start, if the connection was lost.
            self._running.clear()
            progress.update(task, total=event.data.node_count, completed=0)
        elif name == NodeStart.__name__:
            self._running.append(event.data.node_info.node_name)
        elif name == NodeFinished.__name__:
            # What is skipped never started.
            self._running = [n for n in self._running if n != event.data.node_info.node_name]
            progress.advance(task)
        else:
            return
        progress.update(task, description=", ".join(self._running))


def _speaks_for_itself(arguments: Sequence[str]) -> bool:
    """Whether arguments, or variables such as `DBT_LOG_FORMAT`, say how dbt prints."""
    # Lenient: what is wrong in them dbt will say.
    with build.make_context("build", list(arguments), resilient_parsing=True) as context:
        given = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
        return any(context.get_parameter_source(option) in given for option in _OPTIONS)


def _describe(error: BaseException) -> str:
    """An error's text, or its kind if it has none, as a MemoryError."""
    return str(error) or type(error).__name__


def _outcome(result: RunResult) -> str | None:
    """The label under which a model or a test counts, None for what is neither."""
    node = result.node
    if node.resource_type == NodeType.Test:
        checked = {"pass": "Checks passed", "warn": "  warned", "skipped": "  skipped"}
        return checked.get(result.status, "  failed")
    if node.resource_type != NodeType.Model:
        return None
    built = "Views built" if node.config.materialized == "view" else "Tables built"
    return {"success": built, "skipped": "Skipped"}.get(result.status, "Failed")
