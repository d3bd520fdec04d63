"""Messages name commands as they were typed, and the doctor knows databases of version 0.1."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.errors import STARTED_BY_VARIABLE, command_line
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, DuckDb, Job
from tests.support.terminal import error_line

COMMANDS = ["extract", "plan", "transform", "run", "query", "report", "doctor", "compare", "docs",
            "demo", "lake", "simulator"]  # fmt: skip


@pytest.mark.parametrize(
    ("started_by", "texts"),
    [
        (None, ["sportmonks extract", 'sportmonks query "select 1"', "sportmonks extract --force"]),
        ("make", [
            "make extract", 'make query SQL="select 1"', "make extract EXTRACT_ARGS=--force",
        ]),
        ("python -m extract", [
            "python -m extract extract", 'python -m extract query "select 1"',
            "python -m extract extract --force",
        ]),
    ],
)  # fmt: skip
def test_commands_are_named_as_they_are_typed(
    monkeypatch: pytest.MonkeyPatch, started_by: str | None, texts: list[str]
) -> None:
    if started_by:
        monkeypatch.setenv(STARTED_BY_VARIABLE, started_by)
    found = [
        command_line("extract"), command_line("query", "select 1"),
        command_line("extract", "--force"),
    ]  # fmt: skip
    assert found == texts


@pytest.mark.parametrize("command", COMMANDS)
def test_make_has_each_command(command: str) -> None:
    """As aliases that say who they are."""
    result = subprocess.run(
        ["/usr/bin/env", "make", "--dry-run", "--always-make", command, "SQL=select 1"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"SPORTMONKS_COMMAND=make .venv/bin/python -m extract {command}" in result.stdout


def test_what_was_registered_before_is_called_at_exit() -> None:
    """Such as the function of a profiler that has started the command."""
    code = (
        "import atexit, sys\n"
        "from extract.__main__ import command\n"
        "atexit.register(print, 'called')\n"
        "sys.argv = ['sportmonks', '--help']\n"
        "command()"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.endswith("called\n")


def test_closed_outputs_are_no_error(duckdb_job: Job) -> None:
    duckdb_job.start_transformed()
    command = f"{sys.executable} -m extract query 'select 1' >&- 2>&-"
    assert subprocess.run(["/bin/bash", "-c", command], check=False).returncode == 0


def test_help_lists_each_command(duckdb_job: Job) -> None:
    text = duckdb_job.command("--help").output
    assert all(f" {command} " in text for command in COMMANDS)
    for command in COMMANDS:
        assert "Usage: " in duckdb_job.command(command, "--help").output
    assert "There is no transform after exit code 2 or 130" in " ".join(
        duckdb_job.command("run", "--help").output.split()
    )


def database_check(job: Job, name: str, code: int) -> dict[str, Any]:
    findings = json.loads(job.command("doctor", "--json", "--offline", code=code).stdout)
    found: dict[str, Any] = next(finding for finding in findings if finding["check"] == name)
    return found


def as_in_version_0_1(job: Job) -> None:
    job.query("alter table sportmonks_raw.fixtures rename column non_empty_keys to filled_keys")


@POSTGRES_IN_TEST_ALL
def test_a_database_of_version_0_1(job: Job, api: Simulator) -> None:
    job.start_extracted()
    assert database_check(job, "raw tables", code=0)["status"] == "ok"
    as_in_version_0_1(job)
    found = database_check(job, "raw tables", code=1)
    assert found["status"] == "fail"
    assert "has the tables of version 0.1" in found["found"]
    remedy = "mv " if isinstance(job.database, DuckDb) else "alter schema "
    assert remedy in found["found"]
    # All commands that write print the same message, and make no API call.
    api.control.reset_requests()
    for command in (["extract"], ["run"], ["plan", "--offline"], ["transform"]):
        line = error_line(job.command(*command, code=2).output)
        assert "has the tables of version 0.1" in line
        assert remedy in line
    assert api.control.requests() == []


def test_a_default_file_of_version_0_1(
    duckdb_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Where the doctor's dbt has a database in memory, for which it parses the project anew.
    monkeypatch.setenv("DBT_TARGET_PATH", f"{duckdb_job.dbt_target}_in_memory")
    old = Path("sportmonks.duckdb")
    monkeypatch.setenv("DUCKDB_PATH", "football.duckdb")
    plain = database_check(duckdb_job, "database", code=0)
    assert plain["found"] == "football.duckdb does not exist yet."
    with duckdb.connect(old) as connection:
        connection.execute("create schema sportmonks_raw")
        connection.execute("create table sportmonks_raw.fixtures (id bigint)")
    # A file of that name with other tables is no concern of the doctor.
    assert database_check(duckdb_job, "database", code=0) == plain
    with duckdb.connect(old) as connection:
        connection.execute("alter table sportmonks_raw.fixtures add column filled_keys text")
    found = database_check(duckdb_job, "database", code=0)
    assert found["status"] == "warn"
    assert "sportmonks.duckdb has the tables of version 0.1" in found["found"]
    move = "mv sportmonks.duckdb sportmonks.duckdb.old && sportmonks extract"
    assert move in found["remedy"]
    assert not Path("football.duckdb").exists()
