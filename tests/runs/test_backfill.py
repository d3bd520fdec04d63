"""Long runs: chunks, limits, Ctrl-C, kills, and several hosts at once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from simulator import Simulator
from tests.support.assertions import assert_equals_world, assert_raw_equals_world
from tests.support.pipeline import DUCKDB_IN_TEST_ALL, Job, requested_ids
from tests.support.processes import KILL_AT, locked_by_other_process, start_command

KILLS = int(os.environ.get("KILLS", "2"))
# The backfill that is killed: three seasons of so many leagues.
LEAGUES = int(os.environ.get("LEAGUES", "2"))


def runs(job: Job) -> list[tuple[str, dict[str, Any]]]:
    """Outcome and counts of each run, oldest first."""
    rows = job.query(
        "select outcome, cast(counts as text) from sportmonks_raw.runs order by started_at"
    )
    return [(outcome, json.loads(counts)) for outcome, counts in rows]


@pytest.fixture
def backfill(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An API with six seasons, read in small chunks."""
    teams = 8 if LEAGUES < 20 else 12
    with Simulator(seed=5, leagues=LEAGUES, seasons=3, teams=teams, latency=0.02) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        monkeypatch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", "10")
        monkeypatch.setenv("SOURCES__SPORTMONKS__CHUNK_SIZE", "60")
        yield api


# To load what is left in one go, where the chunks are not the subject.
ONE_CHUNK = ["--chunk-size", "5000"]


def start_planned(job: Job, backfill: Simulator) -> None:
    """All seasons of that API are listed, and no fixture is stored."""
    job.api = backfill
    job.start_planned("--seasons", "all")
    backfill.control.reset_requests()


