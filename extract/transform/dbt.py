"""Runs dbt on the warehouse: builds the final tables, and generates their documentation."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click import Command
from click.core import ParameterSource
from dbt.artifacts.resources.types import NodeType
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import build, dbtRunner, dbtRunnerResult, docs_generate

from extract import interrupts
from extract.config.paths import dbt_options, dbt_target_dir
from extract.errors import TOKEN_VARIABLE, NothingExtractedError, UsageError
from extract.transform.changed import SELECTION, read_project
from extract.transform.progress_bar import BuildReporter
from extract.transform.threads import watched_threads
from extract.transform.up_to_date import (
    REDIRECTING,
    Check,
    find_last_build,
    note_checks,
    note_transform,
    read_checks,
    read_inputs,
)
from extract.warehouse.base import OnWait, Warehouse
from extract.warehouse.factory import open_warehouse
from extract.warehouse.publish import publish
from extract.warehouse.raw_tables import DUE, SCHEMAS
from extract.warehouse.spark import NAME as LAKE
from extract.warehouse.spark import spark_session
from extract.warehouse.target import is_duckdb, is_spark, published_path

# Where dbt finds the project, and where it writes.
PLACES = dbt_options()
# The `where` of tests that read only new fixtures: macros/quality/checks.sql.
_UNCHECKED = "__unchecked__"
_NEW_FIXTURES = re.compile(r" where fixture_id in \(select fixture_id from \S+unchecked_fixtures\)")
# Options of dbt that choose another project or another database.
_REFUSED = ("target", "profile", "profiles_dir", "project_dir")

# Retries of `dbt build` after the connection was lost. Each model replaces its rows in one
# transaction, so a retry is always safe.
_RETRIES = 2
_CONNECTION_LOST = re.compile(
    "server closed the connection|terminating connection|connection already closed|"
    "connection has been closed|database system is (starting|shutting)|"
    "connection to server.* failed: (Connection refused|No such file|timeout)|"
    # By macros/hooks/write_lock.sql.
    "write lock was lost"
)


@dataclass(frozen=True)
class BuildResult:
    """The result of a transform.

    Attributes:
        code: the exit code: 0, 1 if a model or a test failed, 2 if dbt could not start, 130 after
            Ctrl-C.
        failed: names of the models and tests that failed.
        checks: the tests that warn, with or without findings.
        has_wrong_arguments: whether dbt could not start because of the command's arguments.
    """

    code: int
    failed: list[str]
    checks: list[Check]
    has_wrong_arguments: bool = False


def transform(
    arguments: Sequence[str],
    reporter: BuildReporter,
    on_thread_failure: Callable[[BaseException], None],
    wait: bool = True,
) -> BuildResult:
    """Runs `dbt build`, again if the connection to the database was lost.

    With the setting `publish`, it then replaces the published copy of the final tables. On Spark,
    everything runs once, and nothing is noted about it in the lake.

    Args:
        arguments: further arguments for dbt.
        reporter: reports the progress and the result.
        on_thread_failure: called from a thread of dbt that an error ends. dbt waits for that thread
            and never returns, so this function must end the process.
        wait: whether to wait for another process that uses the warehouse.

    Raises:
        UsageError: there are no raw tables, or a variable, a setting or an argument is wrong.
        ExtractError: another process uses the warehouse, it cannot be reached, or the copy cannot
            be written.
    """
    _refuse_redirection(build, arguments)
    # Unit tests check the SQL on made-up rows; they say nothing about this warehouse.
    options = ["--exclude-resource-type", "unit_test", "--no-write-json"]
    # The user's arguments come last, and override the others.
    command = ["build", *PLACES, *options, *reporter.options, *arguments]
    with (
        interrupts.handling(lambda: interrupts.end_process(reporter.stopped)),
        watched_threads(on_thread_failure),
    ):
        if is_spark():
            return _transform_on_spark(command, reporter, wait)
        return _transform(command, arguments, reporter, wait)


def _transform_on_spark(command: Sequence[str], reporter: BuildReporter, wait: bool) -> BuildResult:
    """Runs the command of dbt in a session of Spark.

    There is no lock and no retry: a table is replaced in one commit of Delta, which refuses a
    commit that conflicts with another one.
    """
    with spark_for_dbt(reporter.line, wait), reporter.building():
        result = dbtRunner(callbacks=[reporter.event]).invoke(list(command))
    built = _build_result(result)
    reporter.summary(result, built.code, LAKE, built.checks, {})
    return built


def _transform(
    command: Sequence[str], arguments: Sequence[str], reporter: BuildReporter, wait: bool
) -> BuildResult:
    copy = published_path()
    with warehouse_for_dbt(reporter.line, wait) as warehouse:
        # Read before the write lock: rows that others load meanwhile make the next transform build.
        # With arguments, dbt may build less than everything.
        inputs = None if arguments else read_inputs(warehouse)
        is_full = _is_full_refresh(command)
        known = {check.name: check.found for check in read_checks(warehouse)}
        for retries_left in reversed(range(_RETRIES + 1)):
            with _write_lock(warehouse), reporter.building():
                last = find_last_build(warehouse, inputs) if inputs else None
                # None lets dbt read the project itself.
                project = read_project(warehouse, last.unchanged) if last and not is_full else None
                selection = SELECTION if project else []
                runner = dbtRunner(project, callbacks=[reporter.event])
                result = runner.invoke([*command, *selection])
                built_at = datetime.now(UTC)
                built = _build_result(result)
                ran_all = bool(inputs) and not project and built.code == 0
                note_checks(warehouse, _highest_counts(result, built.checks, known), ran_all)
                if copy and built.code == 0:
                    publish(warehouse, copy)
                # Last: without this note, the next transform builds, and publishes.
                if inputs and built.code == 0:
                    complete_at = last.complete_at if last and project else built_at
                    note_transform(warehouse, inputs, built_at, complete_at)
            if not retries_left or not _connection_lost(result):
                break
            reporter.line(f"The connection to the {warehouse.name} was lost: building again.")
            # Waits until the server is back.
            warehouse.query("select 1")
    published = copy if built.code == 0 else None
    reporter.summary(result, built.code, warehouse.name, built.checks, known, published)
    return built


def generate_docs(arguments: Sequence[str], on_wait: OnWait, wait: bool = True) -> tuple[int, Path]:
    """Runs `dbt docs generate`, which creates a site in one file.

    Args:
        arguments: further arguments for dbt.
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another process that uses the warehouse.

    Returns:
        The exit code, as in `BuildResult`, and the file.

    Raises:
        UsageError: there are no raw tables, or a variable or an argument is wrong.
        ExtractError: another process uses the warehouse, or it cannot be reached.
    """
    _refuse_redirection(docs_generate, arguments)
    with spark_for_dbt(on_wait, wait) if is_spark() else warehouse_for_dbt(on_wait, wait):
        result = dbtRunner().invoke(["docs", "generate", "--static", *PLACES, *arguments])
    return _exit_code(result), dbt_target_dir() / "static_index.html"


@contextmanager
def spark_for_dbt(on_wait: OnWait, wait: bool) -> Iterator[None]:
    """Starts the session of Spark that dbt then uses, and sets dbt's environment.

    Args:
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another session on this machine.

    Raises:
        UsageError: a package, Java, a variable or the lake is missing.
        ExtractError: another session uses the lake, or the cluster cannot be reached.
    """
    raw_tables = [*SCHEMAS, DUE]
    with (
        dbt_environment({"TARGET": "spark"}),
        spark_session(on_wait if wait else None, raw_tables),
    ):
        yield


@contextmanager
def write_lock_for_dbt(on_wait: OnWait) -> Iterator[None]:
    """Holds the write lock for a dbt that the caller runs as a process of its own, as Dagster does.

    During the block this process has the environment of `dbt_environment`.

    Args:
        on_wait: called with a line when waiting begins.

    Raises:
        UsageError: there are no raw tables, or a variable is wrong.
        ExtractError: another process uses the warehouse, or it cannot be reached.
    """
    with warehouse_for_dbt(on_wait, wait=True) as warehouse:
        if is_duckdb():
            # The file is the lock: dbt takes it when it opens the file.
            warehouse.close()
        with _write_lock(warehouse):
            yield


@contextmanager
def _write_lock(warehouse: Warehouse) -> Iterator[None]:
    """The write lock, and the variables by which dbt's sessions share it."""
    with warehouse.write_lock("transform"), dbt_environment(warehouse.dbt_environment()):
        yield


