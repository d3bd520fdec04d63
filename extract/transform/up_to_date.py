"""Whether the final tables stand as a transform would leave them, so that dbt need not begin.

A transform that succeeds notes what it was made of, in a table of one row beside the staging
models. Any run of dbt takes the note away as it begins (`begin_run` in dbt's macros), so that a
note never speaks of tables that were built otherwise, or by halves.

What its checks found is kept in a table beside it, so that the next transform can say what is new.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from extract.config.paths import dbt_project_dir
from extract.errors import ExtractError, command_line
from extract.warehouse.base import OnWait, Warehouse
from extract.warehouse.factory import open_warehouse
from extract.warehouse.raw_tables import RECORDS, TIMES
from extract.warehouse.target import final_schema

PROJECT = dbt_project_dir()

# Variables by which dbt would build elsewhere, or build something else, when they are exported for
# another project: its arguments say that. All others keep their meaning.
REDIRECTING = tuple(
    f"{prefix}{name}"
    for prefix in ("DBT_ENGINE_", "DBT_")
    for name in (
        # Another project, or another database.
        *("PROJECT_DIR", "PROFILES_DIR", "PROFILE", "TARGET"),
        # Other tables to read from.
        *("DEFER", "DEFER_TO_STATE", "DEFER_STATE", "FAVOR_STATE", "FAVOR_STATE_MODE"),
        # What a recording has, instead of what the database answers.
        "RECORDER_MODE",
        # Tables that are made, but of some of the rows or of none.
        *("EMPTY", "SAMPLE"),
        # Some of the tables and checks, or none.
        *("RESOURCE_TYPES", "EXCLUDE_RESOURCE_TYPES"),
    )
)

# The checks that look at the clock are asked that often, whatever has changed.
_LONGEST = timedelta(hours=1)
_NO_SOURCE = {"target", "logs"}


@dataclass(frozen=True)
class Check:
    """A check that warns.

    Attributes:
        name: the dbt test's.
        found: how many rows it found.
        is_ours: whether it is about this job, and not about the provider's data.
    """

    name: str
    found: int
    is_ours: bool


@dataclass(frozen=True)
class LastBuild:
    """A transform that need not be run again.

    Attributes:
        built_at: when it ended.
        warned: the checks that found something.
    """

    built_at: datetime
    warned: list[Check]


def find_current_build(on_wait: OnWait, wait: bool) -> LastBuild | None:
    """The last transform, if nothing has changed since that a transform looks at.

    Args:
        on_wait: told who is waited for.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Raises:
        UsageError: there is no warehouse, or a variable is wrong.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    with closing(open_warehouse(on_wait if wait else None, must_exist=True)) as warehouse:
        notes = warehouse.query(f"select built_at, inputs, relations from {_note()}")
        for built_at, inputs, relations in notes:
            if (
                timedelta(0) <= datetime.now(UTC) - built_at < _LONGEST
                and relations == _relations(warehouse)
                and inputs == read_inputs(warehouse)
            ):
                checks = read_checks(warehouse)
                return LastBuild(built_at, [check for check in checks if check.found])
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
        if (name.startswith("DBT_") and name not in REDIRECTING) or name == "ANALYST_ROLE":
            found.update(f"{name}={value}\n".encode())
    return found.hexdigest()


def note_transform(warehouse: Warehouse, inputs: str) -> None:
    """Notes that a transform has succeeded.

    Args:
        warehouse: where.
        inputs: what `read_inputs` said before it began.
    """
    values = [datetime.now(UTC).isoformat(), inputs, _relations(warehouse)]
    note = (
        f"create table {_note()} as select cast('{{}}' as timestamp with time zone) as built_at, "
        "'{}' as inputs, '{}' as relations"
    )
    # If the connection is lost, so is our turn. Without a note, the next transform begins.
    with suppress(ExtractError):
        warehouse.execute(note.format(*values))


def read_checks(warehouse: Warehouse) -> list[Check]:
    """What the checks that warn found in the last transform that made them."""
    rows = warehouse.query(f"select check_name, found, is_ours from {_checks()} order by 1")
    return [Check(*row) for row in rows]


def note_checks(warehouse: Warehouse, checks: Sequence[Check]) -> None:
    """Keeps what the checks of a transform found, for the next one.

    Args:
        warehouse: where.
        checks: those that were made; what is known of others stays.
    """
    if not checks:
        return
    names = ", ".join(_quoted(check.name) for check in checks)
    rows = ", ".join(f"({_quoted(check.name)}, {check.found}, {check.is_ours})" for check in checks)
    with suppress(ExtractError):
        warehouse.execute(
            f"create table if not exists {_checks()} "
            "(check_name text, found bigint, is_ours boolean); "
            f"delete from {_checks()} where check_name in ({names}); "
            f"insert into {_checks()} values {rows}"
        )


def describe_oddities(checks: Sequence[Check]) -> str:
    """A sentence that counts what checks found in the provider's data.

    Args:
        checks: those that found something.
    """
    found = sum(check.found for check in checks)
    return (
        f"{len(checks):,} check{'s' if len(checks) > 1 else ''} found {found:,} "
        f"{'oddities' if found > 1 else 'oddity'} in the provider's data: {command_line('report')}"
    )


def _note() -> str:
    return f"{final_schema()}_staging.last_transform"


def _checks() -> str:
    return f"{final_schema()}_staging.last_checks"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _relations(warehouse: Warehouse) -> str:
    """A hash of all tables and views beside the raw ones, with their columns."""
    schema = final_schema()
    columns = warehouse.query(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        f"where table_schema in ('{schema}', '{schema}_staging') "
        "and table_name not in ('last_transform', 'last_checks')"
    )
    return hashlib.blake2b(repr(sorted(columns)).encode(), digest_size=16).hexdigest()
