"""A transform builds in the configured database, and leaves the process unchanged."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from extract.transform.dbt import transform
from extract.transform.progress_bar import BuildReporter
from extract.transform.up_to_date import REDIRECTING
from simulator import Simulator
from tests.support.pipeline import DuckDb, Job
from tests.support.terminal import error_line

# Has an error end one of dbt's threads: as it begins with a model, or as it hands its result over.
LOSE_A_THREAD = """
import runpy, sys
from dbt.task import runnable

def fail(*_, **__):
    raise MemoryError

place = sys.argv.pop(1)
if place == "start":
    runnable.NodeStart = fail
else:
    runnable.GraphRunnableTask._handle_result = fail
runpy.run_module("extract", run_name="__main__", alter_sys=True)
"""


def of_another_project(folder: Path) -> dict[str, str]:
    """Variables of dbt that people export for another project."""
    values = {
        "TARGET": "postgres",
        "PROFILE": "theirs",
        "PROFILES_DIR": str(folder),
        "PROJECT_DIR": str(folder),
        "DEFER": "true",
        "EMPTY": "true",
        "SAMPLE": "1 day",
        "RESOURCE_TYPES": "seed",
        "EXCLUDE_RESOURCE_TYPES": "model",
    }
    return {f"DBT_{prefix}{name}": values[name] for name in values for prefix in ("", "ENGINE_")}


def test_variables_of_another_project_have_no_effect(
    duckdb_job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_extracted()
    variables = of_another_project(tmp_path)
    assert set(variables) <= set(REDIRECTING)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    duckdb_job.transform("--select", "+states")
    assert duckdb_job.query("select count(*) from sportmonks.states") > [(0,)]
    assert isinstance(duckdb_job.database, DuckDb)
    duckdb_job.database.close()
    found = duckdb_job.any_code("doctor", "--offline").output
    assert "dbt can parse it" in found
    # What only changes its behaviour keeps its meaning.
    assert (Path(os.environ["DBT_TARGET_PATH"]) / "partial_parse.msgpack").exists()


@pytest.mark.parametrize("command", ["transform", "docs"])
def test_where_dbt_builds_is_no_argument(duckdb_job: Job, command: str) -> None:
    for arguments in (
        ["--target", "postgres"],
        ["-t", "postgres"],
        ["--profile=theirs"],
        ["--select", "states", "--project-dir", "."],
        ["--profiles-dir", "."],
    ):
        output = error_line(duckdb_job.command(command, *arguments, code=2).output)
        assert "cannot be given here: TARGET" in output


def test_the_process_is_as_before(duckdb_job: Job, api: Simulator) -> None:
    """A later extract in it finds its token, and Ctrl-C does what it did."""
    duckdb_job.start_extracted()
    before, handler = dict(os.environ), signal.getsignal(signal.SIGINT)
    codes = []

    def build() -> None:
        arguments = ["--no-such-option"]
        reporter = BuildReporter(Console(), arguments)
        codes.append(transform(arguments, reporter, lambda error: None).code)

    build()
    # In a thread of its own, too, where no signal may be handled.
    thread = threading.Thread(target=build)
    thread.start()
    thread.join()
    assert codes == [2, 2]
    assert dict(os.environ) == before
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("place", ["start", pytest.param("end", marks=pytest.mark.thorough)])
def test_a_lost_thread_ends_the_transform(duckdb_job: Job, api: Simulator, place: str) -> None:
    duckdb_job.start_extracted()
    command = [sys.executable, "-c", LOSE_A_THREAD, place, "transform", "--select", "+states"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert error_line(ended.stdout).startswith("Error: dbt cannot go on")
    assert "MemoryError" in ended.stdout
    assert ended.stderr == ""
