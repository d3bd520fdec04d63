"""Builds the final tables and their documentation with dbt, on the warehouse of the extractor."""

import io
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dbt.task.runnable
from click import Command
from click.core import ParameterSource
from dbt.artifacts.resources.types import NodeType
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import build, dbtRunner, dbtRunnerResult, docs_generate
from dbt.graph.thread_pool import DbtThreadPool

from extract import interrupts
from extract.build_reporter import BuildReporter
from extract.errors import (
    TOKEN_VARIABLE,
    ExtractError,
    NothingExtractedError,
    NothingTransformedError,
    UsageError,
)
from extract.standing import (
    PROJECT,
    REDIRECTING,
    Check,
    note_checks,
    note_transform,
    read_checks,
    read_inputs,
)
from extract.warehouse import OnWait, Warehouse, is_duckdb, open_warehouse

# Where dbt finds the project.
PLACES = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
# The `where` of checks that look only at what is new.
_UNCHECKED = "__unchecked__"
# Options of dbt that would lead it to another project or another database.
_REFUSED = ("target", "profile", "profiles_dir", "project_dir")

# How often dbt is asked to go on after the server went away. A model is one transaction that
# replaces rows by what they are computed from, so that a second try is always safe.
_RETRIES = 2
_CONNECTION_LOST = re.compile(
    "server closed the connection|terminating connection|connection already closed|"
    "connection has been closed|database system is (starting|shutting)|"
    "connection to server.* failed: (Connection refused|No such file|timeout)|"
    # By macros/hooks/write_lock.sql.
    "write lock was lost"
)


@dataclass(frozen=True)
class Built:
    """What came of a transform.

    Attributes:
        code: the exit code: 0, 1 if a model or a test failed, 2 if dbt could not begin, 130 after
            Ctrl-C.
        failed: names of the models and tests that failed.
        checks: those tests that warn, whatever they found.
        has_wrong_arguments: whether dbt could not begin because of the command's arguments.
    """

    code: int
    failed: list[str]
    checks: list[Check]
    has_wrong_arguments: bool = False


@dataclass(frozen=True)
class FailedCheck:
    """A check that found something.

    Attributes:
        name: the dbt test's.
        description: what it wants.
        found: how many rows it found.
        sql: the query that finds them.
    """

    name: str
    description: str
    found: int
    sql: str


def transform(
    arguments: Sequence[str],
    reporter: BuildReporter,
    on_lost: Callable[[BaseException], None],
    wait: bool = True,
) -> Built:
    """Runs `dbt build`, again if the connection to the database was lost.

    Args:
        arguments: more of them for dbt.
        reporter: told what happens.
        on_lost: called from a thread of dbt that an error ends. dbt waits for it and never returns,
            so that this has to end the process.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Raises:
        UsageError: there is nothing to build from, or a variable or an argument is wrong.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    _refuse_redirection(build, arguments)
    with (
        interrupts.handling(lambda: interrupts.end_process(reporter.stopped)),
        _watched_threads(on_lost),
        _warehouse_for_dbt(reporter.line, wait) as warehouse,
    ):
        # Unit tests prove the SQL on made-up rows; they say nothing about this warehouse.
        options = ["--exclude-resource-type", "unit_test", "--no-write-json"]
        # What a person gives comes last, and wins.
        command = ["build", *PLACES, *options, *reporter.options, *arguments]
        # Before our turn: what others load meanwhile only makes the next transform begin. With
        # arguments, it may build less than everything.
        inputs = None if arguments else read_inputs(warehouse)
        known = {check.name: check.found for check in read_checks(warehouse)}
        for retries_left in reversed(range(_RETRIES + 1)):
            with _write_lock(warehouse), reporter.building():
                result = dbtRunner(callbacks=[reporter.event]).invoke(command)
                built = _built(result)
                note_checks(warehouse, _to_be_kept(result, built.checks, known))
                if inputs and built.code == 0:
                    note_transform(warehouse, inputs)
            if not retries_left or not _connection_lost(result):
                break
            reporter.line(f"The connection to the {warehouse.name} was lost: building again.")
            # Comes back when the server does.
            warehouse.query("select 1")
    reporter.summary(result, built.code, warehouse.name, built.checks, known)
    return built


def document(arguments: Sequence[str], on_wait: OnWait, wait: bool = True) -> tuple[int, Path]:
    """Runs `dbt docs generate`, which makes a site in one file.

    Args:
        arguments: more of them for dbt.
        on_wait: told who or what is waited for.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Returns:
        The exit code, as in `Built`, and the file.

    Raises:
        UsageError: there is nothing to describe, or a variable or an argument is wrong.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    _refuse_redirection(docs_generate, arguments)
    with _warehouse_for_dbt(on_wait, wait):
        result = dbtRunner().invoke(["docs", "generate", "--static", *PLACES, *arguments])
    folder = Path(os.environ.get("DBT_TARGET_PATH") or PROJECT / "target")
    return _exit_code(result), folder.resolve() / "static_index.html"


