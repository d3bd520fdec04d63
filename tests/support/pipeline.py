"""Runs the job the way a person does, and reads its tables."""

import hashlib
import json
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from typer.testing import CliRunner, Result

from extract.cli.commands import app
from extract.transform.up_to_date import note_transform, read_inputs
from extract.warehouse.factory import open_warehouse
from simulator import Simulator
from tests.support.postgres import Server

# Tables of the final schema, with their keys.
FINAL_TABLES = {
    "fixtures": "fixture_id",
    "fixture_statistics": "statistic_id",
    "fixture_events": "event_id",
    "fixture_participants": "fixture_id, participant_id",
    "fixture_scores": "score_id",
    "fixture_periods": "period_id",
    "fixture_lineups": "lineup_id",
    "fixture_player_statistics": "player_statistic_id",
    "fixture_formations": "formation_id",
    "fixture_coaches": "fixture_id, coach_id",
    "fixture_referees": "fixture_referee_id",
    "fixture_sidelined": "fixture_sidelined_id",
    "fixture_weather": "weather_id",
    "fixture_metadata": "metadata_id",
    "fixture_predictions": "prediction_id",
    "players": "player_id",
    "coaches": "coach_id",
    "referees": "referee_id",
    "venues": "venue_id",
    "stages": "stage_id",
    "rounds": "round_id",
    "groups": "group_id",
    "teams": "team_id",
    "leagues": "league_id",
    "seasons": "season_id",
    "states": "state_id",
    "types": "type_id",
}


ENGINES = ["duckdb", "postgres"]


def _thorough(engine: str) -> pytest.MarkDecorator:
    """Runs a test of each engine on this one in `make test-all` only."""
    params = [
        pytest.param(name, marks=[pytest.mark.thorough] if name == engine else [])
        for name in ENGINES
    ]
    return pytest.mark.parametrize("database", params, indirect=True)


POSTGRES_IN_TEST_ALL = _thorough("postgres")
DUCKDB_IN_TEST_ALL = _thorough("duckdb")

# To be built by `Job.transform`: every model, and the marts for people too.
EVERY_MODEL = ["--select", "path:models"]
# The core tables, without dbt's tests on the data.
CORE_MODELS = ["--exclude-resource-type", "test", "--select", "+path:models/marts/core"]


def setting(name: str) -> str:
    """The environment variable of a setting of the extractor."""
    return f"SOURCES__SPORTMONKS__{name}"


def requested_ids(api: Simulator) -> list[list[int]]:
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
        """Drops everything."""

    @abstractmethod
    def save(self, name: str) -> None:
        """Keeps a copy of the whole database until the end of the test process."""

    @abstractmethod
    def restore(self, name: str) -> None:
        """Replaces the database by the copy of that name."""

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Makes queries in the block cheap. Neither dbt nor a process may use the database."""
        yield

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

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        # Opening the file takes longer than most queries; further connections share this one's.
        with duckdb.connect(self.path):
            yield

    def close(self) -> None:
        """Closes the file, which dbt leaves open in its process."""
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

    def empty(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)

    def save(self, name: str) -> None:
        # Closing moves what is in the log into the file.
        self.close()
        shutil.copy(self.path, self.path.with_name(f"{name}.saved"))

    def restore(self, name: str) -> None:
        self.empty()
        shutil.copy(self.path.with_name(f"{name}.saved"), self.path)


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

    def save(self, name: str) -> None:
        # PostgreSQL copies a database only while no session uses it.
        self.server.end_sessions()
        self.server.create_database(f"{self.server.database}_{name}", self.server.database)

    def restore(self, name: str) -> None:
        self.server.drop_database(self.server.database)
        self.server.create_database(self.server.database, f"{self.server.database}_{name}")


@dataclass(frozen=True)
class SavedStarts:
    """Databases and working files that several tests start from, so that one run makes them.

    Attributes:
        folder: for dlt's working files.
    """

    folder: Path

    def is_saved(self, key: str) -> bool:
        return self._files(key).exists()

    def save(self, key: str, job: "Job") -> None:
        job.database.save(key)
        shutil.copytree(job.folder / "dlt", self._files(key))

    def restore(self, key: str, job: "Job") -> None:
        job.database.restore(key)
        shutil.rmtree(job.folder / "dlt", ignore_errors=True)
        shutil.copytree(self._files(key), job.folder / "dlt")

    def _files(self, key: str) -> Path:
        return self.folder / key


@dataclass
class Job:
    """The job with a database and a folder of its own for dlt's and dbt's working files.

    Attributes:
        api: the API that it fetches from.
        dbt_target: shared by the jobs of one test process, so that dbt parses the project once.
        starts: shared by the jobs of one test process.
    """

    database: Database
    folder: Path
    dbt_target: Path
    api: Simulator | None = None
    starts: SavedStarts | None = None

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
            # The same for all tests: with another one, no transform is skipped.
            "DBT_LOG_PATH": str(self.dbt_target.with_name("logs")),
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
        assert result.exit_code == code, (result.output, result.exception)
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

    def start_extracted(self) -> None:
        """Has the warehouse as after a first `extract`. This test's API sees no request."""
        self.start("extracted", self.extract)

    def start_planned(self, *arguments: str) -> None:
        """Has the warehouse as after a first `plan`. This test's API may see no request."""
        self.start(f"planned {arguments}", lambda: self.command("plan", *arguments))

    def start_with_one(self) -> None:
        """Has the warehouse as after a first `extract` of the API's first fixture."""
        assert self.api
        id = str(self.api.world.fixture_ids()[0])
        self.start("with one", lambda: self.extract("--fixture-ids", id))

    def start_transformed(self, *models: str) -> None:
        """Has the warehouse as after a first `extract` and a `transform` of these models."""

        def make() -> None:
            self.start_extracted()
            self.transform(*models)

        self.start(f"transformed {models}", make)

    def start_complete(self) -> None:
        """Has the warehouse as after a first `extract`, and a `transform` of everything now."""

        def make() -> None:
            self.start_extracted()
            self.command("transform")

        self.start("complete", make)
        # The one that made it may be hours old.
        self.note_complete_transform()

    def note_complete_transform(self) -> None:
        """As if a transform of everything had ended now."""
        now = datetime.now(UTC)
        self.query("drop table if exists sportmonks_staging.last_transform")
        with closing(open_warehouse(None)) as warehouse:
            note_transform(warehouse, read_inputs(warehouse), now, now)

    def start(self, name: str, make: Callable[[], object]) -> None:
        """Has the warehouse as after `make`, which runs once in a test process.

        Args:
            name: what `make` does. Another world or another setting makes it run again.
            make: fills the warehouse.
        """
        assert self.api and self.starts
        key = self._start_key(self.api, name)
        if self.starts.is_saved(key):
            self.starts.restore(key, self)
        else:
            make()
            self.starts.save(key, self)

    def _start_key(self, api: Simulator, name: str) -> str:
        world = api.world
        settings = {
            variable: value
            for variable, value in sorted(os.environ.items())
            if variable.startswith("SOURCES__") and variable != setting("BASE_URL")
        }
        fixtures = [world.fixture(id) for id in world.fixture_ids()]
        decisive = [name, type(self.database).__name__, fixtures, settings]
        text = json.dumps(decisive, default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.query(sql)

    def records(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table of the final schema, in the order of its key."""
        names, rows = self.database.execute(
            f"select * from {self.database.schema}.{table} order by {FINAL_TABLES[table]}"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def final_tables(self) -> dict[str, list[dict[str, Any]]]:
        with self.database.kept_open():
            return {table: self.records(table) for table in FINAL_TABLES}
