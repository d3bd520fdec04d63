"""Which inputs have changed since the last transform, so that dbt can be skipped, or build less.

A successful transform writes a note of its inputs: a table with one row in the staging schema.
Every run of dbt drops the note when it starts (`begin_run` in dbt's macros), so that a note never
describes tables that another run has built, or built in part.

The counts of its checks are kept in a second table, so that the next transform can report what is
new.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from extract.config.paths import dbt_project_dir
from extract.errors import ExtractError, command_line
from extract.warehouse.base import OnWait, Warehouse
from extract.warehouse.factory import open_warehouse
from extract.warehouse.raw_tables import RECORDS, TIMES
from extract.warehouse.target import final_schema, published_path

PROJECT = dbt_project_dir()

# Variables of dbt that redirect a build, or change what is built, and that may be exported for
# another project. Arguments do that here. All other variables of dbt work.
REDIRECTING = tuple(
    f"{prefix}{name}"
    for prefix in ("DBT_ENGINE_", "DBT_")
    for name in (
        # Another project, or another database.
        *("PROJECT_DIR", "PROFILES_DIR", "PROFILE", "TARGET"),
        # Other tables to read from.
        *("DEFER", "DEFER_TO_STATE", "DEFER_STATE", "FAVOR_STATE", "FAVOR_STATE_MODE"),
        # Answers of a recording instead of the database's.
        "RECORDER_MODE",
        # Tables with some of the rows, or none.
        *("EMPTY", "SAMPLE"),
        # Some of the tables and checks, or none.
        *("RESOURCE_TYPES", "EXCLUDE_RESOURCE_TYPES"),
    )
)

# Some checks depend on the clock, and people may change comments or grants: everything is built and
# checked this often even if nothing has changed.
_LONGEST = timedelta(hours=1)
# Folders in the project that hold no source.
_OUTPUT_FOLDERS = {"target", "logs"}


@dataclass(frozen=True)
class Check:
    """A dbt test that warns.

    Attributes:
        name: name of the test.
        found: number of rows that it found.
        is_ours: whether it is about this job, not about the provider's data.
        description: what it requires.
        sql: the query that finds the rows, among all fixtures.
    """

    name: str
    found: int
    is_ours: bool
    description: str = ""
    sql: str = ""


@dataclass(frozen=True)
class Inputs:
    """The inputs of a transform.

    Attributes:
        definitions: a hash of the dbt project and of dbt's variables.
        raw: the rows of each raw table, by its name with the schema: their number and the sum of
            their times. A rewritten row has another time than the row that it replaces.
    """

    definitions: str
    raw: Mapping[str, str]


@dataclass(frozen=True)
class LastBuild:
    """The last successful transform, of the same definitions.

    Attributes:
        built_at: when dbt ended.
        complete_at: when a transform last built and checked everything.
        unchanged: the raw tables that have the same rows as then.
        is_current: whether these are all of them.
        warned: the checks that found rows.
    """

    built_at: datetime
    complete_at: datetime
    unchanged: frozenset[str]
    is_current: bool
    warned: list[Check]


def find_current_build(on_wait: OnWait, wait: bool) -> LastBuild | None:
    """Finds the last transform, if its inputs have not changed since.

    If the published copy is missing, or older than that transform, it is written again.

    Args:
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another process that uses the warehouse.

    Raises:
        UsageError: there is no warehouse, or a variable or a setting is wrong.
        ExtractError: another process uses the warehouse, it cannot be reached, or the copy cannot
            be written.
    """
    with closing(open_warehouse(on_wait if wait else None, must_exist=True)) as warehouse:
        last = find_last_build(warehouse, read_inputs(warehouse))
        if last and last.is_current:
            _publish_if_missing(warehouse, last.built_at)
            return last
    return None


def find_last_build(warehouse: Warehouse, inputs: Inputs) -> LastBuild | None:
    """Finds the last transform, if it built today's definitions and everything was built recently.

    Args:
        warehouse: the warehouse. A transform needs the write lock: without it, another one may
            begin to build after this.
        inputs: the inputs as they are now.
    """
    for built_at, definitions, relations, *others in warehouse.query(f"select * from {_note()}"):
        # Version 0.2.0 wrote the first three columns alone: its note is ignored.
        if not others:
            continue
        complete_at, raw = others
        if (
            timedelta(0) <= datetime.now(UTC) - complete_at < _LONGEST
            and definitions == inputs.definitions
            and relations == _relations(warehouse)
        ):
            before = json.loads(raw)
            return LastBuild(
                built_at,
                complete_at,
                frozenset(table for table, rows in inputs.raw.items() if before.get(table) == rows),
                inputs.raw == before,
                [check for check in read_checks(warehouse) if check.found],
            )
    return None


def _publish_if_missing(warehouse: Warehouse, built_at: datetime) -> None:
    if copy := published_path():
        from extract.warehouse.publish import is_published, publish

        if not is_published(copy, built_at):
            publish(warehouse, copy)


def read_inputs(warehouse: Warehouse) -> Inputs:
    """Reads the inputs of a transform: raw rows, the dbt project and dbt's variables."""
    counts = " union all ".join(
        f"select '{warehouse.raw}.{table}', count(*), "
        f"sum(cast(round(extract(epoch from {time}) * 1000000) as bigint)) "
        f"from {warehouse.raw}.{table}"
        for table, time in TIMES.items()
        # Every run writes to these tables, and only views read them.
        if table not in RECORDS
    )
    found = hashlib.blake2b(digest_size=16)
    for file in sorted(PROJECT.rglob("*")):
        if file.is_file() and file.relative_to(PROJECT).parts[0] not in _OUTPUT_FOLDERS:
            found.update(f"{file.relative_to(PROJECT)}\n".encode() + file.read_bytes())
    for name, value in sorted(os.environ.items()):
        if (name.startswith("DBT_") and name not in REDIRECTING) or name == "ANALYST_ROLE":
            found.update(f"{name}={value}\n".encode())
    raw = {table: f"{count} {times}" for table, count, times in warehouse.query(counts)}
    return Inputs(found.hexdigest(), raw)


