"""Runs the job the way a person does, and reads its tables."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from typer.testing import CliRunner, Result

from extract.cli import app

# Tables of the final schema, with the column that tells their rows apart.
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


@dataclass
class Job:
    """The job in a folder of its own: a DuckDB file, dlt's and dbt's working files."""

    folder: Path
    # Shared by the jobs of one test process, so that dbt parses the project once.
    dbt_target: Path

    @property
    def database(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def environment(self, base_url: str, token: str) -> dict[str, str]:
        return {
            "TARGET": "duckdb",
            "DUCKDB_PATH": str(self.database),
            "SOURCES__SPORTMONKS__BASE_URL": base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": token,
            "SOURCES__SPORTMONKS__BACKOFF": "0.01",
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "DBT_TARGET_PATH": str(self.dbt_target),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "NO_COLOR": "1",
        }

    def command(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        """Runs `python -m extract …` in this process and checks its exit code."""
        before = dict(os.environ)
        try:
            result = CliRunner().invoke(app, list(arguments), input=stdin)
        finally:
            os.environ.clear()
            os.environ.update(before)
        assert result.exit_code == code, result.output
        return result

    def extract(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        return self.command("run", *arguments, code=code, stdin=stdin)

    def transform(self, *arguments: str, code: int = 0) -> Result:
        return self.command("transform", "--quiet", *arguments, code=code)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.database) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql).fetchall()

    def records(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table of the final schema, in the order of its key."""
        with duckdb.connect(self.database) as connection:
            connection.execute("set timezone = 'UTC'")
            key = FINAL_TABLES[table]
            cursor = connection.execute(f"select * from sportmonks.{table} order by {key}")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def final_tables(self) -> dict[str, list[dict[str, Any]]]:
        return {table: self.records(table) for table in FINAL_TABLES}