def test_chunks_go_from_the_newest_season_to_the_oldest(
    duckdb_job: Job, backfill: Simulator
) -> None:
    duckdb_job.extract("--seasons", "all")
    ((outcome, counts),) = runs(duckdb_job)
    ids = backfill.world.fixture_ids()
    chunks = counts["chunks"]
    assert outcome == "completed"
    assert sum(chunk["stored"] for chunk in chunks) == counts["stored"] == len(ids)
    assert [chunk["requested"] for chunk in chunks[:-1]] == [60] * (len(ids) // 60)
    seasons = [season for chunk in chunks for season in chunk["seasons"]]
    assert seasons == sorted(seasons, reverse=True)
    assert set(seasons) == set(backfill.world.season_ids())
    assert len(requested_ids(backfill)) == -(-len(ids) // 10)


def test_seasons_by_year_and_by_id(duckdb_job: Job, backfill: Simulator) -> None:
    start_planned(duckdb_job, backfill)
    league = backfill.world.league_ids()[0]
    for seasons, years in [
        ("2025", {2025}),
        ("2023..2024", {2023, 2024}),
        ("all", {2023, 2024, 2025}),
    ]:
        duckdb_job.extract("--seasons", seasons, "--league-id", str(league), *ONE_CHUNK)
        expected = {
            season["id"]
            for season in backfill.world.seasons()
            if season["league_id"] == league and int(season["name"][:4]) in years
        }
        stored = duckdb_job.query("select distinct season_id from sportmonks_raw.fixtures")
        assert {season_id for (season_id,) in stored} == expected
        duckdb_job.query("delete from sportmonks_raw.fixtures")
    some = backfill.world.season_ids()[1:3]
    duckdb_job.extract("--seasons", ",".join(map(str, some)), *ONE_CHUNK)
    stored = duckdb_job.query("select distinct season_id from sportmonks_raw.fixtures order by 1")
    assert [season_id for (season_id,) in stored] == some


def test_calls_are_bounded(duckdb_job: Job, backfill: Simulator) -> None:
    calls = 17
    start_planned(duckdb_job, backfill)
    backfill.control.reset_requests()
    output = duckdb_job.extract("--seasons", "all", "--max-calls", str(calls)).output
    assert len(backfill.control.requests()) == calls
    assert "all calls that --max-calls allows are made" in output
    stored = duckdb_job.query("select count(*) from sportmonks_raw.fixtures")[0][0]
    assert stored == sum(map(len, requested_ids(backfill))) > 0
    outcome, counts = runs(duckdb_job)[-1]
    assert outcome == "stopped"
    assert (counts["requested"], counts["left"]) == (stored, counts["due"] - stored)
    backfill.control.reset_requests()
    duckdb_job.extract("--seasons", "all", *ONE_CHUNK)
    assert len(requested_ids(backfill)) == -(-counts["left"] // 10)
    stored = duckdb_job.query("select count(*) from sportmonks_raw.fixtures")[0][0]
    assert stored == len(backfill.world.fixture_ids())


def test_time_is_bounded(duckdb_job: Job, backfill: Simulator) -> None:
    start_planned(duckdb_job, backfill)
    backfill.control.set_latency(1)
    began = time.monotonic()
    output = duckdb_job.extract("--seasons", "all", "--max-minutes", "0.04").output
    assert time.monotonic() - began < 20
    assert "the time of --max-minutes is over" in output
    outcome, counts = runs(duckdb_job)[-1]
    assert outcome == "stopped"
    assert (
        0
        < counts["stored"]
        == duckdb_job.query("select count(*) from sportmonks_raw.fixtures")[0][0]
    )


@pytest.mark.thorough
def test_a_bound_ends_the_wait_for_quota(duckdb_job: Job, backfill: Simulator) -> None:
    start_planned(duckdb_job, backfill)
    backfill.control.set_quota(10, 3600)
    output = duckdb_job.extract("--seasons", "all", "--max-minutes", "0.1").output
    assert "for the quota of Fixture" in output
    assert runs(duckdb_job)[-1][1]["stored"] == 100


def test_ctrl_c_commits_the_responses(duckdb_job: Job, backfill: Simulator) -> None:
    start_planned(duckdb_job, backfill)
    backfill.control.reset_requests()
    backfill.control.set_latency(0.2)
    process = start_command("extract", "--seasons", "all", SOURCES__SPORTMONKS__CHUNK_SIZE="5000")
    while len(backfill.control.requests()) < 9:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert "Stopping: received responses are committed" in output
    assert "The same command resumes where this run stopped" in output
    assert "Traceback" not in output
    stored = duckdb_job.query("select count(*) from sportmonks_raw.fixtures")[0][0]
    assert stored == len(requested_ids(backfill)) * 10 >= 90
    assert runs(duckdb_job)[-1][0] == "interrupted"
    backfill.control.set_latency(0)
    backfill.control.reset_requests()
    duckdb_job.extract("--seasons", "all", *ONE_CHUNK)
    assert sum(map(len, requested_ids(backfill))) == len(backfill.world.fixture_ids()) - stored


def test_a_second_ctrl_c_drops_the_current_chunk(duckdb_job: Job, backfill: Simulator) -> None:
    start_planned(duckdb_job, backfill)
    backfill.control.reset_requests()
    backfill.control.set_latency(3)
    process = start_command("extract", "--seasons", "all")
    while not requested_ids(backfill) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    # Two signals that Python has not come to yet would be one.
    assert process.stdout and any("Stopping" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert duckdb_job.query("select count(*) from sportmonks_raw.fixtures") == [(0,)], output
    assert runs(duckdb_job)[-1][0] == "interrupted"


@pytest.mark.thorough
@DUCKDB_IN_TEST_ALL
def test_kills_cost_a_chunk_each_at_most(
    job: Job,
    backfill: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chance = random.Random(KILLS)
    ids = backfill.world.fixture_ids()
    # As small as a chunk may be, or as the default is where there is enough to do.
    batch, chunk = (10, 60) if LEAGUES < 20 else (50, 2500)
    monkeypatch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", str(batch))
    monkeypatch.setenv("SOURCES__SPORTMONKS__CHUNK_SIZE", str(chunk))
    kills = 0
    while kills < KILLS:
        served = len(backfill.control.requests())
        process = start_command("extract", "--seasons", "all")
        # Some at once and some in the first requests, or Python's start would get most of them.
        if chance.random() < 0.8:
            while len(backfill.control.requests()) == served and process.poll() is None:
                time.sleep(0.01)
        deadline = time.monotonic() + chance.uniform(0, 1.2 * chunk / 60 / 20 + 0.5)
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.005)
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    job.extract("--seasons", "all", *ONE_CHUNK)
    minimum = -(-len(ids) // batch)
    spent = len(requested_ids(backfill))
    with capsys.disabled():
        print(f"\n{kills} kills, {len(ids):,} fixtures: {spent} calls, {minimum} without a kill")
    assert minimum <= spent <= minimum + kills * chunk // batch
    assert_raw_equals_world(job, backfill)
    assert runs(job)[-1][0] == "completed"


@pytest.mark.parametrize(
    "selection",
    [pytest.param("different seasons", marks=pytest.mark.thorough), "the same seasons"],
)
def test_two_hosts_fetch_nothing_twice(
    postgres_job: Job, backfill: Simulator, selection: str
) -> None:
    start_planned(postgres_job, backfill)
    years = ["2023..2024", "2025"] if selection == "different seasons" else ["all", "all"]
    hosts = [
        start_command(
            "extract",
            "--seasons",
            seasons,
            "--json",
            DLT_DATA_DIR=str(postgres_job.folder / f"host{number}"),
        )
        for number, seasons in enumerate(years)
    ]
    output = [host.communicate(timeout=180)[0] for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0], output
    every = [id for ids in requested_ids(backfill) for id in ids]
    assert len(every) == len(set(every))
    assert sorted(every) == backfill.world.fixture_ids()
    # Both had some of the work.
    shares = [counts["requested"] for outcome, counts in runs(postgres_job)[1:]]
    assert min(shares) > 0
    assert_raw_equals_world(postgres_job, backfill)


def test_a_list_of_ids_goes_on_whatever_runs_between(duckdb_job: Job, api: Simulator) -> None:
    ids = ",".join(map(str, api.world.fixture_ids()[:30]))
    duckdb_job.start_planned()
    api.control.reset_requests()
    size = ["--chunk-size", "10", "--max-calls", "8"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", "2")
        duckdb_job.extract("--fixture-ids", ids, *size)
        first = sum(map(len, requested_ids(api)))
        assert 0 < first < 30
        duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[-1]))
        api.control.reset_requests()
        duckdb_job.extract("--fixture-ids", ids)
    assert sum(map(len, requested_ids(api))) == 30 - first
    # It is complete now: given ids are requested even when they are not due.
    api.control.reset_requests()
    duckdb_job.extract("--fixture-ids", ids)
    assert sum(map(len, requested_ids(api))) == 30


def test_given_ids_are_requested_after_another_run_failed(duckdb_job: Job, api: Simulator) -> None:
    first, second = api.world.fixture_ids()[:2]
    duckdb_job.start_planned()
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [first]}])
    duckdb_job.extract(code=1)
    api.control.update(second, {"details": "corrected"})
    assert (
        json.loads(duckdb_job.extract("--fixture-ids", str(second), "--json").stdout)["stored"] == 1
    )


def test_fixtures_that_another_run_failed_to_fetch_are_requested(
    postgres_job: Job, backfill: Simulator
) -> None:
    season = backfill.world.season_ids()[0]
    poisoned = backfill.world.fixture_ids(season)[0]
    start_planned(postgres_job, backfill)
    backfill.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poisoned]}])
    hosts = [start_command("extract", "--season-id", str(season)) for _ in range(2)]
    output = [host.communicate(timeout=120)[0] for host in hosts]
    assert [host.returncode for host in hosts] == [1, 1], output
    # Each host has tried it, and the others are stored once.
    assert len([ids for ids in requested_ids(backfill) if ids == [poisoned]]) >= 2
    every = [id for ids in requested_ids(backfill) for id in ids if id != poisoned]
    assert sorted(set(every)) == backfill.world.fixture_ids(season)[1:]


