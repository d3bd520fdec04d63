"""Runs the dbt tests that warn, for the report."""

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner

from extract.config.paths import dbt_target_dir
from extract.errors import ExtractError, NothingTransformedError, command_line
from extract.transform.dbt import PLACES, dbt_environment, warehouse_for_dbt
from extract.warehouse.base import OnWait
from extract.warehouse.query import Rows

_OPTIONS = ["--quiet", "--no-write-json", "--no-use-colors"]
_WARNING = ["--select", "config.severity:warn"]


@dataclass(frozen=True)
class FailedCheck:
    """A dbt test that found rows.

    Attributes:
        name: name of the test.
        description: what the test requires.
        found: number of rows that it found.
        sql: the query that finds them.
    """

    name: str
    description: str
    found: int
    sql: str


def find_failed_checks(on_wait: OnWait, wait: bool = True) -> list[FailedCheck]:
    """Runs the tests that warn, on all fixtures in the warehouse.

    Args:
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another process that uses the warehouse.

    Raises:
        UsageError: there are no tables yet, or a variable is wrong.
        ExtractError: another process uses the warehouse, it cannot be reached, or dbt failed.
    """
    with warehouse_for_dbt(on_wait, wait) as warehouse, warehouse.write_lock("transform"):
        if not warehouse.has_final_tables():
            raise NothingTransformedError(warehouse.name)
        results = _run_dbt(["test", *PLACES, *_WARNING])
    broken = [each for each in results if each.status == "error"]
    if broken:
        raise ExtractError(
            f"The check {broken[0].node.name} cannot run. Run `{command_line('transform')}`: it "
            "repairs the tables, or prints the cause."
        )
    return [
        _failed_check(each.node, each.failures or 0)
        for each in results
        if each.status in ("warn", "fail")
    ]


def find_failed_checks_in_copy(query: Callable[[str], Rows]) -> list[FailedCheck]:
    """Runs the tests that warn on the published copy; the warehouse is not opened.

    Args:
        query: runs a query on the copy.

    Raises:
        ExtractError: dbt failed.
    """
    # dbt only compiles the tests: it would open the copy for writing, and lock its readers out.
    # It reads the project anew for another database, and keeps what it read for each in a folder.
    with dbt_environment({"TARGET": "duckdb", "DUCKDB_PATH": ":memory:"}):
        folder = ["--target-path", str(dbt_target_dir() / "copy")]
        # With --full-refresh, tests cover all fixtures.
        tests = _run_dbt(["compile", *PLACES, *folder, "--full-refresh", *_WARNING])
    checks = [_failed_check(each.node, 0) for each in tests]
    counts = [query(f"select count(*) from ({check.sql}) as found").rows[0][0] for check in checks]
    return [
        FailedCheck(check.name, check.description, found, check.sql)
        for check, found in zip(checks, counts, strict=True)
        if found
    ]


def _run_dbt(arguments: Sequence[str]) -> Sequence[Any]:
    """Runs dbt; returns the results of its nodes."""
    output = io.StringIO()
    with redirect_stdout(output):
        result = dbtRunner().invoke([*_OPTIONS, *arguments])
    if not isinstance(result.result, RunExecutionResult):
        raise ExtractError(f"dbt failed: {result.exception or output.getvalue()}")
    return result.result.results


def _failed_check(node: Any, found: int) -> FailedCheck:
    # The person who runs the query may know the database by another name.
    sql = str(getattr(node, "compiled_code", "")).replace(f'"{node.database}".', "")
    return FailedCheck(node.name, " ".join(node.description.split()), found, sql)
