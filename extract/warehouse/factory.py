"""Opens the warehouse that `TARGET` names."""

import os

from extract.warehouse.base import OnWait, Warehouse
from extract.warehouse.target import duckdb_path, existing_duckdb_path, final_schema, is_duckdb


def open_warehouse(
    on_wait: OnWait | None, must_exist: bool = False, for_loads: bool = False
) -> Warehouse:
    """Opens the warehouse that `TARGET` names.

    Args:
        on_wait: called with a line when waiting for another process begins; None means not to wait.
        must_exist: do not create a missing DuckDB file.
        for_loads: whether dlt will load into it, and dbt will not build in it.

    Raises:
        UsageError: a variable is missing or wrong, or the database cannot be written.
        ExtractError: another process uses the database, or it cannot be reached.
    """
    schema = final_schema()
    if is_duckdb():
        from extract.warehouse.duckdb import DuckDbWarehouse

        path = existing_duckdb_path() if must_exist else duckdb_path()
        return DuckDbWarehouse(path, schema, on_wait, for_loads)
    from extract.warehouse.postgres import PostgresWarehouse

    return PostgresWarehouse(os.environ, schema, on_wait)