CLAIM = """
import sys
from extract.warehouse.factory import open_warehouse

warehouse = open_warehouse(None)
for season in sys.argv[1:]:
    assert warehouse.try_lock_season(int(season)) is None
print("claimed", flush=True)
sys.stdin.read()
"""


def test_the_wait_for_another_run_is_bounded(postgres_job: Job, api: Simulator) -> None:
    postgres_job.start_planned()
    seasons = map(str, api.world.season_ids())
    command = [sys.executable, "-c", CLAIM, *seasons]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() == b"claimed\n"
        api.control.reset_requests()
        output = postgres_job.extract("--max-minutes", "0.03").output
        assert f"process {holder.pid}" in output
        assert "the time of --max-minutes is over" in output
        assert "is in use by another run" in postgres_job.extract("--no-wait", code=1).output
        assert api.control.requests() == []
        holder.communicate()
    postgres_job.extract()
    assert len(postgres_job.query("select id from sportmonks_raw.fixtures")) == len(
        api.world.fixture_ids()
    )


@pytest.mark.thorough
def test_a_second_ctrl_c_ends_the_wait_for_the_turn_to_load(
    postgres_job: Job, backfill: Simulator
) -> None:
    start_planned(postgres_job, backfill)
    process = start_command("extract", "--seasons", "all")
    while not requested_ids(backfill):
        assert process.poll() is None
        time.sleep(0.01)
    with locked_by_other_process():
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Waiting for "):
                break
        process.send_signal(signal.SIGINT)
        assert "Stopping" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 130, output
    backfill.control.reset_requests()
    assert (
        "Loading what a run had fetched"
        in postgres_job.extract("--seasons", "all", *ONE_CHUNK).output
    )
    every = [id for ids in requested_ids(backfill) for id in ids]
    assert len(every) == len(set(every)) < len(backfill.world.fixture_ids())
    assert len(postgres_job.query("select id from sportmonks_raw.fixtures")) == len(
        backfill.world.fixture_ids()
    )


@pytest.mark.thorough
def test_an_older_package_does_not_win(
    postgres_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed run had fetched is loaded after another host has fetched something newer."""
    others = api.world.fixture_ids()[1:]
    fixture_id = next(i for i in others if len(api.world.fixture(i)["events"]) > 3)
    postgres_job.start_with_one()
    moment = "fixtures:dlt.extract.extract:Extract:commit_packages:after"
    killed = subprocess.run([sys.executable, "-c", KILL_AT, moment, "extract"], check=False)
    assert killed.returncode == -signal.SIGKILL

    monkeypatch.setenv("DLT_DATA_DIR", str(postgres_job.folder / "another_host"))
    gone = api.world.fixture(fixture_id)["events"][0]["id"]
    api.control.remove_event(fixture_id, gone)
    postgres_job.extract()
    postgres_job.transform()

    monkeypatch.setenv("DLT_DATA_DIR", str(postgres_job.folder / "dlt"))
    api.control.reset_requests()
    assert "Loading what a run had fetched" in postgres_job.extract().output
    assert requested_ids(api) == []
    postgres_job.transform()
    assert gone not in {row["event_id"] for row in postgres_job.records("fixture_events")}
    assert_equals_world(postgres_job, api)
