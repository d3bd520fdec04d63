"""`doctor` names what is wrong with an installation, and passes once it is fixed."""

import json
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb as duckdb_library
import pytest
import time_machine

from extract.transform import dbt as transform
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, DuckDb, Job, setting
from tests.support.postgres import Server

TOKEN = "SOURCES__SPORTMONKS__API_TOKEN"
CHECKS = [
    "versions",
    "settings",
    "token",
    "API",
    "database",
    "raw tables",
    "endpoints",
    "includes",
    "final tables",
    "dbt project",
    "disk space",
]


@pytest.fixture(autouse=True)
def clock(api: Simulator) -> None:
    """Lets the API tell the true time in its answers."""
    api.control.set_clock(datetime.now(UTC).isoformat())


def examined(
    job: Job, api: Simulator, *arguments: str, opens: bool = True
) -> dict[str, dict[str, Any]]:
    """The findings by check, once it is sure that they are whole and hold no token.

    Args:
        job: whose doctor is asked.
        api: its API.
        arguments: of the command.
        opens: whether there is a database that it can open. Without one, dbt has one in memory, for
            which it would parse the project anew, and then anew for the next test.
    """
    opens = opens and not (isinstance(job.database, DuckDb) and not job.database.path.exists())
    with pytest.MonkeyPatch.context() as patch:
        if not opens:
            patch.setenv("DBT_TARGET_PATH", f"{job.dbt_target}_in_memory")
        result = job.any_code("doctor", "--json", *arguments)
    assert api.token not in result.output
    assert "Traceback" not in result.output
    findings = json.loads(result.stdout)
    assert [finding["check"] for finding in findings] == CHECKS
    assert all(finding["found"].count("\n") == 0 for finding in findings)
    failed = any(finding["status"] == "fail" for finding in findings)
    assert result.exit_code == int(failed), result.output
    return {finding["check"]: finding for finding in findings}


