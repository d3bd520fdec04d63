"""A written report, with hostile names in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

# Names that look like markup, or that control a terminal.
MARKUP = "<img src=x onerror=\"document.title='taken over'\">"
CONTROLS = "\x1b[31mRed\x1b[0m \u202eCF \u2028</script>"
PLAYER = "<script>document.title='taken over'</script> Håkan"


@dataclass(frozen=True)
class World:
    """A written report, and the warehouse that it was made from.

    Attributes:
        folder: the report.
        database: a copy of the warehouse.
        connection: the warehouse.
        named: the ids of the teams with hostile names, by name.
    """

    folder: Path
    database: Path
    connection: duckdb.DuckDBPyConnection
    named: dict[str, int]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        ((value,),) = self.query(sql)
        return value

    def records(self, sql: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
