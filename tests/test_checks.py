"""dbt's tests on the large tables read what is new, and that once."""

from simulator import Simulator
from tests.job import Job

NAME = "accepted_values_fixture_statistics_location"


def test_a_check_reads_what_is_new(duckdb_job: Job, api: Simulator) -> None:
    job = duckdb_job

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
