"""The rights of the roles that docs/postgres/setup.sql creates."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg2 import errors

from simulator import Simulator
from tests.support.assertions import assert_equals_world
from tests.support.pipeline import EVERY_MODEL, FINAL_TABLES, Database, Job, Postgres
from tests.support.postgres import BINARIES, Server
from tests.support.terminal import error_line


@dataclass
class Roles:
    """The roles of one test."""

    loader: str
    analyst: str
    reader: str


def set_up(server: Server, schema: str, roles: Roles) -> None:
    """Runs the file as its header describes."""
    variables = {"loader": roles.loader, "analyst": roles.analyst, "schema": schema}
    given = [f"--set={name}={value}" for name, value in variables.items()]
    subprocess.run(
        [BINARIES / "psql", "--quiet", *given, "-f", "docs/postgres/setup.sql"],
        env={**os.environ, **server.environment()},
        check=True,
        capture_output=True,
    )


@pytest.fixture
def roles(server: Server, postgres: Postgres) -> Iterator[Roles]:
    """A loader, the analyst role, and a member of it."""
    roles = Roles(*(f"{postgres.schema}_{name}" for name in ("loader", "analyst", "reader")))
    set_up(server, postgres.schema, roles)
    set_up(server, postgres.schema, roles)
    server.query(f"create role {roles.reader} login in role {roles.analyst}")
    set_up(server, postgres.schema, roles)
    if server.password:
        for role in (roles.loader, roles.reader):
            server.query(f"alter role {role} password %s", [server.password])
    yield roles
    postgres.empty()
    for role in (roles.reader, roles.analyst, roles.loader):
        server.query(f"drop owned by {role}")
        server.query(f"drop role {role}")


@pytest.fixture
def loaded(
    job_on: Callable[[Database], Job],
    roles: Roles,
    postgres: Postgres,
    dbt_targets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Job:
    """The job, set up to run as the loader."""
    job = job_on(postgres)
    monkeypatch.setenv("DBT_TARGET_PATH", str(dbt_targets / "loader"))
    monkeypatch.setenv("PGUSER", roles.loader)
    monkeypatch.setenv("ANALYST_ROLE", roles.analyst)
    return job


def refused(server: Server, role: str, sql: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        server.query(sql, user=role)


@pytest.mark.thorough
def test_the_loader_does_the_job_and_the_analyst_reads_the_final_tables(
    loaded: Job, roles: Roles, server: Server, postgres: Postgres, api: Simulator
) -> None:
    """And nothing else."""
    loaded.extract()
    loaded.transform()
    assert_loader_does_nothing_else(roles, server, postgres)
    assert_analyst_reads_the_final_tables_only(loaded, roles, server, postgres)
    # Nor does that change when the tables are built anew.
    loaded.transform("--full-refresh")
    assert_equals_world(loaded, api)
    assert_analyst_reads_the_final_tables_only(loaded, roles, server, postgres)


def assert_loader_does_nothing_else(roles: Roles, server: Server, postgres: Postgres) -> None:
    server.query(f"create schema {postgres.schema}_other")
    try:
        server.query(f"create table {postgres.schema}_other.secrets (id bigint)")
        refused(server, roles.loader, f"select * from {postgres.schema}_other.secrets")
        refused(server, roles.loader, f"create table {postgres.schema}_other.mine (id bigint)")
    finally:
        server.query(f"drop schema {postgres.schema}_other cascade")
    refused(server, roles.loader, f"create schema {postgres.schema}_more")
    refused(server, roles.loader, "create table public.mine (id bigint)")
    refused(server, roles.loader, "create role somebody")
    refused(server, roles.loader, "alter system set fsync = on")


def assert_analyst_reads_the_final_tables_only(
    loaded: Job, roles: Roles, server: Server, postgres: Postgres
) -> None:
    schema = postgres.schema
    for table in FINAL_TABLES:
        ((count,),) = server.query(f"select count(*) from {schema}.{table}", user=roles.reader)
        # Some tables are empty without further includes.
        assert server.query(f"select count(*) from {schema}.{table}") == [(count,)]
        assert count > 0 or table not in ("fixtures", "fixture_events", "fixture_lineups")
        # Without the schema too.
        assert server.query(f"select count(*) from {table}", user=roles.reader) == [(count,)]
    assert server.query("show search_path", user=roles.reader) == [(f"{schema}, public",)]
    # Nobody else's sessions change.
    for role in (roles.loader, server.user):
        assert server.query("show search_path", user=role) == [('"$user", public',)]
    tables = [table for table in loaded.database.tables() if not table.startswith(f"{schema}.")]
    assert len(tables) > 15
    for table in tables:
        refused(server, roles.reader, f"select * from {table}")
    refused(server, roles.reader, f"insert into {schema}.states (state_id) values (99)")
    refused(server, roles.reader, f"update {schema}.fixtures set home_score = 9")
    refused(server, roles.reader, f"delete from {schema}.fixtures")
    refused(server, roles.reader, f"truncate {schema}.fixtures")
    refused(server, roles.reader, f"create table {schema}.mine (id bigint)")
    refused(server, roles.reader, f"create schema {schema}_more")
    refused(server, roles.reader, "create table public.mine (id bigint)")


def test_analyst_makes_the_report(
    loaded: Job, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.extract()
    loaded.transform(*EVERY_MODEL)
    monkeypatch.setenv("PGUSER", roles.reader)
    monkeypatch.setenv("SOURCES__SPORTMONKS__API_TOKEN", "")
    output = loaded.command("report", "--output", str(loaded.folder / "report")).output
    ((matches, seasons),) = loaded.query(
        "select count(*), count(distinct season_id) from sportmonks.fixtures"
    )
    assert f"{seasons} season(s)" in output
    assert f"{matches} match(es)" in output
    files = (loaded.folder / "report" / "data").glob("match-*.js")
    written = [json.loads(file.read_text().split(",", 1)[1][:-3])["match"] for file in files]
    assert sum(len(part["rows"]) for part in written) == matches


def test_view_of_a_user_survives(
    loaded: Job, roles: Roles, server: Server, postgres: Postgres, api: Simulator
) -> None:
    loaded.extract()
    loaded.transform("--select", "+teams")
    view = f"{postgres.schema}_staging.of_mine"
    server.query(f"create view {view} as select name from {postgres.schema}.teams")
    for fixture_id in api.world.fixture_ids():
        api.control.update(fixture_id, {"name": "Renamed"})
    loaded.extract("--force")
    loaded.transform("--select", "+teams")
    assert server.query(f"select count(*) from {view}")[0][0] > 0


def test_a_role_without_rights_gets_an_error_with_the_remedy(
    loaded: Job, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.extract()
    monkeypatch.setenv("PGUSER", roles.reader)
    for result in (loaded.extract(code=2), loaded.transform(code=2)):
        assert roles.reader in error_line(result.output)
        assert "docs/postgres/setup.sql" in error_line(result.output)


def test_unknown_analyst(loaded: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYST_ROLE", "nobody_of_that_name")
    assert "ANALYST_ROLE is 'nobody_of_that_name'" in error_line(loaded.extract(code=2).output)
