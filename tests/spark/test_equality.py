"""The tables on Spark equal those on DuckDB, value for value, whatever has happened before."""

from typing import Any

import pytest

from simulator import Simulator
from tests.support.pipeline import setting
from tests.support.spark_cluster import read_events, tasks_by_executor
from tests.support.spark_job import SparkJob

pytestmark = pytest.mark.usefixtures("kept_session")


def test_spark_equals_duckdb(
    spark_job: SparkJob, league: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, control = spark_job.job, league.control
    monkeypatch.setenv(setting("INCLUDE"), "participants;scores;statistics;events;periods")
    job.extract()
    spark_job.build()
    spark_job.assert_same()

    # One correction of each kind, each in another fixture.
    played = _played(league)
    control.remove_event(played[0]["id"], played[0]["events"][0]["id"])
    control.empty(played[1]["id"], "events")
    control.set_null(played[2]["id"], "statistics")
    control.drop_key(played[3]["id"], "events")
    control.correct_statistic(played[4]["id"], played[4]["statistics"][0]["id"], 99)
    reissued = control.reissue(played[5]["id"])
    control.withdraw(played[6]["id"])
    others = set(league.world.fixture_ids()) - {row["id"] for row in played}
    deleted = min(others)
    # Two fixtures claim an id: the newer payload has it.
    claimed = {**played[7]["events"][0], "minute": 44}
    control.update(played[8]["id"], {"events": [*played[8]["events"], claimed]})
    control.update(played[9]["id"], _quarantined(played[9]))
    job.extract("--force")
    job.query(f"delete from sportmonks_raw.fixtures where id = {deleted}")
    spark_job.build()
    spark_job.assert_same()
    ids = {row["fixture_id"] for row in spark_job.rows(f"{job.database.schema}.fixtures")}
    assert reissued in ids and deleted not in ids
    quarantined = f"{job.database.schema}_staging.int_fixture_invalid_values"
    assert spark_job.rows(quarantined)

    # What was wrong is right again, and an include is added.
    for fixture in played[:10]:
        control.restore(fixture["id"])
    monkeypatch.delenv(setting("INCLUDE"))
    job.extract("--force")
    spark_job.build()
    spark_job.assert_same()
    built = {table: _sorted(spark_job, table) for table in spark_job.tables()}

    spark_job.build_on_spark("--full-refresh")
    for table, rows in built.items():
        assert _sorted(spark_job, table) == rows, table

    cluster = spark_job.cluster
    assert set(tasks_by_executor(read_events(cluster.event_log))) == {"0", "1"}
    token = league.token.encode()
    places = (cluster.folder, spark_job.lake, spark_job.dbt_target)
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert len(files) > 100
    assert not [file for file in files if token in file.read_bytes()]


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
