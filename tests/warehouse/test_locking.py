"""Several processes on one database take a lock, and print what they wait for."""

import signal
import time

import pytest

from simulator import Simulator
from tests.support.assertions import assert_equals_world
from tests.support.pipeline import Job
from tests.support.processes import locked_by_other_process, start_command
from tests.support.terminal import error_line


@pytest.mark.parametrize(
    ("database", "command"),
    [
        ("duckdb", "extract"),
        ("postgres", "transform"),
        pytest.param("duckdb", "transform", marks=pytest.mark.thorough),
        pytest.param("postgres", "extract", marks=pytest.mark.thorough),
    ],
    indirect=["database"],
)
def test_a_locked_database_ends_no_wait_and_delays_others(
    job: Job, api: Simulator, command: str
) -> None:
    job.start_extracted()
    asked = len(api.control.requests())
    with locked_by_other_process() as holder:
        line = error_line(job.command(command, "--no-wait", code=1).output)
        assert "is in use by" in line
        assert f"process {holder.pid}" in line
        assert len(api.control.requests()) == asked

        few = ["--exclude-resource-type", "test", "--select", "+states"]
        waiting = start_command(command, *(few if command == "transform" else []))
        assert waiting.stdout
        line = waiting.stdout.readline()
        assert line.startswith("Waiting for ")
        assert f"process {holder.pid}" in line
        time.sleep(0.5)
        assert waiting.poll() is None
    waiting.communicate(timeout=60)
    assert waiting.returncode == 0


def test_a_killed_process_holds_no_lock(job: Job, api: Simulator) -> None:
    with locked_by_other_process() as holder:
        holder.kill()
        holder.wait()
        job.extract("--no-wait", "--fixture-ids", str(api.world.fixture_ids()[0]))
    assert job.query("select count(*) from sportmonks_raw.fixtures") == [(1,)]


def test_two_extracts_and_transforms_at_once(postgres_job: Job, api: Simulator) -> None:
    """Two extracts of the same seasons are in tests/runs/test_backfill.py."""
    postgres_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    seasons = [str(season["id"]) for season in api.world.seasons()]
    extracts = [start_command("extract", "--season-id", season) for season in seasons]
    models = ["--exclude-resource-type", "test", "--select", "+fixtures", "+fixture_events"]
    transforms = [start_command("transform", *models) for _ in range(2)]
    for process in extracts + transforms:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    postgres_job.transform()
    assert_equals_world(postgres_job, api)


def test_ctrl_c_ends_the_wait(job: Job) -> None:
    with locked_by_other_process():
        waiting = start_command("extract")
        assert waiting.stdout and waiting.stdout.readline().startswith("Waiting for ")
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(timeout=20) == 130