def statuses(findings: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {check: finding["status"] for check, finding in findings.items()}


def test_all_is_well(job: Job, api: Simulator) -> None:
    job.start_transformed("--select", "+fixtures")
    api.control.reset_requests()
    findings = examined(job, api)
    assert set(statuses(findings).values()) == {"ok"}, findings
    assert len(api.control.requests()) == 1
    shown = job.command("doctor", "--offline").output
    assert api.token not in shown
    assert len(api.control.requests()) == 1
    lines = shown.splitlines()
    assert len(lines) == len(CHECKS)
    assert [line.split()[0] for line in lines] == ["ok"] * 3 + ["skip"] + ["ok"] * 7


FAULTS = [
    (TOKEN, None, "token", "No API token"),
    (TOKEN, "two words", "token", "blanks"),
    (TOKEN, "wrong-token-xyz", "API", "does not accept the token"),
    (setting("BASE_URL"), "http://127.0.0.1:9/v3", "API", "Connection refused"),
    (setting("BASE_URL"), "api.sportmonks.com", "settings", "base_url"),
    (setting("BATCH_SIZE"), "many", "settings", "batch_size"),
    ("TARGET", "oracle", "database", "TARGET is 'oracle'"),
    ("DUCKDB_PATH", "no/folder/x.duckdb", "database", "does not exist"),
]


def test_each_fault_is_named_and_none_remains(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    for name, value, check, output in FAULTS:
        with subtests.test(f"{name} {value}"), monkeypatch.context() as patch:
            if value is None:
                patch.delenv(name)
            else:
                patch.setenv(name, value)
            findings = examined(duckdb_job, api)
            assert "wrong-token-xyz" not in str(findings)
            failed = [each for each, status in statuses(findings).items() if status == "fail"]
            assert failed == [check], findings
            assert output in findings[check]["found"]
            assert findings[check]["remedy"]
    assert "fail" not in statuses(examined(duckdb_job, api)).values()


@pytest.mark.parametrize(
    ("text", "status", "output"),
    [
        ("[sources.sportmonks]\ntrys = 3\npublish = ''\n", "warn", "no setting trys"),
        ("[sources.sportmonks]\ntries 3\n", "fail", "at line 2"),
    ],
)
def test_fault_in_a_file(
    duckdb_job: Job,
    api: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    status: str,
    output: str,
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    found = examined(duckdb_job, api)["settings"]
    assert found["status"] == status
    assert output in found["found"]
    assert ".dlt/config.toml" in found["found"] + found["remedy"]


def test_a_misspelt_variable_is_named(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("TRYS"), "3")
    found = examined(duckdb_job, api)["settings"]
    assert found["status"] == "warn"
    assert "no setting trys" in found["found"]


@pytest.mark.parametrize(
    ("name", "value", "output"),
    [("PGPORT", "1", "PGPORT is wrong"), ("PGUSER", "nobody_of_that_name", "PGUSER is wrong")],
)
def test_fault_of_postgres(
    postgres_job: Job,
    api: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    output: str,
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(name, value)
        findings = examined(postgres_job, api, opens=False)
        assert findings["database"]["status"] == "fail"
        assert output in findings["database"]["found"].replace("PGHOST or PGPORT", "PGPORT")
        assert findings["dbt project"]["status"] == "ok"
    assert examined(postgres_job, api)["database"]["status"] == "ok"


def test_role_without_rights(
    postgres_job: Job,
    api: Simulator,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    role = f"{postgres_job.database.schema}_powerless"
    server.query(f"create role {role} login")
    if server.password:
        server.query(f"alter role {role} password %s", [server.password])
    try:
        monkeypatch.setenv("PGUSER", role)
        found = examined(postgres_job, api, opens=False)["database"]
        assert (found["status"], role in found["found"]) == ("fail", True), found
        assert found["remedy"]
        server.query(f"grant create on database {server.database} to {role}")
        # For another user, dbt parses the project anew.
        monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        assert examined(postgres_job, api)["database"]["status"] == "ok"
    finally:
        server.query(f"drop owned by {role}")
        server.query(f"drop role {role}")


def test_used_up_quota(duckdb_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(quota=1, window=5, clock=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}") as api:
        monkeypatch.setenv(setting("BASE_URL"), api.base_url)
        # So that dbt has parsed the project before the window begins.
        examined(duckdb_job, api, "--offline")
        assert examined(duckdb_job, api)["API"]["status"] == "ok"
        found = examined(duckdb_job, api)["API"]
        assert (found["status"], "quota" in found["found"]) == ("warn", True), found
        assert found["remedy"].startswith("Wait")
        time.sleep(5)
        assert examined(duckdb_job, api)["API"]["status"] == "ok"


@POSTGRES_IN_TEST_ALL
def test_tables_that_are_not_there_yet(job: Job, api: Simulator) -> None:
    findings = examined(job, api)
    is_file = isinstance(job.database, DuckDb)
    missing = findings["database" if is_file else "raw tables"]
    assert (missing["status"], missing["remedy"]) == ("warn", "Run `sportmonks extract`.")
    assert job.database.tables() == []
    job.start_extracted()
    findings = examined(job, api)
    assert findings["raw tables"]["status"] == "ok"
    missing = findings["final tables"]
    assert (missing["status"], missing["remedy"]) == ("warn", "Run `sportmonks transform`.")
    job.start_transformed("--select", "+fixtures")
    assert examined(job, api)["final tables"]["status"] == "ok"


def test_no_file_is_made(duckdb_job: Job, api: Simulator, duckdb_file: Path) -> None:
    examined(duckdb_job, api)
    assert not duckdb_file.exists()


def test_file_that_is_no_database(duckdb_job: Job, api: Simulator, duckdb_file: Path) -> None:
    duckdb_file.write_text("no database" * 1000)
    findings = examined(duckdb_job, api, opens=False)
    assert findings["database"]["status"] == "fail"
    assert duckdb_file.name in findings["database"]["found"]
    duckdb_file.unlink()
    duckdb_library.connect(duckdb_file).close()
    assert examined(duckdb_job, api)["database"]["status"] == "ok"


def test_busy_database(duckdb_job: Job, api: Simulator, duckdb_file: Path) -> None:
    holding = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(duckdb_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        found = examined(duckdb_job, api, opens=False)["database"]
        holder.communicate(b"\n")
    assert (found["status"], found["remedy"]) == ("warn", "Try again when it has finished.")
    assert str(holder.pid) in found["found"]
    assert examined(duckdb_job, api)["database"]["status"] == "ok"


def test_clock(duckdb_job: Job, api: Simulator) -> None:
    with time_machine.travel(datetime.now(UTC).timestamp() + 3600, tick=True):
        found = examined(duckdb_job, api)["API"]
    assert found["status"] == "warn"
    assert "ahead of the API's" in found["found"]
    assert "clock" in found["remedy"]
    assert examined(duckdb_job, api)["API"]["status"] == "ok"


def test_times_that_lie_ahead(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    assert examined(duckdb_job, api)["raw tables"]["status"] == "ok"
    duckdb_job.query(
        "update sportmonks_raw.fixture_checks set checked_at = checked_at + interval '2 days'"
    )
    for arguments, clock in ([], "the API's clock"), (["--offline"], "this machine's clock"):
        found = examined(duckdb_job, api, *arguments)["raw tables"]
        assert found["status"] == "warn"
        assert re.search(
            rf"times that are up to (1 day, 23|2 days).* ahead of {clock}", found["found"]
        )
        assert "sportmonks extract" in found["remedy"]
    duckdb_job.extract("--force")
    assert examined(duckdb_job, api)["raw tables"]["status"] == "ok"


def test_broken_dbt_project(
    duckdb_job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "dbt"
    shutil.copytree("dbt_project", copy, ignore=shutil.ignore_patterns("target", "logs"))
    broken = copy / "models" / "broken.sql"
    broken.write_text("select * from {{ ref('no_such_model') }}")
    places = ["--project-dir", str(copy), "--profiles-dir", str(copy)]
    monkeypatch.setattr(transform, "PLACES", places)
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    found = examined(duckdb_job, api)["dbt project"]
    assert found["status"] == "fail"
    assert "no_such_model" in found["found"]
    broken.unlink()
    assert examined(duckdb_job, api)["dbt project"]["status"] == "ok"


def test_full_disk(duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        usage = shutil.disk_usage(".")._replace(free=10**8)
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        found = examined(duckdb_job, api)["disk space"]
    assert (found["status"], found["found"][:6]) == ("warn", "0.1 GB")
    assert examined(duckdb_job, api)["disk space"]["status"] == "ok"


def test_unknown_option(duckdb_job: Job) -> None:
    output = duckdb_job.command("doctor", "--no-such-option", code=2).output
    assert "No such option" in output
    assert "--no-such-option" in output
