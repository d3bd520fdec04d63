"""Publishes a copy of the final tables, so that readers do not block the job.

DuckDB gives a file to one process that writes, or to many that read. Analysts open the copy.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import duckdb

from extract.errors import ExtractError, first_line
from extract.warehouse.base import Warehouse
from extract.warehouse.duckdb import STORAGE_VERSION

# What the operations page needs of the raw schema, and of the staging schema.
_RAW = ("api_calls", "due_fixtures", "fixture_checks", "fixture_index", "listing_log")
_STAGING = ("check_results",)
# The name of the copy while it is written. No DuckDB file that dbt can open has it.
_COPY = '"copy;"'
# The end of the comment on a view: dbt's macros/materializations/view.sql writes it.
_MARK = re.compile(r" \[[0-9a-f]{12}\]$")


def publish(warehouse: Warehouse, path: Path) -> None:
    """Replaces the published copy with the tables and views of the final schema.

    Views become tables, as of now. The copy is a new file, which replaces the old one in one step:
    connections that have the old one open keep reading it.

    Args:
        warehouse: a DuckDB file, with the write lock.
        path: the copy.

    Raises:
        ExtractError: the copy cannot be written, for example because the disk is full. The old one
            stays as it is.
    """
    # A symbolic link stays one.
    target = path.resolve()
    temporary = target.with_name(f"{target.name}.tmp")
    try:
        # Of a process that was killed.
        _remove(temporary)
        try:
            _copy(warehouse, temporary)
            _replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                _remove(temporary)
            raise
    except (ExtractError, duckdb.Error, OSError) as error:
        cause = error.__cause__ if isinstance(error, ExtractError) and error.__cause__ else error
        raise ExtractError(f"The copy {path} cannot be written: {first_line(cause)}") from error


def is_published(path: Path, built_at: datetime) -> bool:
    """Whether the copy exists and is as new as the final tables.

    Args:
        path: the copy.
        built_at: when dbt had built the tables.
    """
    return path.exists() and path.stat().st_mtime >= built_at.timestamp()


def _copy(warehouse: Warehouse, temporary: Path) -> None:
    schema = warehouse.raw.removesuffix("_raw")
    staging = f"{schema}_staging"
    # A warehouse has no checks as long as no transform ran any.
    checks = [table for table in _tables(warehouse, staging) if table in _STAGING]
    schemas = {schema: _tables(warehouse, schema), warehouse.raw: _RAW, staging: checks}
    with _attached(warehouse, temporary):
        # One transaction: now(), which some views read, is the same time for all of them.
        warehouse.execute("begin")
        for name, copied in schemas.items():
            warehouse.execute(f"create schema {_COPY}.{name}")
            for table in copied:
                relation = f"{name}.{_quoted(table)}"
                warehouse.execute(f"create table {_COPY}.{relation} as select * from {relation}")
        warehouse.execute("commit")
        for statement in _comments(warehouse, schema):
            warehouse.execute(statement)


def _tables(warehouse: Warehouse, schema: str) -> list[str]:
    """The tables and views of a schema."""
    found = warehouse.query(
        "select table_name from information_schema.tables "
        f"where table_catalog = current_database() and table_schema = '{schema}' order by 1"
    )
    return [table for (table,) in found]


@contextmanager
def _attached(warehouse: Warehouse, temporary: Path) -> Iterator[None]:
    """Creates the new file, and writes all of it to disk when the block ends."""
    file = str(temporary).replace("'", "''")
    warehouse.execute(f"attach '{file}' as {_COPY} (storage_version '{STORAGE_VERSION}')")
    try:
        yield
        warehouse.execute(f"checkpoint {_COPY}")
    except BaseException:
        with suppress(ExtractError, duckdb.Error):
            warehouse.execute("rollback")
        raise
    finally:
        with suppress(ExtractError, duckdb.Error):
            warehouse.execute(f"detach {_COPY}")


def _comments(warehouse: Warehouse, schema: str) -> Iterator[str]:
    """Statements that copy the comments on tables, views and their columns."""
    found = warehouse.query(
        "select table_name, null, comment from duckdb_tables() where database_name = "
        f"current_database() and schema_name = '{schema}' union all "
        "select view_name, null, comment from duckdb_views() where database_name = "
        f"current_database() and schema_name = '{schema}' union all "
        "select table_name, column_name, comment from duckdb_columns() where database_name = "
        f"current_database() and schema_name = '{schema}'"
    )
    for table, column, comment in found:
        if comment:
            kind = "table" if column is None else "column"
            name = f"{_COPY}.{schema}.{_quoted(table)}"
            name += f".{_quoted(column)}" if column else ""
            text = _MARK.sub("", comment).replace("'", "''")
            yield f"comment on {kind} {name} is '{text}'"


def _replace(temporary: Path, target: Path) -> None:
    """Gives the new file the name of the old one, so that a power failure leaves one of the two."""
    if target.exists():
        shutil.copymode(target, temporary)
    _flush(temporary)
    # Changes that a person has made in the old copy: DuckDB would apply them to the new one.
    target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    temporary.replace(target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(temporary: Path) -> None:
    for path in (temporary, temporary.with_name(f"{temporary.name}.wal")):
        path.unlink(missing_ok=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
