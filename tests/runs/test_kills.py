"""`kill -9` at any moment: the next run finishes the work, and nothing is left over."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.assertions import (
    assert_equals_full_refresh,
    assert_equals_world,
    assert_raw_equals_world,
)
from tests.support.locks import assert_no_session_is_left
from tests.support.pipeline import (
    DUCKDB_IN_TEST_ALL,
    POSTGRES_IN_TEST_ALL,
    Job,
    Postgres,
    requested_ids,
)
from tests.support.processes import KILL_AT, locked_by_other_process, start_command

KILLS = int(os.environ.get("KILLS", "2"))


def killed(chance: random.Random, *arguments: str) -> bool:
    """Starts the job, and kills it at a random moment of its life; whether it still lived."""
    process = subprocess.Popen(
        [sys.executable, "-m", "extract", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The first half second of each is Python's start.
    deadline = time.monotonic() + chance.uniform(0.5, 5.0)
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return alive


def correct(api: Simulator, chance: random.Random) -> None:
    """Something for each run to do: the API corrects a few fixtures."""
    for fixture_id in chance.sample(api.world.fixture_ids(), 8):
        fixture = api.control.fixture(fixture_id)
        api.control.update(fixture_id, {"details": f"Match {chance.random()}"})
        if len(fixture["events"]) > 2:
            api.control.remove_event(fixture_id, chance.choice(fixture["events"])["id"])
        if fixture["statistics"]:
            statistic = chance.choice(fixture["statistics"])
            api.control.correct_statistic(fixture_id, statistic["id"], chance.randint(0, 99))


@DUCKDB_IN_TEST_ALL
def test_kills_leave_nothing_behind(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(KILLS)
    job.start_transformed()
    api.control.set_latency(0.05)
    monkeypatch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", "5")
    monkeypatch.setenv("SOURCES__SPORTMONKS__CHUNK_SIZE", "20")
    monkeypatch.setenv("SOURCES__SPORTMONKS__REFERENCE_MAX_AGE", "0")
    kills = 0
    while kills < KILLS:
        correct(api, chance)
        command = chance.choice(
            [["extract", "--force"], ["transform"], ["transform", "--full-refresh"]]
        )
        kills += killed(chance, *command)
    job.extract("--force", "--chunk-size", "5000")
    job.transform()
    assert_equals_world(job, api)
    assert_equals_full_refresh(job)
    tables = {table.split(".")[1] for table in job.database.tables()}
    assert [table for table in tables if "__dbt" in table] == []
    if isinstance(job.database, Postgres):
        assert_nothing_is_left(job.database)


# Of the moments of a load, these are before and after rows have reached the database.
MOMENTS = [
    "dlt.extract.extract:Extract:commit_packages:after",
    "dlt.load.load:Load:complete_package:before",
]
OTHER_MOMENTS = [
    "dlt.common.storages.load_storage:LoadStorage:commit_new_load_package:after",
    "dlt.load.load:Load:initialize_package:after",
    "dlt.common.storages.load_package:PackageStorage:complete_job:before",
    "dlt.load.load:Load:create_followup_jobs:before",
    "dlt.destinations.job_client_impl:SqlJobClientBase:complete_load:after",
]


@pytest.mark.parametrize(
    "moment",
    [*MOMENTS, *(pytest.param(moment, marks=pytest.mark.thorough) for moment in OTHER_MOMENTS)],
    ids=lambda moment: moment.split(":", 2)[2],
)
def test_a_fetched_load_is_finished_wherever_it_was_killed(
    postgres_job: Job, api: Simulator, moment: str
) -> None:
    assert_is_finished(postgres_job, api, moment)


@pytest.mark.thorough
def test_a_fetched_load_is_finished_on_duckdb_too(duckdb_job: Job, api: Simulator) -> None:
    moment = "dlt.common.storages.load_package:PackageStorage:complete_job:before"
    assert_is_finished(duckdb_job, api, moment)


def assert_is_finished(job: Job, api: Simulator, moment: str) -> None:
    job.start_with_one()
    process = subprocess.run(
        [sys.executable, "-c", KILL_AT, f"fixtures:{moment}", "extract"], check=False
    )
    assert process.returncode == -signal.SIGKILL
    api.control.reset_requests()
    assert "Loading what a run had fetched" in job.extract().output
    assert requested_ids(api) == []
    assert_raw_equals_world(job, api)
    runs, calls = (
        "count(*), count(distinct run_id)",
        "count(*), count(distinct (run_id, call_number))",
    )
    assert len(set(*job.query(f"select {runs} from sportmonks_raw.runs"))) == 1
    assert len(set(*job.query(f"select {calls} from sportmonks_raw.api_calls"))) == 1
    files = [path for path in job.folder.joinpath("dlt").rglob("*") if path.is_file()]
    assert len(files) < 80


def test_a_run_that_is_killed_while_it_waits_to_be_recorded_is_recorded(
    postgres_job: Job, api: Simulator
) -> None:
    """It fetched nothing, and another process has the database."""
    postgres_job.start_extracted()
    api.control.faults([{"kind": "status", "status": 403}])
    # While its request is under way, the other process takes the lock.
    api.control.set_latency(6)
    with start_command("extract", "--since", "2020-01-01", "--until", "2020-01-02") as process:
        assert process.stdout
        assert "Listing" in process.stdout.readline()
        with locked_by_other_process():
            lines = iter(process.stdout.readline, "")
            assert any("Waiting for" in line for line in lines)
            process.kill()
    api.control.faults([])
    api.control.set_latency(0)
    assert "Loading what a run had fetched" in postgres_job.extract().output
    outcomes = postgres_job.query("select outcome, count(*) from sportmonks_raw.runs group by 1")
    assert dict(outcomes) == {"completed": 2, "failed": 1}


@DUCKDB_IN_TEST_ALL
def test_a_killed_load_is_finished_after_another_host_has_loaded(
    job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both use the tables that dlt merges from."""
    one = str(api.world.fixture_ids()[0])
    job.start_with_one()
    moment = "fixtures:dlt.load.load:Load:create_followup_jobs:before"
    process = subprocess.run([sys.executable, "-c", KILL_AT, moment, "extract"], check=False)
    assert process.returncode == -signal.SIGKILL
    with monkeypatch.context() as other_host:
        other_host.setenv("DLT_DATA_DIR", str(tmp_path / "other"))
        job.extract("--force", "--fixture-ids", one)

    api.control.reset_requests()
    assert "Loading what a run had fetched" in job.extract().output
    assert requested_ids(api) == []
    assert_raw_equals_world(job, api)
    assert job.query("select count(*) from sportmonks_raw.fixture_checks") == [
        (len(api.world.fixture_ids()),)
    ]
    # Of all runs, the killed one too.
    (runs,) = job.query(
        "select count(*), count(distinct calls.run_id) from sportmonks_raw.runs as runs "
        "left join (select distinct run_id from sportmonks_raw.api_calls "
        "where endpoint = 'football/fixtures/multi') as calls on runs.run_id = calls.run_id "
    )
    assert runs == (4, 3)


@POSTGRES_IN_TEST_ALL
def test_a_first_load_that_dlt_cannot_finish_is_dropped(job: Job, api: Simulator) -> None:
    moment = "types:dlt.extract.extract:Extract:commit_packages:after"
    process = subprocess.run([sys.executable, "-c", KILL_AT, moment, "extract"], check=False)
    assert process.returncode == -signal.SIGKILL
    assert "It is dropped, and a later run fetches it again" in job.extract().output
    assert_raw_equals_world(job, api)


def assert_nothing_is_left(postgres: Postgres) -> None:
    """No session, no lock, and nothing in the tables that dlt merges from."""
    assert_no_session_is_left(postgres)
    locks = postgres.execute(
        "select locktype, mode from pg_locks left join pg_class on relation = pg_class.oid "
        f"where relnamespace::regnamespace::text like '{postgres.schema}%'"
    )
    assert locks[1] == []
    staging = f"{postgres.schema}_raw_staging"
    for table in postgres.tables():
        if table.startswith(f"{staging}.") and not table.endswith("_dlt_version"):
            assert postgres.execute(f"select count(*) from {table}")[1] == [(0,)], table
