"""The tables on Spark equal those on DuckDB, value for value, whatever has happened before."""

import os
import time
from typing import Any

import pytest
from rich.console import Console

from extract.cli.messages import Messages
from extract.cli.progress_bar import ConsoleProgress
from extract.lake.maintenance import maintain_final_tables
from simulator import Simulator
from tests.support.pipeline import EVERY_MODEL, setting
from tests.support.spark_cluster import read_events, tasks_by_executor
from tests.support.spark_job import SparkJob

pytestmark = pytest.mark.usefixtures("kept_session")


# As many as a run in CI has time for: Spark needs seconds for each table.
CORE = [
    "--select",
    "+fixtures",
    "+fixture_statistics",
    "+fixture_events",
    "+int_fixture_corrections",
]
INCLUDE = "participants;scores;statistics;events;periods"


def test_core_tables_equal_duckdbs_after_corrections(
    spark_job: SparkJob, league: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), INCLUDE)
    spark_job.job.extract()
    spark_job.build(*CORE)
    spark_job.assert_same()

    # What builds that were killed may leave of a work table, or are about to read elsewhere.
    staging = spark_job.lake / f"{spark_job.job.database.schema}_staging"
    leftover, used = (staging / f"work__fixtures__changes__{name}" for name in ("old", "new"))
    for folder in (leftover, used):
        folder.mkdir(parents=True)
        (folder / "part-00000.parquet").write_bytes(b"half a file")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(leftover / "part-00000.parquet", (two_days_ago, two_days_ago))
    _correct(spark_job, league)
    spark_job.build(*CORE)
    spark_job.assert_same()
    assert [path.name for path in staging.glob("work__*")] == [used.name]

    progress = ConsoleProgress(Messages(Console(stderr=True)))
    before = spark_job.data_files()
    with spark_job.on_spark():
        maintained = maintain_final_tables(progress, keep_hours=0)
    after = spark_job.data_files()
    assert len(before - after) == maintained.removed > maintained.compacted > 0
    spark_job.assert_same()
    _assert_both_workers_worked(spark_job)
    _assert_no_file_has(league.token, spark_job)


@pytest.mark.thorough
def test_every_table_equals_duckdbs_after_whatever_happened(
    spark_job: SparkJob, league: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = spark_job.job
    monkeypatch.setenv(setting("INCLUDE"), INCLUDE)
    job.extract()
    spark_job.build()
    spark_job.assert_same()

    corrected = _correct(spark_job, league)
    spark_job.build()
    spark_job.assert_same()
    assert spark_job.rows(f"{job.database.schema}_staging.int_fixture_invalid_values")

    # What was wrong is right again, and an include is added.
    for id in corrected:
        league.control.restore(id)
    monkeypatch.delenv(setting("INCLUDE"))
    job.extract("--force")
    spark_job.build()
    spark_job.assert_same()
    built = {table: _sorted(spark_job, table) for table in spark_job.tables()}

    spark_job.build_on_spark(*EVERY_MODEL, "--full-refresh")
    for table, rows in built.items():
        assert _sorted(spark_job, table) == rows, table
    _assert_both_workers_worked(spark_job)
    _assert_no_file_has(league.token, spark_job)


def _correct(spark_job: SparkJob, league: Simulator) -> list[int]:
    """Makes one correction of each kind, each in another fixture; returns those fixtures."""
    job, control = spark_job.job, league.control
    played = _played(league)
    control.remove_event(played[0]["id"], played[0]["events"][0]["id"])
    control.empty(played[1]["id"], "events")
    control.set_null(played[2]["id"], "statistics")
    control.drop_key(played[3]["id"], "events")
    control.correct_statistic(played[4]["id"], played[4]["statistics"][0]["id"], 99)
    control.reissue(played[5]["id"])
    control.withdraw(played[6]["id"])
    others = set(league.world.fixture_ids()) - {row["id"] for row in played}
    # Two fixtures claim an id: the newer payload has it.
    claimed = {**played[7]["events"][0], "minute": 44}
    control.update(played[8]["id"], {"events": [*played[8]["events"], claimed]})
    control.update(played[9]["id"], _quarantined(played[9]))
    job.extract("--force")
    job.query(f"delete from sportmonks_raw.fixtures where id = {min(others)}")
    return [fixture["id"] for fixture in played[:10]]


def _assert_both_workers_worked(spark_job: SparkJob) -> None:
    found = tasks_by_executor(read_events(spark_job.cluster.event_log))
    assert set(found) == {"0", "1"}, found


def _assert_no_file_has(token: str, spark_job: SparkJob) -> None:
    """Of the cluster, the lake and dbt."""
    places = (spark_job.cluster.folder, spark_job.lake, spark_job.dbt_target)
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert len(files) > 100
    assert not [file for file in files if token.encode() in file.read_bytes()]


def _played(league: Simulator) -> list[dict[str, Any]]:
    """Fixtures that have events and statistics."""
    ids = league.world.fixture_ids()
    fixtures = [league.control.fixture(id, "events;statistics") for id in ids]
    return [row for row in fixtures if len(row["events"]) > 1 and row["statistics"]]


def _quarantined(fixture: dict[str, Any]) -> dict[str, Any]:
    """Values of other types than declared, and beyond what a column can hold."""
    first, second, *others = fixture["statistics"]
    return {
        "statistics": [{**first, "id": "none"}, {**second, "participant_id": 2**63}, *others],
        "events": [{**fixture["events"][0], "minute": "ninety"}, "no object"],
        "venue_id": 1.5,
        "starting_at_timestamp": "soon",
    }


def _sorted(spark_job: SparkJob, table: str) -> list[str]:
    return sorted(map(repr, spark_job.rows(table)))
