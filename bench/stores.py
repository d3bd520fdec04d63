"""The databases of the baselines: bulk loads, one transaction for each group of fixtures."""

import io
from dataclasses import dataclass, field

import duckdb
import psycopg2
import pyarrow as pa
import pyarrow.csv


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: name and type of each; the type `json` is `jsonb` on PostgreSQL.
        key: the columns of its primary key.
        indexes: the columns of each further index, joined by commas; PostgreSQL only.
    """

    name: str
    columns: dict[str, str]
    key: list[str]
    indexes: list[str] = field(default_factory=list)

    @property
    def fixture_id(self) -> str:
        """The column that has the id of the fixture."""
        return "fixture_id" if "fixture_id" in self.columns else "id"


class DuckDbStore:
    """A file.

    Args:
        path: of the file.
        tables: that it has, made if they are missing. One of them is `payloads`.
    """

    def __init__(self, path: str, tables: list[Table]) -> None:
        self._connection = duckdb.connect(path)
        self._connection.execute("set timezone = 'UTC'")
        self._tables = tables
        for table in tables:
            columns = ", ".join(f"{name} {type}" for name, type in table.columns.items())
            key = ", ".join(table.key)
            self._connection.execute(
                f"create table if not exists {table.name} ({columns}, primary key ({key}))"
            )

    def hashes(self) -> dict[int, str]:
        """The hash of each stored fixture."""
        return dict(self._connection.execute("select id, hash from payloads").fetchall())

    def replace(self, stored: list[int], rows: dict[str, pa.Table]) -> None:
        """Replaces rows in one transaction.

        Args:
            stored: ids of fixtures that are stored; their rows are deleted.
            rows: new rows of each table.
        """
        connection = self._connection
        connection.execute("begin")
        connection.register("stored", pa.table({"id": pa.array(stored, pa.int64())}))
        for table in self._tables:
            if stored:
                connection.execute(
                    f"delete from {table.name} where {table.fixture_id} in (select id from stored)"
                )
            connection.register("new", rows[table.name])
            connection.execute(f"insert into {table.name} by name select * from new")
        connection.execute("commit")

    def close(self) -> None:
        """Writes what is still in the log to the file."""
        self._connection.close()


class PostgresStore:
    """A schema on the server of the `PG*` variables.

    Args:
        schema: its name.
        tables: that it has, made if they are missing. One of them is `payloads`.
    """

    def __init__(self, schema: str, tables: list[Table]) -> None:
        self._connection = psycopg2.connect("", options="-c timezone=UTC")
        self._tables = tables
        with self._connection.cursor() as cursor:
            cursor.execute(f"create schema if not exists {schema}; set search_path to {schema}")
            for table in tables:
                columns = ", ".join(
                    f"{name} {'jsonb' if type == 'json' else type}"
                    for name, type in table.columns.items()
                )
                cursor.execute(f"create table if not exists {table.name} ({columns})")
        self._connection.commit()

    def hashes(self) -> dict[int, str]:
        """The hash of each stored fixture."""
        with self._connection.cursor() as cursor:
            cursor.execute("select id, hash from payloads")
            return dict(cursor.fetchall())

    def replace(self, stored: list[int], rows: dict[str, pa.Table]) -> None:
        """Replaces rows in one transaction.

        Args:
            stored: ids of fixtures that are stored; their rows are deleted.
            rows: new rows of each table.
        """
        with self._connection.cursor() as cursor:
            for table in self._tables:
                if stored:
                    cursor.execute(
                        f"delete from {table.name} where {table.fixture_id} = any(%s)", (stored,)
                    )
                names = ", ".join(rows[table.name].column_names)
                text = io.BytesIO()
                options = pa.csv.WriteOptions(include_header=False)
                pa.csv.write_csv(rows[table.name], text, options)
                text.seek(0)
                cursor.copy_expert(f"copy {table.name} ({names}) from stdin (format csv)", text)
        self._connection.commit()

    def close(self) -> None:
        """Adds keys and indexes that are missing: after the first load, when it takes less time."""
        with self._connection.cursor() as cursor:
            for table in self._tables:
                cursor.execute(
                    "select 1 from pg_constraint where conrelid = %s::regclass and contype = 'p'",
                    (table.name,),
                )
                if not cursor.fetchone():
                    key = ", ".join(table.key)
                    cursor.execute(f"alter table {table.name} add primary key ({key})")
                for number, columns in enumerate(table.indexes):
                    cursor.execute(
                        f"create index if not exists {table.name}_{number} "
                        f"on {table.name} ({columns})"
                    )
        self._connection.commit()
        self._connection.close()
