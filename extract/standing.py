"""Whether the final tables stand as a transform would leave them, so that dbt need not begin.

A transform that succeeds notes what it was made of, in a table of one row beside the staging
models. Any run of dbt takes the note away as it begins (`begin_run` in dbt's macros), so that a
note never speaks of tables that were built otherwise, or by halves.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from extract.errors import ExtractError
from extract.tables import RECORDS, TIMES
from extract.warehouse import OnWait, Warehouse, final_schema, open_warehouse

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"

# The checks that look at the clock are asked that often, whatever has changed.
_LONGEST = timedelta(hours=1)
_NO_SOURCE = {"target", "logs"}


@dataclass(frozen=True)
class Standing:
    """A transform that need not be run again.

    Attributes:
        built_at: when it ended.
        warned: names of the checks that found something.
    """

    built_at: datetime
    warned: list[str]


def find_standing(on_wait: OnWait, wait: bool) -> Standing | None:
    """The last transform, if nothing has changed since that a transform looks at.

    Args:
        on_wait: told who is waited for.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Raises:
        UsageError: there is no warehouse, or a variable is wrong.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    with closing(open_warehouse(on_wait if wait else None, must_exist=True)) as warehouse:
        notes = warehouse.query(f"select built_at, inputs, relations, warned from {_note()}")
        for built_at, inputs, relations, warned in notes:
            if (
                timedelta(0) <= datetime.now(UTC) - built_at < _LONGEST
                and relations == _relations(warehouse)
                and inputs == read_inputs(warehouse)
            ):
                return Standing(built_at, json.loads(warned))
    return None


def read_inputs(warehouse: Warehouse) -> str:
    """A hash of what a transform is made of: raw rows, the dbt project and dbt's variables.

    Of the raw rows it is how many there are and the sum of their times: a row that is written has
    another one than the row that it replaces.
    """
    counts = " union all ".join(
        f"select '{table}', count(*), "
        f"sum(cast(round(extract(epoch from {time}) * 1000000) as bigint)) "
        f"from {warehouse.raw}.{table}"
        for table, time in sorted(TIMES.items())
        # Every run writes these, and only views read them.
        if table not in RECORDS
    )
    found = hashlib.blake2b(repr(sorted(warehouse.query(counts))).encode(), digest_size=16)
    for file in sorted(PROJECT.rglob("*")):
        if file.is_file() and file.relative_to(PROJECT).parts[0] not in _NO_SOURCE:
            found.update(f"{file.relative_to(PROJECT)}\n".encode() + file.read_bytes())
    for name, value in sorted(os.environ.items()):
        if name.startswith("DBT_") or name == "ANALYST_ROLE":
            found.update(f"{name}={value}\n".encode())
    return found.hexdigest()


def note_transform(warehouse: Warehouse, inputs: str, warned: Sequence[str]) -> None:
    """Notes that a transform has succeeded.

    Args:
        warehouse: where.
        inputs: what `read_inputs` said before it began.
        warned: names of the checks that found something.
    """
    values = [datetime.now(UTC).isoformat(), inputs, _relations(warehouse), json.dumps(warned)]
    note = (
        f"create table {_note()} as select cast('{{}}' as timestamp with time zone) as built_at, "
        "'{}' as inputs, '{}' as relations, '{}' as warned"
    )
    # If the connection is lost, so is our turn. Without a note, the next transform begins.
    with suppress(ExtractError):
        warehouse.execute(note.format(*values))


def _note() -> str:
    return f"{final_schema()}_staging.last_transform"


def _relations(warehouse: Warehouse) -> str:
    """A hash of all tables and views beside the raw ones, with their columns."""
    schema = final_schema()
    columns = warehouse.query(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        f"where table_schema in ('{schema}', '{schema}_staging') "
        "and table_name <> 'last_transform'"
    )
    return hashlib.blake2b(repr(sorted(columns)).encode(), digest_size=16).hexdigest()
