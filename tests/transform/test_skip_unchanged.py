"""A transform is skipped when nothing changed since the last one."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from extract.transform.up_to_date import (
    PROJECT,
    REDIRECTING,
    LastBuild,
    find_current_build,
)
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, requested_ids

NOTHING = "Nothing has changed since the transform"


def standing(job: Job) -> LastBuild | None:
    return find_current_build(lambda line: None, wait=True)


def note(job: Job) -> None:
    job.note_complete_transform()
    assert standing(job)


def test_dbt_is_skipped_when_nothing_changed(duckdb_job: Job, api: Simulator) -> None:
    job = duckdb_job
    job.start_complete()
    output = job.command("transform").output
    assert NOTHING in output
    assert "live_fixtures_are_recent found " in output
    assert "in the provider's data: `sportmonks report` shows" in output
    calls = len(requested_ids(api))
    job.extract()
    assert len(requested_ids(api)) == calls
    assert NOTHING in job.command("transform").output


@POSTGRES_IN_TEST_ALL
def test_every_kind_of_change_is_detected(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.start_transformed()
    first, second, *_ = api.world.fixture_ids()
    later = "interval '1 second'"
    changes: dict[str, Callable[[], object]] = {
        "a fixture was asked for, and is the same": lambda: job.extract(
            "--force", "--fixture-ids", str(first)
        ),
        "a row is gone": lambda: job.query(
            f"delete from sportmonks_raw.fixtures where id = {first}"
        ),
        "a list was read": lambda: job.query(
            f"update sportmonks_raw.fixture_index set last_seen_at = last_seen_at + {later} "
            f"where id = {second}"
        ),
        "a late load, which changes no count and no latest time": lambda: job.query(
            f"update sportmonks_raw.fixture_checks set checked_at = checked_at - {later} "
            f"where id = {second}"
        ),
        "a view was dropped": lambda: job.database.execute(
            f"drop view {job.database.schema}_staging.stg_sportmonks__types"
        ),
        "dbt has built something": lambda: job.transform("--select", "+types"),
        "a column was dropped": lambda: job.query("alter table sportmonks.types drop column code"),
        "a variable of dbt": lambda: monkeypatch.setenv("DBT_FULL_REFRESH", "true"),
        "a raw table was dropped": lambda: job.query(
            "drop table sportmonks_raw.listing_log cascade"
        ),
    }  # fmt: skip
    note(job)
    for name in REDIRECTING:
        monkeypatch.setenv(name, "of another project")
    assert standing(job)
    for name in REDIRECTING:
        monkeypatch.delenv(name)
    for change, make in changes.items():
        note(job)
        make()
        assert not standing(job), change


def test_a_change_of_the_project_is_detected(
    duckdb_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_transformed()
    note(duckdb_job)
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr("extract.transform.up_to_date.PROJECT", project)
    assert standing(duckdb_job)
    (project / "models" / "mine.sql").write_text("select 1 as one")
    assert not standing(duckdb_job)
    note(duckdb_job)
    monkeypatch.setenv("ANALYST_ROLE", "analyst")
    assert not standing(duckdb_job)


def test_time_dependent_checks_run_every_hour(duckdb_job: Job) -> None:
    duckdb_job.start_transformed()
    note(duckdb_job)
    for hours, stands in [(0.9, True), (1.1, False), (-0.1, False)]:
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours)):
            assert bool(standing(duckdb_job)) == stands, hours


@pytest.mark.thorough
def test_a_failed_transform_is_not_recorded(duckdb_job: Job) -> None:
    duckdb_job.start_transformed()
    note(duckdb_job)
    # The contract wants it.
    duckdb_job.query("alter table sportmonks.seasons drop column name cascade")
    duckdb_job.command("transform", code=1)
    assert not standing(duckdb_job)
