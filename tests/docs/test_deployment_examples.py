"""The files in docs/schedule and docs/postgres do what they say.

Schedules run in the bare environment that a scheduler gives.
"""

import configparser
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from simulator import Simulator
from tests.support.pipeline import Job, Postgres
from tests.support.postgres import BINARIES, Server

CLONE = "/srv/sportmonks"
# Variables of the Makefile come from the environment too.
FEW_MODELS = ["--exclude-resource-type", "test", "--select", "+fixtures"]


def scheduled(command: str, job: Job, api: Simulator) -> subprocess.CompletedProcess[str]:
    """Runs a command as cron does, in this folder, with what would be in `.env`."""
    bare = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": str(job.folder)}
    return subprocess.run(
        ["/bin/sh", "-c", command.replace(CLONE, str(Path.cwd()))],
        env={**bare, **job.environment(api.base_url, api.token), "DBT_ARGS": " ".join(FEW_MODELS)},
        capture_output=True,
        text=True,
        check=False,
    )


def crontab() -> tuple[str, str]:
    """The schedule and the command."""
    lines = Path("docs/schedule/crontab").read_text().splitlines()
    (line,) = (line for line in lines if line and not line.startswith("#"))
    *when, command = line.split(maxsplit=5)
    return " ".join(when), command


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(f"docs/schedule/{name}")
    return parser


def test_cron_runs_the_job(duckdb_job: Job, api: Simulator) -> None:
    when, command = crontab()
    assert when == "*/10 * * * *"
    # Where the output goes: to the test instead of the system's log.
    command, logger = command.rsplit("|", 1)
    assert shlex.split(logger) == ["logger", "-t", "sportmonks"]
    # Tests run in parallel and would lock each other out.
    assert "flock --nonblock .dlt make" in command
    result = scheduled(command.replace(".dlt", str(duckdb_job.folder)), duckdb_job, api)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(duckdb_job.records("fixtures")) == len(api.world.fixture_ids())


@pytest.mark.thorough
def test_systemd_runs_the_job_although_a_fixture_fails(postgres_job: Job, api: Simulator) -> None:
    service, timer = unit("sportmonks.service"), unit("sportmonks.timer")
    assert service["Service"]["WorkingDirectory"] == CLONE
    assert timer["Timer"]["OnCalendar"] == "*:0/10"
    poisoned, *others = api.world.fixture_ids()
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poisoned]}])
    result = scheduled(service["Service"]["ExecStart"], postgres_job, api)
    assert result.returncode != 0
    assert f"1 fixtures failed: {poisoned}" in result.stdout + result.stderr
    assert [row["fixture_id"] for row in postgres_job.records("fixtures")] == others


@pytest.mark.thorough
def test_github_runs_the_job(duckdb_job: Job, api: Simulator) -> None:
    workflow = yaml.safe_load(Path("docs/schedule/github-actions.yml").read_text())
    job = workflow["jobs"]["update"]
    # Variables of .env.example, or secrets.
    known = Path(".env.example").read_text() + "SOURCES__SPORTMONKS__ALERT_URL="
    assert [name for name in job["env"] if f"{name}=" not in known] == []
    (run,) = [step for step in job["steps"] if step.get("name") == "Update"]
    # As when the secret is not set.
    command = f"SOURCES__SPORTMONKS__ALERT_URL= {run['run']}"
    result = scheduled(command, duckdb_job, api)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(duckdb_job.records("fixtures")) == len(api.world.fixture_ids())


@pytest.fixture
def roles(server: Server, postgres: Postgres) -> Iterator[dict[str, str]]:
    """Names for the roles of setup.sql, and two more roles that can log in."""
    names = ("loader", "analyst", "alice", "bob")
    roles = {name: f"{postgres.schema}_{name}" for name in names}
    server.query(f"create role {roles['alice']} login")
    server.query(f"create role {roles['bob']} login")
    yield roles
    postgres.empty()
    for name in ("alice", "bob", "analyst", "loader"):
        server.query(f"drop owned by {roles[name]}")
        server.query(f"drop role {roles[name]}")


def set_up(server: Server, schema: str, roles: dict[str, str]) -> None:
    options = [f"--set={name}={roles[name]}" for name in ("loader", "analyst")]
    file = "docs/postgres/setup.sql"
    subprocess.run(
        [BINARIES / "psql", "--quiet", *options, f"--set=schema={schema}", "-f", file],
        env={**os.environ, **server.environment()},
        check=True,
        capture_output=True,
    )


def search_path(server: Server, role: str) -> str:
    if server.password:
        server.query(f"alter role {role} password %s", [server.password])
    ((path,),) = server.query("show search_path", user=role)
    return str(path)


def test_setup_sets_the_search_path_of_analysts(
    server: Server, postgres: Postgres, roles: dict[str, str]
) -> None:
    default = search_path(server, roles["alice"])
    set_up(server, postgres.schema, roles)
    assert search_path(server, roles["alice"]) == default
    server.query(f"grant {roles['analyst']} to {roles['alice']}")
    server.query(f"grant {roles['loader']} to {roles['bob']}")
    set_up(server, postgres.schema, roles)
    assert search_path(server, roles["alice"]) == f"{postgres.schema}, public"
    # Others keep theirs, members of other roles too.
    assert search_path(server, roles["bob"]) == default
    assert search_path(server, roles["loader"]) == default
    # A path that somebody chose stays.
    chosen = f"alter role {roles['alice']} in database {server.database} set search_path = public"
    server.query(chosen)
    set_up(server, postgres.schema, roles)
    assert search_path(server, roles["alice"]) == "public"
