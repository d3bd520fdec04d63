import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator import Simulator
from tests.job import Database, DuckDb, Job, Postgres
from tests.postgres import Server, running_server

ENGINES = ["duckdb", "postgres"]


@pytest.fixture
def api() -> Iterator[Simulator]:
    """A small API: two leagues with one season each."""
    with Simulator(seed=11, leagues=2, seasons=1, teams=6) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def dbt_targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it parsed and compiled, a folder an engine."""
    return tmp_path_factory.mktemp("dbt_targets")


@pytest.fixture(scope="session")
def server(testrun_uid: str) -> Server:
    """A PostgreSQL server."""
    return running_server(testrun_uid)


@pytest.fixture(scope="session")
def schema() -> str:
    """A schema's name, the same for all tests of a process: another one makes dbt parse anew."""
    return f"sportmonks_{secrets.token_hex(5)}"


@pytest.fixture
def postgres(server: Server, schema: str) -> Iterator[Postgres]:
    """Empty schemas on a PostgreSQL server."""
    postgres = Postgres(server, schema)
    yield postgres
    postgres.empty()


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of each engine."""
    if request.param == "duckdb":
        return DuckDb(tmp_path / "warehouse.duckdb")
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres


@pytest.fixture
def job_on(
    api: Simulator, tmp_path: Path, dbt_targets: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Database], Job]:
    """Sets the job up to ask that API and to write to a database."""

    def set_up(database: Database) -> Job:
        job = Job(database, tmp_path, dbt_targets / type(database).__name__)
        for name, value in job.environment(api.base_url, api.token).items():
            monkeypatch.setenv(name, value)
        return job

    return set_up


@pytest.fixture
def duckdb_job(job_on: Callable[[Database], Job], tmp_path: Path) -> Job:
    """The job on DuckDB, where the engine does not matter."""
    return job_on(DuckDb(tmp_path / "warehouse.duckdb"))


@pytest.fixture
def postgres_job(job_on: Callable[[Database], Job], postgres: Postgres) -> Job:
    """The job on PostgreSQL, for what a DuckDB file, with one process at a time, does not have."""
    return job_on(postgres)


@pytest.fixture
def job(job_on: Callable[[Database], Job], database: Database) -> Job:
    """The job on each engine."""
    return job_on(database)