def note_transform(
    warehouse: Warehouse, inputs: Inputs, built_at: datetime, complete_at: datetime
) -> None:
    """Notes that a transform has succeeded.

    Args:
        warehouse: the warehouse of the transform.
        inputs: the result of `read_inputs` before the transform.
        built_at: when dbt ended.
        complete_at: when a transform last built and checked everything.
    """
    columns = {
        "built_at": _as_time(built_at),
        "inputs": _quoted(inputs.definitions),
        "relations": _quoted(_relations(warehouse)),
        "complete_at": _as_time(complete_at),
        "raw": _quoted(json.dumps(inputs.raw)),
    }
    values = ", ".join(f"{value} as {name}" for name, value in columns.items())
    # A lost connection means a lost write lock. Without a note, the next transform builds again.
    with suppress(ExtractError):
        warehouse.execute(f"create table {_note()} as select {values}")


def read_checks(warehouse: Warehouse) -> list[Check]:
    """The counts of the checks that warn, each of the last transform that ran it."""
    rows = warehouse.query(f"select check_name, found, is_ours from {_checks()} order by 1")
    return [Check(*row) for row in rows]


def note_checks(warehouse: Warehouse, checks: Sequence[Check], ran_all: bool) -> None:
    """Stores the checks, for the next transform and for the operations page.

    Args:
        warehouse: the warehouse of the transform.
        checks: the checks that ran.
        ran_all: whether there are no others. Otherwise what is stored of others stays.
    """
    if not checks:
        return
    now = datetime.now(UTC)
    before = {row[0]: row for row in warehouse.query(f"select * from {_checks()}")}
    rows = {} if ran_all else dict(before)
    for check in checks:
        _, last_found, *_, found_before, changed_at = before.get(check.name, [None] * 4)
        if check.found != last_found:
            found_before, changed_at = last_found, now
        rows[check.name] = (
            check.name,
            check.found,
            check.is_ours,
            check.description,
            check.sql,
            found_before,
            changed_at,
        )
    values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows.values())
    with suppress(ExtractError):
        warehouse.execute(
            # The table of version 0.2.0, which had the counts alone.
            f"drop table if exists {final_schema()}_staging.last_checks; "
            f"drop table if exists {_checks()}; create table {_checks()} ("
            "check_name text, found bigint, is_ours boolean, description text, query text, "
            f"found_before bigint, changed_at timestamp with time zone); "
            f"insert into {_checks()} values {values}"
        )


def describe_provider_problems(checks: Sequence[Check]) -> str:
    """A sentence with the counts of checks on the provider's data.

    Args:
        checks: the checks that found rows.
    """
    found = sum(check.found for check in checks)
    noun, pronoun = ("problems", "them") if found > 1 else ("problem", "it")
    return (
        f"{len(checks):,} check{'s' if len(checks) > 1 else ''} found {found:,} {noun} in the "
        f"provider's data: `{command_line('report')}` shows {pronoun}"
    )


def _note() -> str:
    return f"{final_schema()}_staging.last_transform"


def _checks() -> str:
    return f"{final_schema()}_staging.check_results"


def _as_time(time: datetime) -> str:
    return f"cast('{time.isoformat()}' as timestamp with time zone)"


def _literal(value: str | bool | int | datetime | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return _as_time(value)
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _relations(warehouse: Warehouse) -> str:
    """A hash of all tables and views outside the raw schema, with their columns."""
    schema = final_schema()
    columns = warehouse.query(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        f"where table_schema in ('{schema}', '{schema}_staging') "
        "and table_name not in ('last_transform', 'check_results')"
    )
    return hashlib.blake2b(repr(sorted(columns)).encode(), digest_size=16).hexdigest()
