"""Reads the lake, and compares it with the raw tables."""

from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from extract.lake.tables import TABLES, LakeTable
from tests.support.pipeline import Job

Rows = list[dict[str, Any]]


class Lake:
    """The lake of one test: a folder.

    Attributes:
        path: the folder.
        schema: schema of the final tables.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self.schema = schema

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def table(self, name: str) -> DeltaTable:
        return DeltaTable(self.path / f"{self.schema}_raw" / name)

    def rows(self, table: LakeTable) -> Rows:
        rows: Rows = self.table(table.name).to_pyarrow_table().to_pylist()
        return in_order(table, rows)

    def versions(self) -> dict[str, int]:
        return {table.name: self.table(table.name).version() for table in TABLES}


def raw_rows(job: Job, table: LakeTable) -> Rows:
    """The rows of a raw table, with JSON as text."""
    texts = {column.name for column in table.schema if str(column.type) == "string"}
    columns = ", ".join(
        f"cast({name} as text) as {name}" if name in texts else name for name in table.schema.names
    )
    names, rows = job.database.execute(
        f"select {columns} from {job.database.schema}_raw.{table.name}"
    )
    return in_order(table, [dict(zip(names, row, strict=True)) for row in rows])


def in_order(table: LakeTable, rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: [row[name] for name in table.key])


def assert_is_copy(lake: Lake, job: Job) -> None:
    """Every raw table is in the lake: the same rows, value for value."""
    with job.database.kept_open():
        for table in TABLES:
            assert lake.rows(table) == raw_rows(job, table), table.name