def find_failed_checks(on_wait: OnWait, wait: bool = True) -> list[FailedCheck]:
    """Runs the checks that warn, on all fixtures, and changes nothing.

    Args:
        on_wait: told who or what is waited for.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Raises:
        UsageError: there is nothing to check, or a variable is wrong.
        ExtractError: another process holds the warehouse, or it does not answer; or dbt failed.
    """
    # Half a second, which a transform into PostgreSQL need not wait for.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    command = ["--quiet", "--no-write-json", "--no-use-colors", "test", *PLACES]
    warning = ["--select", "config.severity:warn"]
    with _warehouse_for_dbt(on_wait, wait) as warehouse, warehouse.turn("transform"):
        if not warehouse.has_final_tables():
            raise NothingTransformedError(warehouse.name)
        said = io.StringIO()
        with redirect_stdout(said):
            result = dbtRunner().invoke([*command, *warning])
    # In this process dbt would keep the file open, so that nobody could read it.
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not isinstance(result.result, RunExecutionResult):
        raise ExtractError(f"dbt failed: {result.exception or said.getvalue()}")
    broken = [each for each in result.result.results if each.status == "error"]
    if broken:
        raise ExtractError(
            f"The check {broken[0].node.name} cannot run: `make transform` says why, or mends it."
        )
    return [
        FailedCheck(
            each.node.name,
            " ".join(each.node.description.split()),
            each.failures or 0,
            # Who runs it may know the database by another name.
            str(getattr(each.node, "compiled_code", "")).replace(f'"{each.node.database}".', ""),
        )
        for each in result.result.results
        if each.status in ("warn", "fail")
    ]


@contextmanager
def turn_for_dbt(on_wait: OnWait) -> Iterator[None]:
    """The warehouse's turn, for a dbt that is run by somebody else as a process of its own.

    Meanwhile this process has the environment of `dbt_environment`.

    Args:
        on_wait: told who or what is waited for.

    Raises:
        UsageError: there is nothing to build from, or a variable is wrong.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    with _warehouse_for_dbt(on_wait, wait=True) as warehouse:
        if is_duckdb():
            # Who opens the file has the turn.
            warehouse.close()
        with _write_lock(warehouse):
            yield


@contextmanager
def _write_lock(warehouse: Warehouse) -> Iterator[None]:
    """The write lock, and the variables by which dbt's sessions share it."""
    with warehouse.turn("transform"), dbt_environment(warehouse.dbt_environment()):
        yield


