"""The driver or a worker is killed during a build. No version of a table is half written.

The next build ends with the tables that DuckDB has.

`SPARK_KILLS=20` kills as many builds, each at another moment.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import pytest

from simulator import Simulator
from tests.support.processes import start_in_group
from tests.support.spark_cluster import read_events, tasks_by_executor
from tests.support.spark_job import Rows, SparkJob

pytestmark = pytest.mark.thorough

KILLS = int(os.environ.get("SPARK_KILLS", "2"))
# Some of the tables, with those that they are made from: a kill in one of them is a kill in any.
MODELS = ["--select", "+team_fixtures", "--exclude-resource-type", "test"]
# A build commits more often than that.
MOST_COMMITS = 12


def test_killed_builds_leave_whole_tables(spark_job: SparkJob, league: Simulator) -> None:
    job = spark_job.job
    job.extract()
    job.command("transform", *MODELS)
    spark_job.copy()
    for seed in range(KILLS):
        _kill_driver(spark_job, random.Random(seed))
    _finish(spark_job)
    first = spark_job.versions()
    spark_job.assert_same(_newest(first))

    _correct(league)
    job.extract("--force")
    job.command("transform", *MODELS)
    spark_job.copy()
    for seed in range(KILLS):
        _kill_driver(spark_job, random.Random(seed + KILLS))
    _finish(spark_job)
    second = spark_job.versions()
    spark_job.assert_same(_newest(second))

    # Each version that readers could see has the rows before or after the update.
    for table, versions in second.items():
        whole = [_texts(first[table][-1]), _texts(versions[-1])]
        seen = [_texts(rows) for rows in versions]
        assert all(rows in whole for rows in seen), (table, [len(rows) for rows in seen])
    assert any(len(versions) > 1 for versions in second.values())


def test_a_build_that_loses_a_worker_ends_right(spark_job: SparkJob) -> None:
    job, cluster = spark_job.job, spark_job.cluster
    job.extract()
    job.command("transform", *MODELS)
    spark_job.copy()
    lost = len(cluster.workers) - 1
    events = set(cluster.event_log.iterdir())

    def both_work() -> bool:
        """Whether each worker has done tasks of this build."""
        logs = set(cluster.event_log.iterdir()) - events
        return any(len(tasks_by_executor(read_events(log))) > 1 for log in logs)

    try:
        output = _finish(spark_job, both_work, lambda: cluster.kill_worker(lost))
        assert len(cluster.alive_workers()) == 1, output
    finally:
        cluster.start_workers(1)
    spark_job.assert_same(_newest(spark_job.versions()))


def _kill_driver(spark_job: SparkJob, chance: random.Random) -> None:
    """Kills a build, with Java, somewhere behind one of its commits."""
    process = _start(spark_job)
    wanted = _commits(spark_job) + chance.randint(1, MOST_COMMITS)
    _wait_until(lambda: _commits(spark_job) >= wanted or process.poll() is not None)
    time.sleep(chance.random() * 2)
    # The build may have ended.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _finish(
    spark_job: SparkJob,
    when: Callable[[], bool] | None = None,
    then: Callable[[], None] = lambda: None,
) -> str:
    """Builds to the end; does something as soon as something is so."""
    process = _start(spark_job)
    if when:
        _wait_until(lambda: when() or process.poll() is not None)
        assert process.poll() is None, "the build ended before"
        then()
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


def _start(spark_job: SparkJob) -> subprocess.Popen[str]:
    with spark_job.on_spark():
        return start_in_group(spark_job.folder, "transform", "--quiet", *MODELS)


def _wait_until(is_so: Callable[[], bool], seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


def _commits(spark_job: SparkJob) -> int:
    """The commits of all tables but the raw ones."""
    schema = spark_job.job.database.schema
    folders = (spark_job.lake / schema, spark_job.lake / f"{schema}_staging")
    return sum(len(list(folder.glob("*/_delta_log/*.json"))) for folder in folders)


def _correct(league: Simulator) -> None:
    """Changes some fixtures: statistics, events, scores."""
    ids = league.world.fixture_ids()
    fixtures = [league.control.fixture(id, "events;statistics") for id in ids]
    played = [row for row in fixtures if len(row["events"]) > 1 and row["statistics"]]
    for fixture in played[:3]:
        league.control.correct_statistic(fixture["id"], fixture["statistics"][0]["id"], 98)
        league.control.remove_event(fixture["id"], fixture["events"][0]["id"])


def _newest(versions: Mapping[str, Sequence[Rows]]) -> dict[str, Rows]:
    return {table: rows[-1] for table, rows in versions.items()}


def _texts(rows: Rows) -> list[str]:
    return sorted(map(repr, rows))
