"""dbt's tests on the large tables read new rows only, and once."""

from simulator import Simulator
from tests.support.pipeline import Job

NAME = "accepted_values_fixture_statistics_location__home__away"
# What the test looks at, and what that reads; types are for another check of the statistics.
CHOSEN = [
    "--indirect-selection",
    "empty",
    "--select",
    f"+{NAME}",
    "+events_match_score",
    "+live_fixtures_are_recent",
    "+types",
]


def test_a_check_reads_new_rows_and_warns_of_new_findings(duckdb_job: Job, api: Simulator) -> None:
    job, output = duckdb_job, ""

    def warns(*arguments: str) -> bool:
        nonlocal output
        output = job.command("transform", *arguments).output
        return f"WARN {NAME}" in output

    job.start_extracted()
    assert not warns(*CHOSEN)
    # The provider's oddities are counted, until they grow; what is about the job is shown.
    oddities = job.query(
        "select count(*) from sportmonks.fixture_quality inner join sportmonks.fixtures "
        "using (fixture_id) where event_count > 0 and state_code in ('FT', 'AET', 'FT_PEN') "
        "and (home_goal_count <> home_score or away_goal_count <> away_score)"
    )
    assert oddities == [(1,)]
    assert "1 check found 1 problem in the provider's data: `sportmonks report` shows it." in output
    assert "WARN events_match_score" not in output
    assert "WARN live_fixtures_are_recent: 3 found. No match is live" in output
    fixture = next(f for f in map(api.control.fixture, api.world.fixture_ids()) if f["statistics"])
    fixture["statistics"][0]["location"] = "mid\x1b[31mdle"
    api.control.update(fixture["id"], {"statistics": fixture["statistics"]})
    job.extract("--force", "--fixture-ids", str(fixture["id"]))
    # Although the table of fixtures does not have the new version yet.
    assert warns("--select", "int_fixture_parts", "fixture_statistics")
    assert "    value_field mid?[31mdle" in output
    assert not warns(*CHOSEN)
    assert "2 checks found 2 problems in the provider's data" in output
    # What the operations page reads: the query finds rows that the next transform does not check.
    ((found, found_before, sql),) = job.query(
        "select found, found_before, query from sportmonks_staging.check_results "
        f"where check_name like '{NAME}%' and changed_at > now() - interval '1 hour'"
    )
    assert (found, found_before) == (1, 0)
    assert "unchecked_fixtures" not in sql
    assert job.query(sql) == [("mid\x1b[31mdle", 1)]
    assert warns("--verbose", "--full-refresh", *CHOSEN)
    assert "provider's data" not in output
    assert not warns("--select", "fixture_statistics")
    assert "provider's data" not in output
