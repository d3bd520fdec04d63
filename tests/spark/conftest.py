from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import DuckDb, Job
from tests.support.spark_cluster import Cluster, missing, running_cluster
from tests.support.spark_job import SparkJob

# A league is small, because what Spark needs for a table depends little on its rows.
CLOCK = "2026-03-14T15:20:00Z"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Spark master and two workers, for all tests of a process."""
    if reason := missing():
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("spark")
    with running_cluster(folder / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def kept_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One session of Spark serves all commands of a test module: a start takes seconds.

    It has all cores of the cluster until the module ends.
    """
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(SparkSession, "stop", lambda _: None)
        # With the list of tables.
        patches.setattr("extract.config.paths._SPARK_FOLDER", tmp_path_factory.mktemp("session"))
        yield
    if session := SparkSession.getActiveSession():
        session.stop()


@pytest.fixture
def league() -> Iterator[Simulator]:
    with Simulator(seed=4, leagues=1, seasons=1, teams=4, clock=CLOCK) as api:
        yield api


@pytest.fixture
def spark_job(
    cluster: Cluster,
    league: Simulator,
    duckdb: DuckDb,
    job_folder: Path,
    dbt_targets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[SparkJob]:
    """Runs the job on DuckDB and on the cluster, with an empty lake for each test."""
    job = Job(duckdb, job_folder, dbt_targets / "DuckDb", league)
    for name, value in job.environment(league.base_url, league.token).items():
        monkeypatch.setenv(name, value)
    # Each run looks for fixtures that are new, and that are deleted.
    monkeypatch.setenv("SOURCES__SPORTMONKS__LISTING_MAX_AGE", "0")
    yield SparkJob(job, tmp_path / "lake", cluster, dbt_targets / "Spark", tmp_path)
    from pyspark.sql import SparkSession

    # A kept session knows the tables of this lake, and the next test has another one.
    if session := SparkSession.getActiveSession():
        for schema in (job.database.schema, f"{job.database.schema}_staging"):
            session.sql(f"drop schema if exists {schema} cascade")
