"""`compare` measures what batches save, with the API's own counts."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job
from tests.support.terminal import error_line

FIXTURES = int(os.environ.get("FIXTURES", "40"))
MULTI = "/football/fixtures/multi/"


def requested_ids(api: Simulator) -> list[int]:
    """The numbers of fixtures in each request for some of them."""
    paths = [request["path"] for request in api.control.requests()]
    return [path.split(MULTI)[1].count(",") + 1 for path in paths if MULTI in path]


def compared(job: Job, *arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        job.command("compare", "--json", *arguments, code=code).stdout
    )
    return found


@POSTGRES_IN_TEST_ALL
def test_the_numbers_are_those_of_the_api(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(seed=2, leagues=1, seasons=1, teams=16, latency=0.1) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        job.command("plan", "--seasons", "all")
        before = job.query("select count(*), max(called_at) from sportmonks_raw.api_calls")
        api.control.reset_requests()
        found = compared(job, "--fixture-count", str(FIXTURES))
        sizes = requested_ids(api)
    single, batched = found["ways"]
    assert sizes == [1] * FIXTURES + [50] * (FIXTURES // 50) + [FIXTURES % 50] * (FIXTURES % 50 > 0)
    assert single["calls"] == single["fixtures"] == batched["fixtures"] == FIXTURES
    assert batched["calls"] == -(-FIXTURES // 50)
    assert found["ratios"]["calls"] == round(FIXTURES / batched["calls"], 2)
    # Four at a time.
    assert single["seconds"] > FIXTURES * 0.1 / 4
    assert found["ratios"]["seconds"] > 1
    assert found["different"] == single["failed"] == batched["failed"] == 0
    assert job.query("select count(*), max(called_at) from sportmonks_raw.api_calls") == before
    assert job.query("select count(*) from sportmonks_raw.fixtures") == [(0,)]


def test_without_a_warehouse_the_api_lists_fixtures(duckdb_job: Job, api: Simulator) -> None:
    season = api.world.season_ids()[0]
    of_season = [i for i in api.world.fixture_ids() if api.world.base(i)["season_id"] == season]
    found = compared(
        duckdb_job, "--test", "all", "--season-id", str(season), "--batch-size", "5",
        "--fixture-count", "12",
    )  # fmt: skip
    assert [(each["way"], each["calls"]) for each in found["ways"]] == [
        ("one batch", 1),
        ("one by one", 12),
        ("batches", 3),
    ]
    assert sorted(requested_ids(api)) == sorted([5, *[1] * 12, 5, 5, 2])
    paths = [request["path"] for request in api.control.requests() if MULTI in request["path"]]
    assert {int(id) for path in paths for id in path.split("/")[-1].split(",")} <= set(of_season)
    assert not Path(os.environ["DUCKDB_PATH"]).exists()
    table = duckdb_job.command("compare", "--test", "single", "--verbose").output
    assert "one batch" in table
    assert "football/fixtures/multi: " in table


def test_the_duckdb_file_stays_as_it_is(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.command("plan", "--seasons", "all")
    deleted = max(i for i in api.world.fixture_ids() if api.world.base(i)["state_id"] == 5)
    api.control.delete(deleted)
    duckdb_job.command("plan", "--seasons", "all", "--force")
    file = Path(os.environ["DUCKDB_PATH"])
    before = hashlib.sha256(file.read_bytes()).digest()
    api.control.reset_requests()
    leagues = {api.world.base(i)["league_id"] for i in api.world.fixture_ids()}
    for league in leagues:
        compared(duckdb_job, "--test", "chunk", "--league-id", str(league))
    paths = [request["path"] for request in api.control.requests()]
    ids = {int(id) for path in paths for id in path.split("/")[-1].split(",")}
    assert all(MULTI in path for path in paths)
    assert len(paths) == len(leagues)
    assert deleted not in ids
    assert hashlib.sha256(file.read_bytes()).digest() == before


def test_the_quota_bounds_it(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.control.set_quota(8, 3600)
    small = ("compare", "--fixture-count", "7")
    # The list took one of eight calls, and eight are needed.
    line = error_line(duckdb_job.command(*small, code=2).output)
    assert "takes 8 calls, and 7 of the quota are left" in line
    api.control.set_quota(30, 3600)
    duckdb_job.command("plan", "--seasons", "all")
    monkeypatch.setenv("SOURCES__SPORTMONKS__QUOTA_RESERVE", "25")
    api.control.reset_requests()
    assert "of the quota are left" in error_line(duckdb_job.command(*small, code=2).output)
    assert api.control.requests() == []
    monkeypatch.delenv("SOURCES__SPORTMONKS__QUOTA_RESERVE")
    duckdb_job.command(*small)


def test_bounds_and_failures(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = error_line(duckdb_job.command("compare", "--max-calls", "50", code=2).output)
    assert "takes 51 calls" in line
    assert requested_ids(api) == []
    refused = duckdb_job.command("compare", "--test", "both", code=2).output
    assert "No such option" in refused or "Invalid value for '--test'" in refused
    assert "--test" in refused
    assert "no such fixture" in duckdb_job.command("compare", "--season-id", "1", code=2).output
    poisoned = api.world.fixture_ids()[0]
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poisoned]}])
    found = compared(duckdb_job, "--fixture-count", "3", code=1)
    assert [each["failed"] for each in found["ways"]] == [1, 1]
    api.control.faults([])
    monkeypatch.setenv("SOURCES__SPORTMONKS__API_TOKEN", "wrong")
    assert "token" in error_line(duckdb_job.command("compare", code=2).output)
