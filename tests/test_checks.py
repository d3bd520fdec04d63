"""dbt's tests on the large tables read what is new, and that once."""

from pathlib import Path

import pytest

from simulator import Simulator
from tests.job import Job

NAME = "accepted_values_fixture_statistics_location"


def test_a_check_reads_what_is_new(job: Job, api: Simulator) -> None:
    def warns(*arguments: str) -> bool:
        return f"WARN {NAME}" in job.command("transform", *arguments).output

    job.extract()
    assert not warns()
    fixture = next(f for f in map(api.control.fixture, api.world.fixture_ids()) if f["statistics"])
    fixture["statistics"][0]["location"] = "middle"
    api.control.update(fixture["id"], {"statistics": fixture["statistics"]})
    job.extract("--force", "--fixture-ids", str(fixture["id"]))
    # Although the table of fixtures does not have the new version yet.
    assert warns("--select", "fixture_statistics")
    assert warns()
    assert not warns("--select", "fixture_statistics")
    assert warns("--select", "fixture_statistics", "--full-refresh")


def test_who_reads_the_project_first_does_not_matter(
    duckdb_job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt keeps what it has read, and the report only tests."""
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    duckdb_job.command("transform")
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    duckdb_job.command("report", "--output", str(tmp_path / "report.html"))
    duckdb_job.transform("--select", "types")
