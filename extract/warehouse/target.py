"""Reads from the environment which database is the warehouse."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from extract.errors import NothingExtractedError, UsageError

if TYPE_CHECKING:
    pass


def is_duckdb() -> bool:
    """Whether `TARGET` names DuckDB, and not PostgreSQL.

    Raises:
        UsageError: it names neither.
    """
    target = os.environ.get("TARGET") or "duckdb"
    if target not in ("duckdb", "postgres"):
        raise UsageError(f"TARGET is {target!r}: it must be duckdb or postgres.")
    return target == "duckdb"


def final_schema() -> str:
    """The schema of the final tables.

    Raises:
        UsageError: it is no name that can be used.
    """
    schema = os.environ.get("SPORTMONKS_SCHEMA") or "sportmonks"
    # Others are rewritten by dlt, and would lead it elsewhere than us.
    proper = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", schema) and len(schema) <= 40
    if not proper or schema.startswith("pg_"):
        raise UsageError(
            f"SPORTMONKS_SCHEMA is {schema!r}: it must be up to 40 lower-case letters and digits, "
            "with a letter first and single underscores in between."
        )
    return schema


def looks_for_final_tables() -> str:
    """A query that returns a row if there are final tables."""
    return (
        "select 1 from information_schema.tables "
        f"where table_schema = '{final_schema()}' and table_name = 'fixtures'"
    )


def duckdb_path() -> Path:
    """The DuckDB file, relative to the working directory unless it is absolute.

    Raises:
        UsageError: dbt could not open it.
    """
    path = Path(os.environ.get("DUCKDB_PATH") or "sportmonks.duckdb")
    # dbt reads the path as an address, and the file's name as the name of the database.
    if found := re.search("[#?]", str(path.resolve())) or re.search("['\";]", path.name):
        raise UsageError(f"DUCKDB_PATH is {path}: dbt cannot use a path with {found[0]} in it.")
    return path


def existing_duckdb_path() -> Path:
    """The same, if it is there.

    Raises:
        NothingExtractedError: it is not.
    """
    path = duckdb_path()
    if not path.exists():
        raise NothingExtractedError(f"DuckDB file {path}")
    return path
