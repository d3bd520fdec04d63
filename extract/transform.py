"""Builds the final tables and their documentation with dbt, on the warehouse of the extractor."""

import io
import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.exceptions import DbtRuntimeError

from extract.build_reporter import BuildReporter
from extract.errors import (
    TOKEN_VARIABLE,
    ExtractError,
    NothingExtractedError,
    NothingTransformedError,
)
from extract.standing import PROJECT, note_transform, read_inputs
from extract.warehouse import OnWait, Warehouse, is_duckdb, open_warehouse

# Where dbt finds the project.
PLACES = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]

# How often dbt is asked to go on after the server went away. A model is one transaction that
# replaces rows by what they are computed from, so that a second try is always safe.
_RETRIES = 2
_CONNECTION_LOST = re.compile(
    "server closed the connection|terminating connection|connection already closed|"
    "connection has been closed|database system is (starting|shutting)|"
    "connection to server.* failed: (Connection refused|No such file|timeout)|"
    # By macros/write_lock.sql.
    "write lock was lost"
)


class _StoppedError(DbtRuntimeError, KeyboardInterrupt):
    """Ctrl-C. dbt cancels its queries, and prints no stack trace of what is an error of its own."""


def _stop(*_: object) -> None:
    raise _StoppedError("Stopped by Ctrl-C. The next transform goes on from here.")


@dataclass(frozen=True)
class Built:
    """What came of a transform.

    Attributes:
        code: the exit code: 0, 1 if a model or a test failed, 2 if dbt could not begin, 130 after
            Ctrl-C.
        failed: names of the models and tests that failed.
        warned: names of the tests that found something of little weight.
        has_wrong_arguments: whether dbt could not begin because of the command's arguments.
    """

    code: int
    failed: list[str]
    warned: list[str]
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


def transform(arguments: Sequence[str], reporter: BuildReporter, wait: bool = True) -> Built:
    """Runs `dbt build`, again if the connection to the database was lost.

    Args:
        arguments: more of them for dbt.
        reporter: told what happens.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Raises:
        UsageError: there is nothing to build from, or a variable is wrong.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    signal.signal(signal.SIGINT, _stop)
    with _warehouse_for_dbt(reporter.line, wait) as warehouse:
        # Unit tests prove the SQL on made-up rows; they say nothing about this warehouse.
        options = ["--exclude-resource-type", "unit_test", "--no-write-json"]
        # What a person gives comes last, and wins.
        command = ["build", *PLACES, *options, *reporter.options, *arguments]
        # Before our turn: what others load meanwhile only makes the next transform begin. With
        # arguments, it may build less than everything.
        inputs = None if arguments else read_inputs(warehouse)
        for retries_left in reversed(range(_RETRIES + 1)):
            with _write_lock(warehouse), reporter.building():
                result = dbtRunner(callbacks=[reporter.event]).invoke(command)
                built = _built(result)
                if inputs and built.code == 0:
                    note_transform(warehouse, inputs, built.warned)
            if not retries_left or not _connection_lost(result):
                break
            reporter.line(f"The connection to the {warehouse.name} was lost: building again.")
            # Comes back when the server does.
            warehouse.query("select 1")
    reporter.summary(result, built.code, warehouse.name)
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
        UsageError: there is nothing to describe, or a variable is wrong.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    signal.signal(signal.SIGINT, _stop)
    with _warehouse_for_dbt(on_wait, wait):
        result = dbtRunner().invoke(["docs", "generate", "--static", *PLACES, *arguments])
    folder = Path(os.environ.get("DBT_TARGET_PATH") or PROJECT / "target")
    return _exit_code(result), folder.resolve() / "static_index.html"


def find_failed_checks(on_wait: OnWait, wait: bool = True) -> list[FailedCheck]:
    """Runs the checks that look at all fixtures, and changes nothing.

    Those that look at what is new only, before others rely on it, ran with the transform.

    Args:
        on_wait: told who or what is waited for.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Raises:
        UsageError: there is nothing to check, or a variable is wrong.
        ExtractError: another process holds the warehouse, or it does not answer; or dbt failed.
    """
    # Half a second, which a transform into PostgreSQL need not wait for.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    signal.signal(signal.SIGINT, _stop)
    command = ["--quiet", "--no-write-json", "--no-use-colors", "test", *PLACES]
    every_fixture = ["--select", "config.severity:warn", "--exclude", "config.where:__unchecked__"]
    with _warehouse_for_dbt(on_wait, wait) as warehouse, warehouse.turn("transform"):
        if not warehouse.has_final_tables():
            raise NothingTransformedError(warehouse.name)
        said = io.StringIO()
        with redirect_stdout(said):
            result = dbtRunner().invoke([*command, *every_fixture])
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

    Meanwhile this process has the variables by which dbt finds the warehouse, and not the token.

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
    """The turn, and the variables by which dbt's sessions take part in it."""
    try:
        with warehouse.turn("transform"):
            os.environ.update(warehouse.dbt_environment())
            yield
    finally:
        os.environ.update(warehouse.dbt_environment())


@contextmanager
def _warehouse_for_dbt(on_wait: OnWait, wait: bool) -> Iterator[Warehouse]:
    """The warehouse, if it has tables, and the variables by which dbt finds it."""
    with closing(open_warehouse(on_wait if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise NothingExtractedError(warehouse.name)
        os.environ.update(warehouse.dbt_environment())
        # dbt needs no token, so none of its logs can hold one.
        os.environ.pop(TOKEN_VARIABLE, None)
        yield warehouse


def _built(result: dbtRunnerResult) -> Built:
    nodes = result.result.results if isinstance(result.result, RunExecutionResult) else []
    return Built(
        _exit_code(result),
        [node.node.name for node in nodes if node.status in ("error", "fail")],
        [node.node.name for node in nodes if node.status == "warn"],
        isinstance(result.exception, DbtUsageException),
    )


def _exit_code(result: dbtRunnerResult) -> int:
    if isinstance(result.exception, KeyboardInterrupt):
        return 130
    if result.exception and not _connection_lost(result):
        return 2
    return 0 if result.success else 1


def _connection_lost(result: dbtRunnerResult) -> bool:
    said = [str(result.exception)]
    if isinstance(result.result, RunExecutionResult):
        said += [node.message or "" for node in result.result.results]
    return not result.success and any(map(_CONNECTION_LOST.search, said))
