import secrets
from collections.abc import Iterator
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
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it parsed and compiled."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture(scope="session")
def server(testrun_uid: str) -> Server:
    """A PostgreSQL server."""
    return running_server(testrun_uid)


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each engine."""
    if request.param == "duckdb":
        yield DuckDb(tmp_path / "warehouse.duckdb")
    else:
        postgres = Postgres(
            request.getfixturevalue("server"), f"sportmonks_{secrets.token_hex(5)}"
        )
        yield postgres
        postgres.drop()


@pytest.fixture
def job(
    api: Simulator,
    database: Database,
    tmp_path: Path,
    dbt_target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Job:
    """The job, set up to ask that API and to write to that database."""
    job = Job(database, tmp_path, dbt_target)
    for name, value in job.environment(api.base_url, api.token).items():
        monkeypatch.setenv(name, value)
    return job
