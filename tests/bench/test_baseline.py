"""The fair baseline makes the rows that the project makes, and skips what has not changed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import baseline
from bench.core_tables import CORE_TABLES
from bench.equality import find_differences
from extract.config.includes import DEFAULT_INCLUDE
from simulator import Simulator
from tests.support.pipeline import DuckDb, Job, Postgres


@pytest.fixture
def place(job: Job, tmp_path: Path) -> Iterator[str]:
    """The file or schema of the fair baseline."""
    if isinstance(job.database, DuckDb):
        yield str(tmp_path / "fair.duckdb")
    else:
        schema = f"{job.database.schema}_fair"
        yield schema
        job.database.execute(f"drop schema if exists {schema} cascade")


@pytest.fixture
def load(job: Job, api: Simulator, tmp_path: Path, place: str) -> Callable[[], None]:
    """Runs the fair baseline on all fixtures."""
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(map(str, api.world.fixture_ids())))
    engine = os.environ["TARGET"]
    return lambda: baseline.main(
        api.base_url, api.token, str(ids), f"{engine}:{place}", "fair", DEFAULT_INCLUDE
    )


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


def test_the_fair_baseline_has_the_rows_of_the_project(
    job: Job, api: Simulator, load: Callable[[], None], place: str
) -> None:
    job.start_transformed()
    load()
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


def test_a_second_run_replaces_what_changed_and_leaves_the_rest(
    job: Job, api: Simulator, load: Callable[[], None], place: str
) -> None:
    job.start_transformed()
    load()
    changed, untouched = [
        id for id in api.world.fixture_ids() if len(api.world.fixture(id)["events"]) > 1
    ][:2]
    events = api.world.fixture(changed)["events"]
    api.control.update(changed, {"events": events[1:], "leg": "2/2"})
    job.extract("--fixture-ids", str(changed), "--force")
    # The API returns the same payload for this one, so that a wrong value stays.
    execute(job, place, f"update {{place}}.fixtures set leg = '9' where fixture_id = {untouched}")
    job.transform()
    load()
    assert find_differences(environment(job), place) == "fixtures (leg)"


def test_the_baseline_has_three_tables_without_json(
    job: Job, api: Simulator, tmp_path: Path, place: str
) -> None:
    ids = tmp_path / "some.txt"
    ids.write_text(str(api.world.fixture_ids()[0]))
    database = f"{os.environ['TARGET']}:{place}"
    baseline.main(api.base_url, api.token, str(ids), database, "three", DEFAULT_INCLUDE)
    columns = execute(
        job,
        place,
        "select table_name, data_type from information_schema.columns "
        f"where table_schema = '{{place}}'",
    )
    assert {table for table, _ in columns} == {
        "fixtures", "fixture_statistics", "fixture_events", "payloads"
    }  # fmt: skip
    assert {type for _, type in columns} & {"JSON", "jsonb"} == set()


def test_the_fair_baseline_has_the_keys_and_indexes_of_the_project(
    postgres_job: Job, api: Simulator, tmp_path: Path
) -> None:
    database = postgres_job.database
    assert isinstance(database, Postgres)
    postgres_job.start_transformed()
    ids, schema = tmp_path / "ids.txt", f"{database.schema}_fair"
    ids.write_text(str(api.world.fixture_ids()[0]))
    try:
        baseline.main(
            api.base_url, api.token, str(ids), f"postgres:{schema}", "fair", DEFAULT_INCLUDE
        )
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
