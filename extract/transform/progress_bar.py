"""The output of a transform: a progress bar, errors and warnings, and a closing table."""

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

from extract.text import plain
from extract.transform.up_to_date import describe_provider_problems

if TYPE_CHECKING:
    from pathlib import Path

    from dbt.artifacts.schemas.run import RunResult
    from dbt.cli.main import dbtRunnerResult
    from dbt_common.events.base_types import EventMsg

    from extract.transform.up_to_date import Check


# Options that control what dbt prints. With one of them, dbt prints its own lines.
_OPTIONS = ("quiet", "debug", "log_level", "log_format")
# Events of `log` and `print` in the project's macros.
_OF_THE_PROJECT = {"JinjaLogInfo", "JinjaLogWarning", "PrintEvent"}
# The beginning of a message of `log_test_failures` about a check that warns.
_WARNING = re.compile(r"WARN (\S+): ")
# Events whose content is printed elsewhere: dbt repeats errors of models and tests in full when it
# ends, `log_test_failures` reports findings, and the result has the error that ended dbt.
_LEFT_OUT = {
    "LogCancelLine",
    "LogModelResult",
    "LogTestResult",
    "MainEncounteredError",
    "RunResultWarning",
    "RunResultWarningMessage",
}
_STYLES = {"warn": "yellow", "error": "red"}
# Columns that the whole bar needs.
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
    """Prints what dbt does.

    Args:
        console: the output.
        arguments: arguments for dbt. With one that controls its output, dbt prints its own lines.
        verbose: whether dbt prints all its lines.
        quiet: whether dbt prints only warnings and errors.
    """

    def __init__(
        self,
        console: Console,
        arguments: Sequence[str],
        verbose: bool = False,
        quiet: bool = False,
    ) -> None:
        self._console = console
        self._is_quiet = quiet
        self._is_ours = not verbose and not quiet and not _controls_output(arguments)
        self._progress: Progress | None = None
        self._running: list[str] = []
        # Messages of `log_test_failures`, by name of the check.
        self._findings: dict[str, str] = {}
        self._printed_error = False
        self._is_over = False
        self._started = time.monotonic()

    @property
    def options(self) -> list[str]:
        """Options for dbt: print nothing, or print without colours."""
        if self._is_ours:
            return ["--log-level", "none", "--no-use-colors"]
        has_colours = self._console.is_terminal and not self._console.no_color
        quiet = ["--quiet"] if self._is_quiet else []
        return quiet if has_colours else [*quiet, "--no-use-colors"]

    def line(self, text: str, style: str = "") -> None:
        """Prints a line, wrapped only on a terminal."""
        if self._is_over:
            return
        self._console.print(plain(text, style), soft_wrap=not self._console.is_terminal)

    def event(self, event: EventMsg) -> None:
        """Handles an event of dbt, in any thread."""
        info: Any = event.info  # its message is missing in dbt's types
        self._printed_error = self._printed_error or info.level == "error"
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
        """Shows a progress bar over models and tests, on a terminal."""
        if not self._is_ours or not self._console.is_interactive:
            yield
            return
        spinner = "dots" if self._console.encoding.startswith("utf") else "line"
        columns: tuple[ProgressColumn, ...] = (SpinnerColumn(spinner), MofNCompleteColumn())
        if self._console.width >= _WIDE:
            columns = (*columns, BarColumn(bar_width=20))
        # The names of running models and tests, cut to the space that is left.
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
        """Prints the last line after Ctrl-C, while dbt still runs in other threads."""
        self._end("Stopped by Ctrl-C: the same command goes on from here.")

    def thread_failed(self, error: BaseException) -> None:
        """Prints the last line when a thread of dbt has ended: dbt would wait for it for ever."""
        self._end(
            f"Error: dbt cannot go on, because one of its threads ended with {_describe(error)}. "
            "The transform failed; the next one builds what is left.",
            "red",
        )

    def summary(
        self,
        result: dbtRunnerResult,
        code: int,
        warehouse: str,
        checks: Sequence[Check],
        known: Mapping[str, int],
        copy: Path | None = None,
    ) -> None:
        """Prints the error that ended dbt, if any, the findings of checks, and the closing table.

        Args:
            result: the result of dbt.
            code: the exit code.
            warehouse: the name of the warehouse.
            checks: the checks that warn.
            known: their counts in the previous transform, by name.
            copy: the published copy, None if none was written.
        """
        if self._is_over:
            return
        # dbt itself prints nothing about an unknown option.
        if result.exception and (self._is_ours or not self._printed_error):
            self.line(f"Error: {_describe(result.exception)}", "red")
        if not self._is_ours:
            return
        self._print_warnings(checks, known)
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
        if copy:
            self.line(f"The copy for readers is {copy}.")

    def _print_warnings(self, checks: Sequence[Check], known: Mapping[str, int]) -> None:
        """Prints findings that are new or about this job with rows, and the number of others."""
        problems = []
        for check in checks:
            has_risen = check.found > known.get(check.name, check.found)
            if check.found and (check.is_ours or has_risen):
                self.line(
                    self._findings.get(check.name, f"WARN {check.name}: {check.found} found.")
                )
            elif check.found:
                problems.append(check)
        if problems:
            self.line(f"{describe_provider_problems(problems)}.")

    def _end(self, text: str, style: str = "") -> None:
        """Prints a line, and nothing after it."""
        if progress := self._progress:
            progress.stop()
        self.line(text, style)
        self._is_over = True

    def _move(self, progress: Progress, event: EventMsg) -> None:
        """Moves the bar."""
        task, name = progress.task_ids[0], event.info.name
        if name == ConcurrencyLine.__name__:
            # dbt starts again after the connection was lost.
            self._running.clear()
            progress.update(task, total=event.data.node_count, completed=0)
        elif name == NodeStart.__name__:
            self._running.append(event.data.node_info.node_name)
        elif name == NodeFinished.__name__:
            # A skipped model or test has no start.
            self._running = [n for n in self._running if n != event.data.node_info.node_name]
            progress.advance(task)
        else:
            return
        progress.update(task, description=", ".join(self._running))


def _controls_output(arguments: Sequence[str]) -> bool:
    """Whether arguments, or variables such as `DBT_LOG_FORMAT`, control what dbt prints."""
    # Lenient: dbt reports mistakes in them.
    with build.make_context("build", list(arguments), resilient_parsing=True) as context:
        given = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
        return any(context.get_parameter_source(option) in given for option in _OPTIONS)


def _describe(error: BaseException) -> str:
    """The text of an error, or its type if it has none, as a MemoryError."""
    return str(error) or type(error).__name__


def _outcome(result: RunResult) -> str | None:
    """The label that counts a model or a test; None for other nodes."""
    node = result.node
    if node.resource_type == NodeType.Test:
        checked = {"pass": "Checks passed", "warn": "  warned", "skipped": "  skipped"}
        return checked.get(result.status, "  failed")
    if node.resource_type != NodeType.Model:
        return None
    built = "Views built" if node.config.materialized == "view" else "Tables built"
    return {"success": built, "skipped": "Skipped"}.get(result.status, "Failed")
