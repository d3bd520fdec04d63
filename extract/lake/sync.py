"""Copies what is new or changed in the raw tables to the lake.

There is no note of what was copied. The keys and times of all rows are compared, so that a copy may
begin late, be killed at any moment, and be repeated.
"""

import hashlib
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from extract.config.lake_url import required_lake_url
from extract.errors import NothingExtractedError, UsageError, command_line
from extract.lake.storage import Lake
from extract.lake.tables import TABLES, LakeTable
from extract.progress import Progress
from extract.warehouse.base import Warehouse, id_list
from extract.warehouse.duckdb import arrow_table
from extract.warehouse.factory import open_warehouse
from extract.warehouse.loader import pipelines_folder

# Bytes of rows that are read, merged and rewritten together. A merge needs three times as much.
_BYTES = 64_000_000
# Rows that show how large the rows of a table are.
_SAMPLE = 50
# Rows of a chunk at most, however small they are.
_MOST_ROWS = 200_000


@dataclass
class TableChanges:
    """What a copy changed in one table.

    Attributes:
        written: rows that were inserted or replaced.
        deleted: rows that were deleted, because the warehouse has them no longer.
    """

    written: int = 0
    deleted: int = 0


@dataclass
class Copied:
    """The result of a copy.

    Attributes:
        url: the lake.
        tables: the changes by table; tables without changes have zeros.
        seconds: that it took.
    """

    url: str
    tables: dict[str, TableChanges] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def written(self) -> int:
        """Rows that were inserted or replaced."""
        return sum(table.written for table in self.tables.values())

    @property
    def deleted(self) -> int:
        """Rows that were deleted."""
        return sum(table.deleted for table in self.tables.values())

    def to_dict(self) -> dict[str, object]:
        """The result for machines."""
        return {
            "url": self.url,
            "written": self.written,
            "deleted": self.deleted,
            "seconds": round(self.seconds, 3),
            "tables": {
                name: {"written": table.written, "deleted": table.deleted}
                for name, table in self.tables.items()
            },
        }