@contextmanager
def dbt_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets the variables by which dbt finds the warehouse, and takes away those that mislead it.

    The API token is taken away too: dbt needs none, so that none of its logs can hold it. When the
    block ends, all of them are what they were before.

    Args:
        variables: those that lead to the warehouse.
    """
    changed = {**dict.fromkeys([*REDIRECTING, TOKEN_VARIABLE]), **variables}
    before = {name: os.environ.get(name) for name in changed}
    _set_variables(changed)
    try:
        yield
    finally:
        _set_variables(before)


def _set_variables(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def _warehouse_for_dbt(on_wait: OnWait, wait: bool) -> Iterator[Warehouse]:
    """The warehouse, if it has tables, and the environment by which dbt finds it."""
    with closing(open_warehouse(on_wait if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise NothingExtractedError(warehouse.name)
        with dbt_environment(warehouse.dbt_environment()):
            yield warehouse


def _refuse_redirection(command: Command, arguments: Sequence[str]) -> None:
    """Refuses arguments that would lead dbt elsewhere: it would not be the job's database.

    Args:
        command: of dbt, which knows its options.
        arguments: for it.

    Raises:
        UsageError: one of the arguments does.
    """
    # Lenient: what else is wrong in them dbt will say.
    with command.make_context(command.name, list(arguments), resilient_parsing=True) as context:
        for name in _REFUSED:
            if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
                raise UsageError(
                    f"--{name.replace('_', '-')} cannot be given here: TARGET and the variables of "
                    "the database in .env.example choose where dbt builds."
                )


@contextmanager
def _watched_threads(on_lost: Callable[[BaseException], None]) -> Iterator[None]:
    """Has an error that ends one of dbt's threads noticed.

    An error of a model ends the model. One beside it, mostly a MemoryError, ends the thread, and
    dbt waits for ever for what that thread was to do.

    Args:
        on_lost: called in the thread, with the error.
    """

    class WatchedPool(DbtThreadPool):
        def apply_async(
            self, func: Any, args: Any = (), kwds: Any = None, callback: Any = None, *_: Any
        ) -> Any:
            def call_back(result: Any) -> None:
                try:
                    callback(result)
                except BaseException as error:
                    on_lost(error)

            return super().apply_async(func, args, kwds or {}, call_back, on_lost)

    def on_end_of_thread(ended: threading.ExceptHookArgs) -> None:
        if isinstance(ended.exc_value, MemoryError):
            on_lost(ended.exc_value)
        hook(ended)

    hook = threading.excepthook
    threading.excepthook = on_end_of_thread
    dbt.task.runnable.DbtThreadPool = WatchedPool  # type: ignore[attr-defined]
    try:
        yield
    finally:
        dbt.task.runnable.DbtThreadPool = DbtThreadPool  # type: ignore[attr-defined]
        threading.excepthook = hook


def _built(result: dbtRunnerResult) -> Built:
    nodes = _nodes(result)
    return Built(
        _exit_code(result),
        [node.node.name for node in nodes if node.status in ("error", "fail")],
        [
            Check(
                node.node.name,
                node.failures or 0,
                is_ours=node.node.config.meta.get("concerns") == "job",
            )
            for node in nodes
            if node.node.resource_type == NodeType.Test
            and node.node.config.severity.lower() == "warn"
            and node.status in ("pass", "warn")
        ],
        isinstance(result.exception, DbtUsageException),
    )


def _nodes(result: dbtRunnerResult) -> list[Any]:
    """What became of each model and test."""
    return list(result.result.results) if isinstance(result.result, RunExecutionResult) else []


def _to_be_kept(
    result: dbtRunnerResult, checks: Sequence[Check], known: Mapping[str, int]
) -> list[Check]:
    """What the next transform compares with.

    Of a check that looks only at what is new, it is the most that it has found so far: how much is
    new differs from one transform to the next.

    Args:
        result: of dbt.
        checks: what was found now.
        known: what was kept of each check until now.
    """
    if getattr(result.result, "args", {}).get("full_refresh"):
        return list(checks)
    looks_at_new = {
        node.node.name
        for node in _nodes(result)
        if getattr(node.node.config, "where", None) == _UNCHECKED
    }
    return [
        replace(check, found=max(check.found, known.get(check.name, 0)))
        if check.name in looks_at_new
        else check
        for check in checks
    ]


def _exit_code(result: dbtRunnerResult) -> int:
    if isinstance(result.exception, KeyboardInterrupt):
        return interrupts.EXIT_CODE
    if isinstance(result.exception, MemoryError):
        return 1
    if result.exception and not _connection_lost(result):
        return 2
    return 0 if result.success else 1


def _connection_lost(result: dbtRunnerResult) -> bool:
    said = [str(result.exception), *(node.message or "" for node in _nodes(result))]
    return not result.success and any(map(_CONNECTION_LOST.search, said))
