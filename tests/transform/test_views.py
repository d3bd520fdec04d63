"""Views are created once, and again when they are missing or their definition changed."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from simulator import Simulator
from tests.support.pipeline import EVERY_MODEL, POSTGRES_IN_TEST_ALL, Job

VIEWS = "config.materialized:view"


def made(job: Job, *arguments: str) -> list[str]:
    """The views that a transform of these models makes."""
    options = ["--exclude-resource-type", "test", "--log-level", "info"]
    output = job.command("transform", "--select", VIEWS, *options, *arguments).output
    return [line.split(" view model ")[1].split()[0].split(".")[1]
            for line in output.splitlines()
            if "OK created sql view model" in line and "UNCHANGED" not in line]  # fmt: skip


@POSTGRES_IN_TEST_ALL
def test_a_view_is_created_only_when_needed(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.start_complete()
    schema = job.database.schema
    every = [name for (name,) in job.database.execute(
        "select table_name from information_schema.views "
        f"where table_schema in ('{schema}', '{schema}_staging')"
    )[1]]  # fmt: skip
    assert {"league_table", "stg_sportmonks__fixtures", "season_coverage"} <= set(every)
    # Views of a person's own stand as long as nothing below them changes.
    job.database.execute(f"create view {schema}.mine as select * from {schema}.league_table")
    assert made(job) == []
    counts = "select (select count(*) from sportmonks.mine), count(*) from sportmonks.league_table"
    ((of_mine, of_table),) = job.query(counts)
    assert of_mine == of_table > 0

    job.database.execute(f"drop view {schema}.mine")
    job.database.execute(f"drop view {schema}.league_table")
    # This one has a comment without a mark, as the views of earlier versions have.
    job.database.execute(f"comment on view {schema}.season_coverage is 'A table.'")
    assert sorted(made(job)) == ["league_table", "season_coverage"]
    assert sorted(made(job, "--full-refresh")) == sorted(every)


def test_views_on_a_recreated_view_are_recreated(postgres_job: Job, api: Simulator) -> None:
    """PostgreSQL drops them with it."""
    job = postgres_job
    job.start_complete()
    job.database.execute(f"drop view {job.database.schema}_staging.stg_sportmonks__runs cascade")
    assert set(made(job)) == {"stg_sportmonks__runs", "extract_runs"}
    assert job.query("select count(*) from sportmonks.extract_runs") == [(1,)]


@pytest.mark.thorough
@POSTGRES_IN_TEST_ALL
def test_a_view_says_the_same_in_every_time_zone(job: Job, api: Simulator) -> None:
    first, *_ = sorted(
        map(api.control.fixture, api.world.fixture_ids()),
        key=lambda fixture: fixture["starting_at_timestamp"],
    )
    day = first["starting_at"].split()[0]
    api.control.reschedule(first["id"], f"{day}T00:30:00Z")
    job.extract()
    job.transform(*EVERY_MODEL)
    views = job.query(
        "select table_name from information_schema.views where table_schema = 'sportmonks'"
    )
    assert len(views) > 8
    for (view,) in views:
        found = [
            Counter(
                tuple(map(in_utc, row))
                for row in job.query(f"set timezone = '{zone}'; select * from sportmonks.{view}")
            )
            for zone in ("UTC", "America/Sao_Paulo", "Asia/Kolkata")
        ]
        assert found[0] == found[1] == found[2], view


def in_utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
