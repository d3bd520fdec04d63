"""`run` extracts and transforms in one process, with the first exit code that is not 0."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import Job, setting
from tests.support.processes import locked_by_other_process
from tests.support.terminal import error_line

# Only what tells that a transform ran.
STATES = ["--", "--exclude-resource-type", "test", "--select", "+states"]


def test_extract_then_transform(duckdb_job: Job, api: Simulator) -> None:
    ids = api.world.fixture_ids()[:2]
    text = duckdb_job.command("run", "--fixture-ids", ",".join(map(str, ids)), *STATES).output
    assert "Fixtures requested" in text
    assert text.index("Fixtures requested") < text.index("Transform completed")
    assert duckdb_job.query("select count(*) from sportmonks_raw.fixtures") == [(len(ids),)]
    assert duckdb_job.query("select count(*) > 0 from sportmonks.states") == [(True,)]


def test_nothing_to_do(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.start_complete()
    text = duckdb_job.command("run").output
    assert "No fixtures are due" in text
    # The tables of reference data, runs and calls are no reason for a build.
    assert "dbt is skipped" in text
    assert duckdb_job.command("run", "--quiet").output == ""


def test_after_a_failure_the_rest_is_built(duckdb_job: Job, api: Simulator) -> None:
    poor, well, *_ = api.world.fixture_ids()
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poor]}])
    text = duckdb_job.command("run", "--fixture-ids", f"{poor},{well}", *STATES, code=1).output
    assert "1 fixtures failed" in text
    assert "Transform completed" in text
    # The exit code of the extract comes first, whatever dbt's is.
    arguments = ["--fixture-ids", str(poor), "--", "--no-such-option"]
    text = duckdb_job.command("run", *arguments, code=1).output
    assert "No such option" in text
    api.control.faults([])
    duckdb_job.command("run", *arguments, code=2)


def test_after_a_mistake_nothing_is_built(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    for arguments in (["--season-id", "1"], ["--quiet", "--verbose"], ["--no-such-option"]):
        text = duckdb_job.command("run", *arguments, code=2).output
        assert "Transform" not in text
    monkeypatch.setenv(setting("API_TOKEN"), "wrong")
    assert "Transform" not in duckdb_job.command("run", code=2).output
    assert duckdb_job.database.tables().count("sportmonks.states") == 0


def test_ctrl_c_during_the_extract_ends_both(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(seed=3, leagues=1, seasons=1, teams=12, latency=0.3) as api:
        monkeypatch.setenv(setting("BASE_URL"), api.base_url)
        monkeypatch.setenv(setting("BATCH_SIZE"), "2")
        process = subprocess.Popen(
            [sys.executable, "-m", "extract", "run"],
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not any("/multi/" in request["path"] for request in api.control.requests()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert "interrupted" in text
    assert "Transform" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("command", ["extract", "run"])
def test_a_busy_warehouse(duckdb_job: Job, api: Simulator, command: str) -> None:
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    path = os.environ["DUCKDB_PATH"]
    holding = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert "is in use by" in duckdb_job.command(command, "--no-wait", code=1).output
        holder.communicate(b"\n")


def test_run_ends_when_the_warehouse_is_busy(duckdb_job: Job, api: Simulator) -> None:
    with locked_by_other_process():
        output = duckdb_job.command("run", "--no-wait", code=1).output
    assert "is in use by process" in error_line(output)
    assert api.control.requests() == []
