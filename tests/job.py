"""Runs the job the way a person does, and reads its tables."""

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from typer.testing import CliRunner, Result

from extract.cli.commands import app
from simulator import Simulator
from tests.postgres import Server

# Tables of the final schema, with the column that tells their rows isolated.
FINAL_TABLES = {
    "fixtures": "fixture_id",
    "fixture_statistics": "statistic_id",
    "fixture_events": "event_id",
    "fixture_participants": "fixture_id, participant_id",
    "fixture_scores": "score_id",
    "fixture_periods": "period_id",
    "teams": "team_id",
    "leagues": "league_id",
    "seasons": "season_id",
    "states": "state_id",
    "types": "type_id",
}


# To be built by `Job.transform`: every model, and the marts for people too.
EVERY_MODEL = ["--select", "path:models"]


def setting(name: str) -> str:
    """The environment variable of a setting of the extractor."""
    return f"SOURCES__SPORTMONKS__{name}"


def asked(api: Simulator) -> list[list[int]]:
    """The ids of each request to the multi endpoint."""
    paths = (request["path"] for request in api.control.requests())
    found = (re.search(r"multi/([0-9,]+)", path) for path in paths)
    return [[int(id) for id in ids[1].split(",")] for ids in found if ids]


class Database(ABC):
    """A database of one test.

    Attributes:
        schema: schema of the final tables. SQL of the tests says `sportmonks` for it.
    """

    schema = "sportmonks"

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The variables that lead the job here."""

    @abstractmethod
    def execute(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns' names and the rows of a statement, times in UTC."""

    @abstractmethod
    def empty(self) -> None:
        """Takes everything away."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.execute(sql.replace("sportmonks", self.schema))[1]

    def tables(self) -> list[str]:
        """The tables and views of the job, with their schemas."""
        return [
            f"{schema}.{table}"
            for schema, table in self.execute(
                "select table_schema, table_name from information_schema.tables "
                f"where table_schema like '{self.schema}%' order by 1, 2"
            )[1]
        ]


class DuckDb(Database):
    """A file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def environment(self) -> dict[str, str]:
        return {"TARGET": "duckdb", "DUCKDB_PATH": str(self.path)}

    def execute(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with duckdb.connect(self.path) as connection:
            connection.execute("set timezone = 'UTC'")
            cursor = connection.execute(sql)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()

    def close(self) -> None:
        """Closes the file, which dbt leaves open in its process."""
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

    def empty(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)


class Postgres(Database):
    """Schemas of its own on the server."""

    def __init__(self, server: Server, schema: str) -> None:
        self.server = server
        self.schema = schema

    def environment(self) -> dict[str, str]:
        return {**self.server.environment(), "SPORTMONKS_SCHEMA": self.schema}

    def execute(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column.name for column in cursor.description or ()]
            return names, cursor.fetchall() if names else []

    def empty(self) -> None:
        for suffix in ("_raw_staging", "_staging", "_raw", ""):
            self.execute(f"drop schema if exists {self.schema}{suffix} cascade")


@dataclass
class Job:
    """The job with a database and a folder of its own for dlt's and dbt's working files."""

    database: Database
    folder: Path
    # Shared by the jobs of one test process, so that dbt parses the project once.
    dbt_target: Path

    def environment(self, base_url: str, token: str) -> dict[str, str]:
        return {
            **self.database.environment(),
            "SOURCES__SPORTMONKS__BASE_URL": base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": token,
            "SOURCES__SPORTMONKS__BACKOFF": "0.01",
            # Any later answer confirms an emptiness; tests of the time set it.
            "SOURCES__SPORTMONKS__CONFIRM_AFTER": "0",
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "DBT_TARGET_PATH": str(self.dbt_target),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "NO_COLOR": "1",
        }

    def any_code(self, *arguments: str, stdin: str | None = None) -> Result:
        """Runs `python -m extract …` in this process."""
        before = dict(os.environ)
        try:
            return CliRunner().invoke(app, list(arguments), input=stdin)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def command(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        """The same, and checks its exit code."""
        result = self.any_code(*arguments, stdin=stdin)
        assert result.exit_code == code, result.output or result.exception
        return result

    def extract(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        return self.command("extract", *arguments, code=code, stdin=stdin)

    def transform(self, *arguments: str, code: int = 0) -> Result:
        """Builds the core tables, or what is selected, without dbt's tests on the data.

        And without the files that it writes about itself, which take a third of its time here.
        """
        options = ["--quiet", "--no-write-json", "--log-level-file", "none"]
        models = ["--exclude-resource-type", "test"]
        if "--select" not in arguments:
            models += ["--select", "+path:models/marts/core"]
        return self.command("transform", *options, *models, *arguments, code=code)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.query(sql)

    def records(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table of the final schema, in the order of its key."""
        names, rows = self.database.execute(
            f"select * from {self.database.schema}.{table} order by {FINAL_TABLES[table]}"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def final_tables(self) -> dict[str, list[dict[str, Any]]]:
        return {table: self.records(table) for table in FINAL_TABLES}
