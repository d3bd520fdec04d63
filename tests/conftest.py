import gc
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import ENGINES, Database, DuckDb, Job, Postgres, SavedStarts
from tests.support.postgres import Server, running_server

# dlt and dbt keep much of what they make: looking for garbage among it took a tenth of all time.
gc.set_threshold(50_000, 10, 10)


# How many random cases `--everything` tries of each kind, unless the environment says otherwise.
RANDOM_CASES = {
    "SEQUENCES": 12,
    "KILLS": 10,
    "CASES": 2000,
    "EXAMPLES": 1000,
    "INTERRUPTIONS": 5,
    "DAYS": 3,
}
# The folder in memory that Linux has, and the bytes that must be free there.
MEMORY = Path("/dev/shm")  # noqa: S108
ROOM = 4 * 2**30
# Who uses one of these runs the whole job, or a database server.
PIPELINE_FIXTURES = {"dbt_targets", "server", "clone"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="also run the tests marked `thorough`, and many random cases of each kind",
    )
    parser.addoption(
        "--fast",
        action="store_true",
        help="run only the tests that need neither dlt, dbt nor a database server",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("everything"):
        for name, count in RANDOM_CASES.items():
            os.environ.setdefault(name, str(count))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what the options do not ask for."""

    def is_left_out(item: pytest.Item) -> bool:
        fixtures = set(getattr(item, "fixturenames", ()))
        if config.getoption("fast"):
            return bool(fixtures & PIPELINE_FIXTURES or item.get_closest_marker("slow"))
        return not config.getoption("everything") and bool(item.get_closest_marker("thorough"))

    left_out = [item for item in items if is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture
def api() -> Iterator[Simulator]:
    """A small API: two leagues with one season each."""
    simulator = Simulator(seed=11, leagues=2, seasons=1, teams=6).start()
    yield simulator
    # That takes a fifth of a second of waiting, in which the next test may begin.
    threading.Thread(target=simulator.stop).start()


@pytest.fixture(scope="session")
def dbt_targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it parsed and compiled, a folder for each way to reach a database.

    Another file, host or user makes dbt parse the whole project anew, and so does going back.
    """
    return tmp_path_factory.mktemp("dbt_targets")


@pytest.fixture(scope="session")
def starts(memory: Path) -> SavedStarts:
    """Databases that several tests of a process start from."""
    return SavedStarts(memory / "starts")


@pytest.fixture(scope="session")
def server(testrun_uid: str) -> Iterator[Server]:
    """A PostgreSQL server, and a database of its own for this test process."""
    running = running_server(testrun_uid)
    server = replace(running, database=f"test_{secrets.token_hex(5)}")
    running.create_database(server.database)
    yield server
    databases = "select datname from pg_database where datname like %s"
    for (name,) in running.query(databases, [f"{server.database}%"]):
        running.drop_database(name)


@pytest.fixture(scope="session")
def schema() -> str:
    """A schema's name, the same for all tests of a process: another one makes dbt parse anew."""
    return f"sportmonks_{secrets.token_hex(5)}"


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder, in memory where there is room.

    DuckDB waits for the disk at each commit, of which dbt makes hundreds, and dlt moves many small
    files. The tests kill the job, not the machine.
    """
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    with tempfile.TemporaryDirectory(dir=MEMORY if has_room else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def duckdb_file(memory: Path) -> Path:
    """A file's name, the same for all tests of a process: another one makes dbt parse anew."""
    return memory / "football.duckdb"


@pytest.fixture
def duckdb(duckdb_file: Path) -> Iterator[DuckDb]:
    """A DuckDB file that is not there yet."""
    duckdb = DuckDb(duckdb_file)
    yield duckdb
    duckdb.empty()


@pytest.fixture
def postgres(server: Server, schema: str) -> Iterator[Postgres]:
    """Empty schemas on a PostgreSQL server."""
    postgres = Postgres(server, schema)
    yield postgres
    postgres.empty()


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of each engine."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
def job_folder(memory: Path) -> Iterator[Path]:
    """For the working files of a test's job."""
    with tempfile.TemporaryDirectory(dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def job_on(
    api: Simulator,
    job_folder: Path,
    dbt_targets: Path,
    starts: SavedStarts,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Database], Job]:
    """Sets the job up to read from that API and to write to a database."""

    def set_up(database: Database) -> Job:
        job = Job(database, job_folder, dbt_targets / type(database).__name__, api, starts)
        for name, value in job.environment(api.base_url, api.token).items():
            monkeypatch.setenv(name, value)
        return job

    return set_up


@pytest.fixture
def duckdb_job(job_on: Callable[[Database], Job], duckdb: DuckDb) -> Job:
    """The job on DuckDB, where the engine does not matter."""
    return job_on(duckdb)


@pytest.fixture
def postgres_job(job_on: Callable[[Database], Job], postgres: Postgres) -> Job:
    """The job on PostgreSQL, for what a DuckDB file, with one process at a time, does not have."""
    return job_on(postgres)


@pytest.fixture
def job(job_on: Callable[[Database], Job], database: Database) -> Job:
    """The job on each engine."""
    return job_on(database)
