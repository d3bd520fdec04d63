"""A small transform builds and checks only what depends on raw tables that have changed."""

import re
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from dbt.cli.main import dbtRunnerResult

from extract.transform.changed import SELECTION, read_project
from extract.transform.dbt import dbt_environment
from extract.warehouse.factory import open_warehouse
from extract.warehouse.raw_tables import RECORDS, SCHEMAS
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, setting

FIRST = "participants;scores;statistics;events;periods"
RAW = [f"sportmonks_raw.{table}" for table in SCHEMAS if table not in RECORDS]


def selected(changed: Collection[str]) -> set[str]:
    """What a transform builds and checks when only these raw tables have changed."""
    unchanged = [table for table in RAW if table.split(".")[1] not in changed]
    with (
        closing(open_warehouse(None)) as warehouse,
        # Another environment makes dbt parse anew.
        dbt_environment(warehouse.dbt_environment()),
    ):
        project = read_project(warehouse, unchanged)
    assert project
    tag = SELECTION[1].removeprefix("tag:")
    return {node.name for node in project.nodes.values() if tag in node.tags}


def start(job: Job, api: Simulator) -> None:
    """Has the warehouse as after a complete transform, and an extract that got a new payload."""
    job.start_complete()
    fixture = next(f for f in map(api.control.fixture, api.world.fixture_ids()) if f["events"])
    api.control.remove_event(fixture["id"], fixture["events"][0]["id"])
    job.extract("--force", "--fixture-ids", str(fixture["id"]))


def counts(output: str) -> list[int]:
    """The numbers of tables, views and checks in the closing table of a transform."""
    labels = ("Tables built", "Views built", "Checks passed")
    found = [re.search(rf"{label} +(\d+)", output) for label in labels]
    return [int(match[1]) if match else -1 for match in found]


