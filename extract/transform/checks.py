"""Runs the dbt tests that warn, for the report."""

import io
from contextlib import redirect_stdout
from dataclasses import dataclass

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner

from extract.errors import ExtractError, NothingTransformedError, command_line
from extract.transform.dbt import PLACES, warehouse_for_dbt
from extract.warehouse.base import OnWait


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
    with warehouse_for_dbt(on_wait, wait) as warehouse, warehouse.write_lock("transform"):
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
            f"The check {broken[0].node.name} cannot run. Run `{command_line('transform')}`: it "
            "repairs the tables, or prints the cause."
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