def copy_to_lake(progress: Progress, wait: bool = True, force: bool = False) -> Copied:
    """Copies the raw tables of the warehouse to the lake that `LAKE_URL` names.

    Args:
        progress: receives reports.
        wait: whether to wait for another process that uses the warehouse or copies it.
        force: whether most fixtures of the lake may be deleted.

    Raises:
        UsageError: a variable is wrong, a package is missing, there are no raw tables, or the lake
            is that of another warehouse.
        ExtractError: the warehouse is busy, or one of the two cannot be reached.
    """
    url = required_lake_url()
    with closing(open_warehouse(progress.line if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise NothingExtractedError(warehouse.name)
        with warehouse.lake_lock(), closing(open_lake(warehouse, url)) as lake:
            return _Copy(warehouse, lake, progress, force).run()


def open_lake(warehouse: Warehouse, url: str) -> Lake:
    """The copy of a warehouse in the lake. Call it with the lock on the lake."""
    name = hashlib.blake2b(f"{warehouse.location} {url}".encode(), digest_size=6).hexdigest()
    return Lake(url, warehouse.raw, pipelines_folder() / f"lake-{name}")


class _Copy:
    """One copy of a warehouse to the lake."""

    def __init__(self, warehouse: Warehouse, lake: Lake, progress: Progress, force: bool) -> None:
        self._warehouse = warehouse
        self._lake = lake
        self._progress = progress
        self._force = force
        self._copied = Copied(lake.url)
        # Rows that wait to be merged, one chunk of each table.
        self._waiting: dict[LakeTable, pa.Table] = {}

    def run(self) -> Copied:
        began = time.monotonic()
        with self._progress.copying(f"Comparing the raw tables with the lake {self._lake.url}."):
            changes = {table: self._compare(table) for table in TABLES}
            self._progress.copied(0, sum(each.changed.num_rows for each in changes.values()))
            for table, found in changes.items():
                if found.gone.num_rows:
                    self._lake.delete(table, found.gone)
                self._copy_changed(table, found)
            self._flush()
        self._copied.seconds = time.monotonic() - began
        return self._copied

    def _compare(self, table: LakeTable) -> "_Changes":
        self._lake.prepare(table)
        stored = self._warehouse.read_raw(table.name, table.columns(table.compared))
        keys = self._lake.keys(table)
        changes = _find_changes(table, stored, keys)
        if table.name == "fixtures" and changes.deleted > keys.num_rows / 2 and not self._force:
            raise UsageError(
                f"The lake {self._lake.url} has {keys.num_rows:,} fixtures, and "
                f"{self._warehouse.location} lacks {changes.deleted:,} of them: the lake may be "
                "that of another warehouse. Nothing was changed. To delete them from the lake: "
                f"`{command_line('lake', '--force')}`."
            )
        self._copied.tables[table.name] = TableChanges(0, changes.deleted)
        return changes

    def _copy_changed(self, table: LakeTable, changes: "_Changes") -> None:
        """Copies the changed rows, in chunks that fit into memory with what they replace."""
        keys, begin = changes.changed, 0
        if not keys.num_rows:
            return
        spread = pa.array(range(0, keys.num_rows, max(1, keys.num_rows // _SAMPLE)))
        rows_at_once = _rows_at_once(_read(self._warehouse, table, keys.take(spread)))
        while begin < keys.num_rows:
            if begin:
                # A load has each table once.
                self._flush()
            chunk = keys.slice(begin, changes.rows_that_fit(begin, rows_at_once))
            begin += chunk.num_rows
            # No other name for these rows: they are freed as soon as dlt has them on disk.
            self._waiting[table] = _read(self._warehouse, table, chunk)
            self._warehouse.empty_cache()
            rows_at_once = _rows_at_once(self._waiting[table], rows_at_once)
            if sum(each.nbytes for each in self._waiting.values()) > _BYTES / 2:
                self._flush()

    def _flush(self) -> None:
        """Merges the rows that wait: one load for many small tables."""
        # Rows that were to be copied may be gone meanwhile.
        self._waiting = {table: rows for table, rows in self._waiting.items() if rows.num_rows}
        if not self._waiting:
            return
        counts = {table.name: rows.num_rows for table, rows in self._waiting.items()}
        self._lake.merge(self._waiting)
        for name, written in counts.items():
            self._copied.tables[name].written += written
        self._progress.copied(self._copied.written, None)


@dataclass(frozen=True)
class _Changes:
    """How a table of the warehouse differs from the lake.

    Attributes:
        changed: keys of rows that are new or changed, neighbours together.
        gone: keys of rows to delete from the lake.
        deleted: rows of the lake that the warehouse has no longer.
        partitions: rows in the lake by partition; None if the table has no partitions.
    """

    changed: pa.Table
    gone: pa.Table
    deleted: int
    partitions: Mapping[int | None, int] | None
    partition_column: str | None = None

    def rows_that_fit(self, begin: int, rows: int) -> int:
        """How many rows from one on can be merged together, at least one.

        A merge rewrites the other rows of their partitions too.
        """
        if self.partitions is None or self.partition_column is None:
            return rows
        values = self.changed.column(self.partition_column).slice(begin, rows).to_pylist()
        seen: set[int | None] = set()
        rewritten = 0
        for number, value in enumerate(values):
            if value not in seen:
                seen.add(value)
                rewritten += self.partitions.get(value, 0)
            if number and number + rewritten > rows:
                return number
        return rows


def _find_changes(table: LakeTable, stored: pa.Table, lake: pa.Table) -> _Changes:
    """Compares the rows of the warehouse with those of the lake.

    Args:
        table: the table.
        stored: the compared columns of all rows in the warehouse.
        lake: the same in the lake.
    """
    keys = ", ".join(table.key)
    same_key = _equal(table.key)
    same_place = _equal(table.merge_key)
    is_same = _equal(table.compared)
    # A merge matches no null, so that such a row is replaced by deleting it first.
    unmatched = f"{table.partition} is null" if table.partition else "false"
    order = ", ".join([*filter(None, [table.partition]), *reversed(table.key)])
    with duckdb.connect() as connection:
        connection.register("stored", stored)
        connection.register("lake", lake)
        connection.execute(
            f"create table gone as select distinct {keys} from lake where not exists "
            f"(from stored where {same_place}) or ({unmatched} and not exists "
            # A row that is there twice is none that we have written. It is replaced too.
            f"(from stored where {is_same})) union select {keys} from lake group by all "
            "having count(*) > 1"
        )
        connection.execute(
            f"create view kept as from lake where not exists (from gone as stored where {same_key})"
        )
        changed = arrow_table(
            connection,
            f"from stored where not exists (from kept as lake where {is_same}) order by {order}",
        )
        gone = arrow_table(connection, "from gone")
        ((deleted,),) = connection.execute(
            f"select count(*) from gone as lake where not exists (from stored where {same_key})"
        ).fetchall()
        partitions = None
        if table.partition:
            partitions = dict(
                connection.execute(
                    f"select {table.partition}, count(*) from kept group by all"
                ).fetchall()
            )
    return _Changes(
        changed.cast(table.columns(table.compared)),
        gone.cast(table.columns(table.key)),
        deleted,
        partitions,
        table.partition,
    )


def _rows_at_once(rows: pa.Table, default: int = 1) -> int:
    """How many rows of this size make a chunk."""
    if not rows.num_rows:
        # They are gone since the comparison.
        return default
    bytes_of_a_row = max(1, rows.nbytes / rows.num_rows)
    return min(_MOST_ROWS, max(1, int(_BYTES / bytes_of_a_row)))


def _equal(columns: list[str] | tuple[str, ...]) -> str:
    return " and ".join(f"stored.{name} is not distinct from lake.{name}" for name in columns)


def _read(warehouse: Warehouse, table: LakeTable, keys: pa.Table) -> pa.Table:
    """The rows with some keys, as they are now. Some may be gone."""
    first, *others = table.key
    wanted = keys.column(first).unique().to_pylist()
    if pa.types.is_integer(keys.schema.field(first).type):
        condition = f"{first} in ({id_list(wanted)})"
    else:
        texts = ", ".join("'" + text.replace("'", "''") + "'" for text in wanted)
        condition = f"{first} in ({texts})"
    for name in others:
        if pa.types.is_timestamp(keys.schema.field(name).type):
            times = [time.isoformat() for time in keys.column(name).to_pylist()]
            condition += (
                f" and {name} between timestamptz '{min(times)}' and timestamptz '{max(times)}'"
            )
    rows = warehouse.read_raw(table.name, table.schema, condition)
    if not others:
        return rows
    # The condition selects other rows of the same ids and runs too.
    numbers = pa.array(range(rows.num_rows), pa.int64())
    found = rows.select(list(table.key)).append_column("row", numbers)
    with duckdb.connect() as connection:
        connection.register("stored", found)
        connection.register("lake", keys)
        kept = arrow_table(
            connection, f"select row from stored where exists (from lake where {_equal(table.key)})"
        )
    return rows.take(kept.column("row"))