def is_small(job: Job) -> bool:
    """Whether the next transform builds a selection. It is not run."""
    commands: list[tuple[object, list[str]]] = []

    class Runner:
        def __init__(self, manifest: object, callbacks: object) -> None:
            self.manifest = manifest

        def invoke(self, command: list[str]) -> dbtRunnerResult:
            commands.append((self.manifest, command))
            return dbtRunnerResult(success=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("extract.transform.dbt.dbtRunner", Runner)
        job.command("transform", code=1)
    ((manifest, command),) = commands
    assert (manifest is not None) == (SELECTION[1] in command)
    return manifest is not None


def contents(job: Job) -> dict[str, list[str]]:
    """All tables and views that a transform builds."""
    schema = job.database.schema
    names = job.database.execute(
        "select table_schema, table_name from information_schema.tables "
        f"where table_schema in ('{schema}', '{schema}_staging') "
        "and table_name not in ('last_transform', 'check_results', 'unchecked_fixtures')"
    )[1]
    assert len(names) > 60
    with job.database.kept_open():
        return {
            table: sorted(map(repr, job.database.execute(f"select * from {schema}.{table}")[1]))
            for schema, table in names
        }


def test_the_selection_follows_the_graph(duckdb_job: Job) -> None:
    duckdb_job.start_complete()
    nothing, types, fixtures, everything = map(selected, ([], ["types"], ["fixtures"], SCHEMAS))
    # What depends on logs of the runs, on the clock, or on tables that dbt does not know.
    assert {"source_unique_sportmonks_raw_runs_run_id", "nothing_is_in_quarantine"} <= nothing
    assert not nothing & {"types", "fixtures", "source_unique_sportmonks_raw_types_id"}
    assert types - nothing > {
        "types",
        "source_unique_sportmonks_raw_types_id",
        "relationships_fixture_events_type_id__type_id__ref_types_",
    }
    assert not types & {"fixture_events", "relationships_fixtures_state_id__state_id__ref_states_"}
    assert fixtures > {"fixture_events", "players", "fixture_quality", "live_fixtures_are_recent"}
    assert not fixtures & {"types", "standings"}
    # Views are left out.
    assert not everything & {"stg_sportmonks__types", "league_table"}
    assert len(everything) > 100


@POSTGRES_IN_TEST_ALL
def test_only_what_changed_is_built_until_an_hour_has_passed(job: Job, api: Simulator) -> None:
    start(job, api)
    now = datetime.now(UTC)
    with time_machine.travel(now + timedelta(minutes=50)):
        tables, views, checks = counts(job.command("transform").output)
        assert "dbt is skipped" in job.command("transform").output
    assert 25 < tables < 40
    assert views == 0
    assert 40 < checks < 72
    # The small transform was not a complete one.
    with time_machine.travel(now + timedelta(minutes=65)):
        assert not is_small(job)
    built = contents(job)
    job.command("transform", "--full-refresh", "--exclude-resource-type", "test")
    for name, rows in contents(job).items():
        assert rows == built[name], name


@pytest.mark.thorough
def test_the_table_of_a_part_is_built_while_a_payload_has_it_or_the_table_has_rows(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {
        "fixture_lineups",
        "int_fixture_players",
        "relationships_fixture_lineups_fixture_id__fixture_id__ref_fixtures_",
    }
    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    job.start_complete()
    fixture = next(f for f in map(api.control.fixture, api.world.fixture_ids()) if f["events"])
    only = ["--force", "--fixture-ids", str(fixture["id"])]
    assert not selected(["fixtures"]) & tables

    def lineups() -> int:
        job.command("transform")
        found = job.query("select count(*) from sportmonks.fixture_lineups")[0][0]
        assert isinstance(found, int)
        return found

    # A payload gets the part.
    monkeypatch.setenv(setting("INCLUDE"), f"{FIRST};lineups.player")
    job.extract(*only)
    assert selected(["fixtures"]) > tables
    assert lineups() > 20

    # No payload has it, and the rows of the last one stay.
    monkeypatch.setenv(setting("INCLUDE"), FIRST)
    job.extract(*only)
    assert lineups() > 20
    assert selected(["fixtures"]) > tables

    # They go with the fixture.
    job.query(f"delete from sportmonks_raw.fixtures where id = {fixture['id']}")
    assert lineups() == 0
    assert not selected(["fixtures"]) & tables
    small = contents(job)
    job.command("transform", "--full-refresh", "--exclude-resource-type", "test")
    assert contents(job) == small

    # It may have any part.
    job.query("update sportmonks_raw.fixtures set non_empty_keys = null")
    assert selected(["fixtures"]) > tables


def test_everything_is_built_after_a_failure(duckdb_job: Job, api: Simulator) -> None:
    job = duckdb_job
    start(job, api)
    states = "sportmonks_raw.states"
    job.query(f"insert into {states} select * from {states} limit 1")
    assert is_small(job)
    output = job.command("transform", code=1).output
    assert "source_unique_sportmonks_raw_states_id" in output
    assert counts(output)[1] == 0
    job.query(f"delete from {states} where rowid = (select max(rowid) from {states})")
    assert not is_small(job)


def test_everything_is_built_after_any_other_build(duckdb_job: Job, api: Simulator) -> None:
    start(duckdb_job, api)
    duckdb_job.transform("--select", "types")
    assert not is_small(duckdb_job)


@pytest.mark.parametrize("variable", ["DBT_FULL_REFRESH", "DBT_ENGINE_FULL_REFRESH"])
def test_a_full_refresh_builds_everything(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "true")
    start(duckdb_job, api)
    assert not is_small(duckdb_job)


def test_a_project_that_dbt_cannot_read_is_built_as_a_whole(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that dbt reports the error."""
    start(duckdb_job, api)
    monkeypatch.setattr(
        "extract.transform.changed.dbtRunner.invoke",
        lambda self, arguments: dbtRunnerResult(False, exception=ValueError()),
    )
    assert not is_small(duckdb_job)


def test_a_note_of_an_earlier_version_builds_everything(duckdb_job: Job, api: Simulator) -> None:
    start(duckdb_job, api)
    for column in ("complete_at", "raw"):
        duckdb_job.query(f"alter table sportmonks_staging.last_transform drop column {column}")
    assert not is_small(duckdb_job)
