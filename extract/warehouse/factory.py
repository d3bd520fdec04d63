"""Opens the warehouse that `TARGET` names."""

import os
from typing import TYPE_CHECKING

from extract.warehouse.base import OnWait, Warehouse
from extract.warehouse.target import duckdb_path, existing_duckdb_path, final_schema, is_duckdb

if TYPE_CHECKING:
    pass


def open_warehouse(on_wait: OnWait | None, must_exist: bool = False) -> Warehouse:
    """Opens the warehouse that `TARGET` names.

    Args:
        on_wait: told who is waited for; None means not to wait.
        must_exist: do not make a DuckDB file that is not there.

    Raises:
        UsageError: a variable is missing or wrong, or the database cannot be written.
        ExtractError: another process holds the database, or it does not answer.
    """
    schema = final_schema()
    if is_duckdb():
        from extract.warehouse.duckdb import DuckDbWarehouse

        path = existing_duckdb_path() if must_exist else duckdb_path()
        return DuckDbWarehouse(path, schema, on_wait)
    from extract.warehouse.postgres import PostgresWarehouse

    return PostgresWarehouse(os.environ, schema, on_wait)
