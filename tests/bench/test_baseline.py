"""The fair baseline makes the rows that the project makes, and skips what has not changed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import baseline
from bench.core_tables import CORE_TABLES
from bench.equality import find_differences
from bench.recorded_responses import record
from extract.config.includes import DEFAULT_INCLUDE
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, DuckDb, Job, Postgres, setting


@pytest.fixture
def place(job: Job, tmp_path: Path) -> Iterator[str]:
    """The file or schema of the fair baseline."""
    if isinstance(job.database, DuckDb):
        yield str(tmp_path / "fair.duckdb")
    else:
        schema = f"{job.database.schema}_fair"
        yield schema
        job.database.execute(f"drop schema if exists {schema} cascade")


def load(job: Job, api: Simulator, place: str, tables: str = "fair") -> None:
    """Runs the baseline on all fixtures."""
    ids = job.folder / "ids.txt"
    ids.write_text("\n".join(map(str, api.world.fixture_ids())))
    database = f"{os.environ['TARGET']}:{place}"
    baseline.main(api.base_url, api.token, str(ids), database, tables, DEFAULT_INCLUDE)


def environment(job: Job) -> dict[str, str]:
    """The variables of the project's database, which nothing has open."""
    if isinstance(job.database, DuckDb):
        job.database.close()
    return {**job.database.environment(), "SPORTMONKS_SCHEMA": job.database.schema}


def execute(job: Job, place: str, sql: str) -> list[tuple[object, ...]]:
    """Runs a statement on the tables of the fair baseline."""
    if isinstance(job.database, DuckDb):
        return DuckDb(Path(place)).execute(sql.format(place="main"))[1]
    return job.database.execute(sql.format(place=place))[1]


@pytest.mark.thorough
@POSTGRES_IN_TEST_ALL
def test_the_fair_baseline_has_the_rows_of_the_project(
    job: Job, api: Simulator, place: str
) -> None:
    job.start_transformed()
    load(job, api, place)
    assert find_differences(environment(job), place) == ""
    # Some of them as the API has them, because both could be wrong in the same way.
    fixture = next(
        fixture
        for id in api.world.fixture_ids()
        if (fixture := api.world.fixture(id))["statistics"] and fixture["events"]
    )
    statistic, team = fixture["statistics"][0], fixture["participants"][0]
    assert execute(
        job,
        place,
        f"""
        select statistics.value, participants.name, payloads.id
        from {{place}}.fixture_statistics as statistics
        inner join {{place}}.fixture_participants as participants
            on statistics.fixture_id = participants.fixture_id
        inner join {{place}}.payloads as payloads on statistics.fixture_id = payloads.id
        where statistics.statistic_id = {statistic["id"]}
            and participants.participant_id = {team["id"]}
        """,
    ) == [(statistic["data"]["value"], team["name"], fixture["id"])]


@pytest.mark.thorough
def test_a_second_run_replaces_what_changed_and_leaves_the_rest(
    job: Job, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The simulator sends arrays in another order each time, and recorded ones as they are.
    record(tmp_path / "responses", 20, DEFAULT_INCLUDE)
    with Simulator(replay=tmp_path / "responses") as api:
        monkeypatch.setenv(setting("BASE_URL"), api.base_url)
        job.extract("--seasons", "all")
        load(job, api, place)
        changed, untouched = [
            id for id in api.world.fixture_ids() if len(api.control.fixture(id)["events"]) > 1
        ][:2]
        events = api.control.fixture(changed)["events"]
        api.control.update(changed, {"events": events[1:], "leg": "2/2"})
        job.extract("--fixture-ids", str(changed), "--force")
        job.transform()
        # The API returns the same payload for this one, so that a wrong value stays.
        sql = f"update {{place}}.fixtures set leg = '9' where fixture_id = {untouched}"
        execute(job, place, sql)
        load(job, api, place)
    assert find_differences(environment(job), place) == "fixtures (leg)"


def test_the_baseline_has_three_tables_without_json(job: Job, api: Simulator, place: str) -> None:
    load(job, api, place, "three")
    columns = execute(
        job,
        place,
        "select table_name, data_type from information_schema.columns "
        "where table_schema = '{place}'",
    )
    assert {table for table, _ in columns} == {
        "fixtures", "fixture_statistics", "fixture_events", "payloads"
    }  # fmt: skip
    assert {type for _, type in columns} & {"JSON", "jsonb"} == set()


@pytest.mark.thorough
def test_the_fair_baseline_has_the_keys_and_indexes_of_the_project(
    postgres_job: Job, api: Simulator
) -> None:
    database = postgres_job.database
    assert isinstance(database, Postgres)
    postgres_job.start_transformed()
    schema = f"{database.schema}_fair"
    try:
        load(postgres_job, api, schema)
        theirs, ours = (_indexes(database, name) for name in (schema, database.schema))
    finally:
        database.execute(f"drop schema if exists {schema} cascade")
    assert theirs == ours


def _indexes(database: Postgres, schema: str) -> set[tuple[str, bool, str]]:
    """Table, whether it is the primary key, and the columns without `loaded_at`."""
    rows = database.execute(
        "select tables.relname, indexes.indisprimary, pg_get_indexdef(indexes.indexrelid) "
        "from pg_index as indexes "
        "inner join pg_class as tables on indexes.indrelid = tables.oid "
        "inner join pg_namespace as schemas on tables.relnamespace = schemas.oid "
        f"where schemas.nspname = '{schema}'"
    )[1]
    return {
        (table, is_primary, definition.partition("(")[2].rstrip(")").replace(", loaded_at", ""))
        for table, is_primary, definition in rows
        if table in CORE_TABLES
    }