@contextmanager
def dbt_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets the variables by which dbt finds the warehouse, and removes those that redirect it.

    The API token is removed too, so that it cannot get into dbt's logs. When the block ends, all of
    them have their old values again.

    Args:
        variables: those that name the warehouse.
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
def warehouse_for_dbt(on_wait: OnWait, wait: bool) -> Iterator[Warehouse]:
    """Opens the warehouse, and sets the environment by which dbt finds it.

    Args:
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another process that uses the warehouse.

    Raises:
        UsageError: there are no raw tables, or a variable is wrong.
        ExtractError: another process uses the warehouse, or it cannot be reached.
    """
    with closing(open_warehouse(on_wait if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise NothingExtractedError(warehouse.name)
        try:
            with dbt_environment(warehouse.dbt_environment()):
                yield warehouse
        finally:
            _close_connections_of_dbt()


def _close_connections_of_dbt() -> None:
    """Closes the DuckDB file, which dbt would keep open until the process ends."""
    # Importing the adapter takes half a second, where dbt has not done so.
    if adapter := sys.modules.get("dbt.adapters.duckdb.connections"):
        adapter.DuckDBConnectionManager.close_all_connections()


def _refuse_redirection(command: Command, arguments: Sequence[str]) -> None:
    """Refuses arguments that choose another project or another database.

    Args:
        command: the command of dbt.
        arguments: its arguments.

    Raises:
        UsageError: one of the arguments is refused.
    """
    # Lenient: dbt reports all other mistakes.
    with command.make_context(command.name, list(arguments), resilient_parsing=True) as context:
        for name in _REFUSED:
            if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
                raise UsageError(
                    f"--{name.replace('_', '-')} cannot be given here: TARGET and the variables of "
                    "the database in .env.example choose where dbt builds."
                )


def _is_full_refresh(command: Sequence[str]) -> bool:
    """Whether arguments, or the variable `DBT_FULL_REFRESH`, ask for a full refresh."""
    with build.make_context("build", list(command[1:]), resilient_parsing=True) as context:
        return bool(context.params["full_refresh"])


def _build_result(result: dbtRunnerResult) -> BuildResult:
    nodes = _nodes(result)
    return BuildResult(
        _exit_code(result),
        [node.node.name for node in nodes if node.status in ("error", "fail")],
        [
            Check(
                node.node.name,
                node.failures or 0,
                is_ours=node.node.config.meta.get("concerns") == "job",
                description=" ".join(node.node.description.split()),
                sql=_query_of_all_fixtures(node.node),
            )
            for node in nodes
            if node.node.resource_type == NodeType.Test
            and node.node.config.severity.lower() == "warn"
            and node.status in ("pass", "warn")
        ],
        isinstance(result.exception, DbtUsageException),
    )


def _query_of_all_fixtures(node: Any) -> str:
    """The query of a test, without the restriction to new fixtures of `_UNCHECKED`."""
    # The person who runs the query may know the database by another name.
    sql = str(node.compiled_code or "").replace(f'"{node.database}".', "")
    return _NEW_FIXTURES.sub("", sql)


def _nodes(result: dbtRunnerResult) -> list[Any]:
    """The results of models and tests."""
    return list(result.result.results) if isinstance(result.result, RunExecutionResult) else []


def _highest_counts(
    result: dbtRunnerResult, checks: Sequence[Check], known: Mapping[str, int]
) -> list[Check]:
    """The counts that the next transform compares its own with.

    A test that reads only new fixtures keeps its highest count, because the number of new fixtures
    differs from one transform to the next.

    Args:
        result: the result of dbt.
        checks: the counts of this transform.
        known: the counts kept so far.
    """
    if getattr(result.result, "args", {}).get("full_refresh"):
        return list(checks)
    reads_new = {
        node.node.name
        for node in _nodes(result)
        if getattr(node.node.config, "where", None) == _UNCHECKED
    }
    return [
        replace(check, found=max(check.found, known.get(check.name, 0)))
        if check.name in reads_new
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
    messages = [str(result.exception), *(node.message or "" for node in _nodes(result))]
    return not result.success and any(map(_CONNECTION_LOST.search, messages))
