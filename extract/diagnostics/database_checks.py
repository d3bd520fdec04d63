"""Checks of the warehouse: whether it opens, and which tables it has."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from extract.diagnostics.check_result import CheckWarning
from extract.errors import BusyError, NothingExtractedError, command_line

if TYPE_CHECKING:
    from extract.api.clock import ApiClock
    from extract.warehouse.base import Warehouse

# Statuses of a response that says that the plan lacks an endpoint or one of its includes.
_REFUSED = {400, 403, 404, 422}
# The default file of versions before 0.2.0.
_OLD_FILE = Path("sportmonks.duckdb")


class DatabaseChecks:
    """Checks of the warehouse.

    Args:
        clock: the API's clock, if it is known.

    Attributes:
        dbt_environment: variables for dbt. Without a warehouse they name one in memory, so that a
            problem with the database does not fail the check of the dbt project.
    """

    def __init__(self, clock: "ApiClock") -> None:
        self._clock = clock
        self._warehouse: Warehouse | None = None
        self.dbt_environment = {"TARGET": "duckdb", "DUCKDB_PATH": ":memory:"}

    def open(self) -> str:
        """Opens the warehouse, and returns its name and version."""
        from extract.warehouse.factory import open_warehouse
        from extract.warehouse.target import duckdb_path, move_file_aside

        path = duckdb_path()
        try:
            # If the folder is missing, this raises an error that names it, and creates no file.
            warehouse = open_warehouse(None, must_exist=path.parent.is_dir())
        except NothingExtractedError as error:
            if path != _OLD_FILE and _is_old(_OLD_FILE):
                found = f"{path} does not exist yet, and {_OLD_FILE} has the tables of version 0.1."
                remedy = f"Its columns have other names now. {move_file_aside(_OLD_FILE)}"
                raise CheckWarning(found, remedy) from error
            raise CheckWarning(f"{path} does not exist yet.", _run("extract")) from error
        except BusyError as error:
            raise CheckWarning(error.holding, "Try again when it has finished.") from error
        # The user waits for the result.
        warehouse.retry_when_disconnected = False
        self._warehouse = warehouse
        self.dbt_environment = warehouse.dbt_environment()
        ((text,),) = warehouse.query("select version()")
        number = re.search(r"\d[\w.]*", text)
        return f"{warehouse.name}, version {number[0] if number else text}, is writable."

    def check_raw_tables(self) -> str:
        """Checks that they exist, have today's columns and no times in the future."""
        from extract.api.clock import LARGEST_SKEW, whole_seconds

        warehouse = self._opened()
        if not warehouse.has_tables():
            found = f"The schema {warehouse.raw} does not have all of them yet."
            raise CheckWarning(found, _run("extract"))
        latest = max(warehouse.latest_times().values(), default=self._clock.now())
        if (ahead := latest - self._clock.now()) > LARGEST_SKEW:
            whose = "the API's clock" if self._clock.is_known else "this machine's clock"
            raise CheckWarning(
                f"In the schema {warehouse.raw}. They contain times that are up to "
                f"{whole_seconds(ahead)} ahead of {whose}: the clocks of the machines that fetch "
                "differ or differed.",
                f"Run `{command_line('extract')}`: it corrects them to the API's time.",
            )
        return f"In the schema {warehouse.raw}."

    def check_endpoints(self) -> str:
        """Checks that the API refused no endpoint when it was last requested."""
        from extract.config.endpoints import ENDPOINTS

        warehouse = self._opened()
        names = ", ".join(f"'{endpoint.path}'" for endpoint in ENDPOINTS)
        calls = warehouse.query(
            "select endpoint, status, error from (select *, row_number() over ("
            "partition by endpoint order by called_at desc, call_number desc) as age "
            f"from {warehouse.raw}.api_calls where endpoint in ({names})) as calls where age = 1"
        )
        refusals = {endpoint: error for endpoint, status, error in calls if status in _REFUSED}
        tables = [each.table for each in ENDPOINTS if each.path in refusals]
        if tables:
            raise CheckWarning(
                f"The API refuses {', '.join(tables)}. {next(iter(refusals.values()))}",
                "The other tables are loaded without. It is requested again when it is due, and "
                f"with `{command_line('extract', '--force')}`.",
            )
        return "The API refused none of them when it was last requested."

    def check_includes(self) -> str:
        """Checks whether the plan refuses parts of the default include."""
        from extract.planning.includes import refused_includes

        warehouse = self._opened()
        if not warehouse.has_tables():
            raise CheckWarning("Not checked: see the raw tables.", None, "skip")
        if refused := refused_includes(warehouse):
            found = ", ".join(f"{part} (on {at:%Y-%m-%d})" for part, at in sorted(refused.items()))
            raise CheckWarning(
                f"The plan refuses {found}: fixtures are fetched without.",
                "Change the plan, or take them out of `include` in .dlt/config.toml.",
            )
        return "The plan refuses no default include."

    def check_final_tables(self) -> str:
        """Checks that dbt has built them."""
        warehouse = self._opened()
        schema = warehouse.raw.removesuffix("_raw")
        if not warehouse.has_final_tables():
            raise CheckWarning(f"The schema {schema} does not have them yet.", _run("transform"))
        return f"In the schema {schema}."

    def close(self) -> None:
        """Closes the warehouse, if it is open."""
        if self._warehouse:
            self._warehouse.close()

    def _opened(self) -> "Warehouse":
        if not self._warehouse:
            raise CheckWarning("Not checked: see the database.", None, "skip")
        return self._warehouse


def _run(name: str) -> str:
    return f"Run `{command_line(name)}`."


def _is_old(path: Path) -> bool:
    """Whether a DuckDB file has raw tables of a version before 0.2.0."""
    import duckdb

    from extract.warehouse.target import final_schema, old_tables_query

    if not path.is_file():
        return False
    try:
        with duckdb.connect(path, read_only=True) as connection:
            return bool(connection.execute(old_tables_query(f"{final_schema()}_raw")).fetchall())
    except duckdb.Error:
        return False
