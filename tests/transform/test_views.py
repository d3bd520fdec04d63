"""Views are created once, and again when they are missing or their definition changed."""

import pytest

from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job

VIEWS = "config.materialized:view"


def made(job: Job, *arguments: str, models: str = VIEWS) -> list[str]:
    """The views that a transform of these models makes."""
    options = ["--exclude-resource-type", "test", "--log-level", "info"]
    said = job.command("transform", "--select", models, *options, *arguments).output
    return [line.split(" view model ")[1].split()[0].split(".")[1]
            for line in said.splitlines()
            if "OK created sql view model" in line and "UNCHANGED" not in line]  # fmt: skip


@POSTGRES_IN_TEST_ALL
def test_a_view_is_created_only_when_needed(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A finished one, so that it has rows in the league table.
    finished = next(id for id in api.world.fixture_ids() if api.world.base(id)["state_id"] == 5)
    job.extract("--fixture-ids", str(finished))
    every = made(job, models="*")
    assert {"league_table", "stg_sportmonks__fixtures", "season_coverage"} <= set(every)
    assert made(job) == []
    schema = job.database.schema
    # Views of a person's own stand as long as nothing below them changes.
    job.database.execute(f"create view {schema}.mine as select * from {schema}.league_table")
    assert made(job) == []
    counts = "select (select count(*) from sportmonks.mine), count(*) from sportmonks.league_table"
    ((of_mine, of_table),) = job.query(counts)
    assert of_mine == of_table > 0

    job.database.execute(f"drop view {schema}.mine")
    job.database.execute(f"drop view {schema}.league_table")
    assert made(job) == ["league_table"]
    # It has a comment without a mark, as the views of earlier versions have.
    job.database.execute(f"comment on view {schema}.league_table is 'A table.'")
    assert made(job) == ["league_table"]
    assert sorted(made(job, "--full-refresh")) == sorted(every)


def test_views_on_a_recreated_view_are_recreated(postgres_job: Job, api: Simulator) -> None:
    """PostgreSQL drops them with it."""
    job = postgres_job
    job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    made(job, models="*")
    job.database.execute(f"drop view {job.database.schema}_staging.stg_sportmonks__runs cascade")
    assert set(made(job)) == {"stg_sportmonks__runs", "extract_runs"}
    assert job.query("select count(*) from sportmonks.extract_runs") == [(1,)]
