"""The files in docs/schedule do what they say, in the bare environment that a scheduler gives."""

import configparser
import shlex
import subprocess
from pathlib import Path

import yaml

from simulator import Simulator
from tests.support.pipeline import Job

CLONE = "/srv/sportmonks"


def scheduled(command: str, job: Job, api: Simulator) -> subprocess.CompletedProcess[str]:
    """Runs a command as cron does, but here, and with what a person would keep in `.env`."""
    bare = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": str(job.folder)}
    return subprocess.run(
        ["/bin/sh", "-c", command.replace(CLONE, str(Path.cwd()))],
        env={**bare, **job.environment(api.base_url, api.token)},
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
    # Tests of two engines run side by side, and would lock each other out.
    assert "flock --nonblock .dlt make" in command
    result = scheduled(command.replace(".dlt", str(duckdb_job.folder)), duckdb_job, api)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(duckdb_job.records("fixtures")) == len(api.world.fixture_ids())


def test_systemd_runs_the_job_although_a_fixture_fails(postgres_job: Job, api: Simulator) -> None:
    service, timer = unit("sportmonks.service"), unit("sportmonks.timer")
    assert service["Service"]["WorkingDirectory"] == CLONE
    assert timer["Timer"]["OnCalendar"] == "*:0/10"
    poisoned, *others = api.world.fixture_ids()
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poisoned]}])
    result = scheduled(service["Service"]["ExecStart"], postgres_job, api)
    assert result.returncode != 0
    assert f"No answer for 1 fixtures: {poisoned}" in result.stdout + result.stderr
    assert [row["fixture_id"] for row in postgres_job.records("fixtures")] == others


def test_github_runs_the_job(duckdb_job: Job, api: Simulator) -> None:
    workflow = yaml.safe_load(Path("docs/schedule/github-actions.yml").read_text())
    job = workflow["jobs"]["update"]
    # Variables that the project's own example of settings names, or the secrets.
    known = Path(".env.example").read_text() + "SOURCES__SPORTMONKS__ALERT_URL="
    assert [name for name in job["env"] if f"{name}=" not in known] == []
    *_, run = job["steps"]
    # As where the secret is not set.
    command = f"SOURCES__SPORTMONKS__ALERT_URL= {run['run']}"
    result = scheduled(command, duckdb_job, api)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(duckdb_job.records("fixtures")) == len(api.world.fixture_ids())
