"""A copy may be killed at any moment, and two may run at once: the next copy ends with the rows."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from simulator import Simulator
from tests.support.lake import Lake, assert_is_copy
from tests.support.pipeline import Job
from tests.support.processes import start_command

KILLS = int(os.environ.get("KILLS", "2"))

# Copies in small chunks, so that a copy has many moments.
IN_CHUNKS = """
import sys
from extract.cli.commands import app
from extract.lake import sync

sync._BYTES = 300_000
print("ready", flush=True)
app()
"""

# Kills the process before or after a function of dlt or of our own has done its work.
KILL_AT = """
import importlib, os, signal, sys
from extract.cli.commands import app

module, owner, name, when = sys.argv.pop(1).split(":")
target = getattr(importlib.import_module(module), owner)
original = getattr(target, name)

def kill(*arguments, **options):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    original(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(target, name, kill)
app()
"""

# In the order in which a first copy comes to them.
MOMENTS = [
    "dlt.destinations.impl.filesystem.filesystem:FilesystemClient:initialize_storage:before",
    "dlt.load.load:Load:initialize_package:after",
    "dlt.load.load:Load:complete_package:before",
]
OTHER_MOMENTS = [
    "extract.lake.storage:Lake:_initialize:before",
    "extract.lake.storage:Lake:prepare:after",
    "dlt.extract.extract:Extract:commit_packages:after",
    "dlt.common.storages.load_package:PackageStorage:complete_job:before",
    "dlt.load.load:Load:complete_package:after",
]


def lake_of(job: Job, monkeypatch: pytest.MonkeyPatch) -> Lake:
    job.start_extracted()
    lake = Lake(job.folder / "lake", job.database.schema)
    monkeypatch.setenv("LAKE_URL", lake.url)
    return lake


@pytest.mark.thorough
def test_a_first_copy_is_completed_wherever_it_was_killed(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_is_completed(duckdb_job, lake_of(duckdb_job, monkeypatch), MOMENTS)


@pytest.mark.thorough
def test_a_first_copy_is_completed_after_other_moments(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_is_completed(duckdb_job, lake_of(duckdb_job, monkeypatch), OTHER_MOMENTS)


def assert_is_completed(job: Job, lake: Lake, moments: list[str]) -> None:
    # One after the other, each finds what the one before has left.
    for moment in moments:
        job.query("update sportmonks_raw.types set fetched_at = fetched_at + interval '1 s'")
        process = subprocess.run([sys.executable, "-c", KILL_AT, moment, "lake"], check=False)
        assert process.returncode == -signal.SIGKILL, moment
    job.command("lake")
    assert_is_copy(lake, job)
    assert not list((job.folder / "dlt").glob("pipelines/lake-*"))


def test_kills_at_random_moments(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_survives_kills(duckdb_job, api, lake_of(duckdb_job, monkeypatch))


@pytest.mark.thorough
def test_kills_at_random_moments_on_postgres(
    postgres_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_survives_kills(postgres_job, api, lake_of(postgres_job, monkeypatch))


def assert_survives_kills(job: Job, api: Simulator, lake: Lake) -> None:
    chance = random.Random(KILLS)
    kills = 0
    while kills < KILLS:
        for id in chance.sample(api.world.fixture_ids(), 20):
            job.query(
                f"update sportmonks_raw.fixtures set state_id = {chance.randint(1, 25)}, "
                f"fetched_at = fetched_at + interval '1 second' where id = {id}"
            )
        id = chance.choice(api.world.fixture_ids())
        job.query(f"delete from sportmonks_raw.fixtures where id = {id}")
        process = subprocess.Popen(
            [sys.executable, "-c", IN_CHUNKS, "lake"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout and process.stdout.readline() == "ready\n"
        deadline = time.monotonic() + chance.uniform(0.5, 8)
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.005)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    job.command("lake")
    assert_is_copy(lake, job)


@pytest.mark.thorough
def test_two_copies_at_once(postgres_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = lake_of(postgres_job, monkeypatch)
    others = [start_command("lake", DLT_DATA_DIR=str(postgres_job.folder / n)) for n in "ab"]
    outputs = [process.communicate(timeout=120)[0] for process in others]
    assert [process.returncode for process in others] == [0, 0], outputs
    assert_is_copy(lake, postgres_job)
    assert sorted("has all rows already" in output for output in outputs) == [False, True]
    assert sum("Waiting for another run" in output for output in outputs) <= 1
    assert lake.table("fixtures").version() == 1


def test_a_copy_without_waiting(postgres_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    lake_of(postgres_job, monkeypatch)
    holder = """
import sys
from extract.warehouse.factory import open_warehouse

with open_warehouse(None).lake_lock():
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        output = postgres_job.command("lake", "--no-wait", code=1).output
        assert "is in use by another run" in output
        process.communicate()
    postgres_job.command("lake", "--no-wait")
