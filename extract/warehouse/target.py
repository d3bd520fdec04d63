"""Reads from the environment and the settings which database is the warehouse."""

import os
import re
from pathlib import Path

from extract.config.unset import is_unset
from extract.errors import NothingExtractedError, UsageError, command_line

# Columns of raw tables that only versions before 0.2.0 have.
_OLD_COLUMNS = (("discoveries", "extended_at"), ("fixtures", "filled_keys"))


def is_spark() -> bool:
    """Whether `TARGET` names Spark, on which only the final tables are built and read."""
    return os.environ.get("TARGET") == "spark"


def is_duckdb() -> bool:
    """Whether `TARGET` names DuckDB, and not PostgreSQL.

    Raises:
        UsageError: it names neither.
    """
    target = os.environ.get("TARGET") or "duckdb"
    if target == "spark":
        raise UsageError(
            "TARGET=spark is for transform, docs, query and `lake --optimize` only. Set TARGET to "
            "the warehouse of the raw tables, duckdb or postgres."
        )
    if target not in ("duckdb", "postgres"):
        raise UsageError(f"TARGET is {target!r}: it must be duckdb or postgres.")
    return target == "duckdb"


def final_schema() -> str:
    """The schema of the final tables.

    Raises:
        UsageError: the name cannot be used.
    """
    schema = os.environ.get("SPORTMONKS_SCHEMA") or "sportmonks"
    # dlt rewrites other names, and would load into another schema than this one.
    proper = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", schema) and len(schema) <= 40
    if not proper or schema.startswith("pg_"):
        raise UsageError(
            f"SPORTMONKS_SCHEMA is {schema!r}: it must be up to 40 lower-case letters and digits, "
            "with a letter first and single underscores in between."
        )
    return schema


def final_tables_query() -> str:
    """A query that returns a row if there are final tables."""
    return (
        "select 1 from information_schema.tables "
        f"where table_schema = '{final_schema()}' and table_name = 'fixtures'"
    )


def old_tables_query(schema: str) -> str:
    """A query that returns a row if a schema has raw tables of a version before 0.2.0."""
    columns = ", ".join(f"('{table}', '{column}')" for table, column in _OLD_COLUMNS)
    return (
        "select 1 from information_schema.columns "
        f"where table_schema = '{schema}' and (table_name, column_name) in ({columns}) limit 1"
    )


def move_file_aside(path: Path) -> str:
    """A sentence that says how to move a DuckDB file with old raw tables aside."""
    backup = path.with_name(f"{path.name}.old")
    return f"Move it aside and extract again: `mv {path} {backup} && {command_line('extract')}`."


def duckdb_path() -> Path:
    """The DuckDB file, relative to the working directory unless it is absolute.

    Raises:
        UsageError: dbt cannot open a file of that name.
    """
    # Not the name of the schema: DuckDB would find `sportmonks.fixtures` ambiguous.
    path = Path(os.environ.get("DUCKDB_PATH") or "football.duckdb")
    # dbt reads the path as a URL, and the file's name as the name of the database.
    if found := re.search("[#?]", str(path.resolve())) or re.search("['\";]", path.name):
        raise UsageError(f"DUCKDB_PATH is {path}: dbt cannot use a path with {found[0]} in it.")
    return path


def existing_duckdb_path() -> Path:
    """The DuckDB file, which must exist.

    Raises:
        NothingExtractedError: it does not exist.
    """
    path = duckdb_path()
    if not path.exists():
        raise NothingExtractedError(f"DuckDB file {path}")
    return path


def published_path() -> Path | None:
    """The file that the setting `publish` names, a copy of the final tables for readers.

    Returns:
        The path, which may not exist yet; None if nothing is published: `publish` is empty, or the
        warehouse is PostgreSQL, where readers do not block the job.

    Raises:
        UsageError: a setting is wrong, or the copy cannot be written to that path.
    """
    if not is_duckdb() or is_unset("publish"):
        return None
    from extract.config.settings import UNUSED_TOKEN, load_settings

    setting = load_settings(UNUSED_TOKEN).publish
    if not setting:
        return None
    path, warehouse = Path(setting), duckdb_path()
    if path.resolve() == warehouse.resolve() or (
        path.exists() and warehouse.exists() and path.samefile(warehouse)
    ):
        raise UsageError(f"publish is {path}: it must differ from DUCKDB_PATH.")
    if not path.parent.is_dir():
        raise UsageError(f"publish is {path}: the folder {path.parent} does not exist.")
    return path


def readable_duckdb_path() -> Path:
    """The DuckDB file to read final tables from: the published copy if there is one.

    Raises:
        UsageError: as in `published_path`.
        NothingExtractedError: there is neither a copy nor a warehouse.
    """
    published = published_path()
    return published if published and published.exists() else existing_duckdb_path()
