"""Responses stay below `batch_megabytes`, and a run makes the planned calls nevertheless."""

import json
import math

import pytest

from extract.config import batch_bytes
from extract.config.batch_bytes import (
    USED,
    expected_bytes,
    fitting_batch_size,
    fitting_chunk_size,
)
from extract.config.includes import DEFAULT_INCLUDE
from extract.source.batch_size import BatchSize
from simulator import Simulator
from tests.support.pipeline import Job, requested_ids, setting

ANSWERS = (
    "select json_bytes, rows_returned from sportmonks_raw.api_calls "
    "where endpoint = 'football/fixtures/multi' order by run_id, call_number"
)


@pytest.mark.thorough
@pytest.mark.parametrize("megabytes", [0.25, 0.5])
def test_responses_stay_below_the_bound_and_the_run_makes_the_planned_calls(
    job: Job, monkeypatch: pytest.MonkeyPatch, megabytes: float
) -> None:
    monkeypatch.setenv(setting("BATCH_MEGABYTES"), str(megabytes))
    chosen = ["--seasons", "all", "--force"]
    with Simulator(seed=5, leagues=1, seasons=1, teams=20) as api:
        monkeypatch.setenv(setting("BASE_URL"), api.base_url)
        fixtures = len(api.world.fixture_ids())
        assert fixtures > 300
        made = []
        for _ in range(2):
            plan = json.loads(job.command("plan", "--json", *chosen).stdout)
            api.control.reset_requests()
            summary = json.loads(job.extract("--json", *chosen).stdout)
            calls = requested_ids(api)
            assert len(calls) == summary["fixture_calls"] == plan["fixture_calls"]
            assert sum(map(len, calls)) == fixtures
            made.append(max(map(len, calls)))
    # The first run knows the expected bytes only, the second one those of its responses.
    assert made[0] == fitting_batch_size(50, megabytes, expected_bytes(DEFAULT_INCLUDE))
    answers = job.query(ANSWERS)
    assert max(size for size, _ in answers) < megabytes * 10**6
    heaviest = max(size / rows for size, rows in answers[: -len(calls)] if rows)
    assert made[1] == fitting_batch_size(50, megabytes, heaviest)


def test_a_response_beyond_the_bound_reduces_the_next_ones(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = api.world.fixture_ids()[:60]
    for id in ids:
        api.control.update(id, {"metadata": [{"id": id, "values": "x" * 100_000}]})
    monkeypatch.setenv(setting("BATCH_MEGABYTES"), "1")
    monkeypatch.setenv(setting("REQUESTS_IN_FLIGHT"), "1")
    chosen = ["--fixture-ids", ",".join(map(str, ids)), "--force"]
    duckdb_job.extract(*chosen)
    first, *others = duckdb_job.query(ANSWERS)
    assert first[0] > 10**6
    assert others
    assert max(size for size, _ in others) < 10**6
    # The next run knows it from the start.
    planned = json.loads(duckdb_job.command("plan", "--json", *chosen).stdout)["fixture_calls"]
    api.control.reset_requests()
    duckdb_job.extract(*chosen)
    assert planned == len(requested_ids(api)) == math.ceil(60 / max(rows for _, rows in others))
    assert max(size for size, _ in duckdb_job.query(ANSWERS)[1:]) < 10**6


def test_what_other_includes_weighed_does_not_count(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("BATCH_MEGABYTES"), "1")
    duckdb_job.extract()
    monkeypatch.setenv(setting("INCLUDE"), f"{DEFAULT_INCLUDE};lineups.details;xGFixture")
    plan = json.loads(duckdb_job.command("plan", "--json").stdout)
    assert set(plan["reasons"]) >= {"include added"}
    size = fitting_batch_size(50, 1, expected_bytes(f"{DEFAULT_INCLUDE};lineups.details;xGFixture"))
    assert size < 10
    assert plan["include_calls"] == math.ceil(plan["reasons"]["include added"] / size)


@pytest.mark.parametrize(
    ("include", "kilobytes"),
    [
        (DEFAULT_INCLUDE, (30, 45)),
        (f"{DEFAULT_INCLUDE};lineups.details;lineups.player;xGFixture", (130, 150)),
        ("Lineups.details.type", (160, 170)),
        ("odds;participants:name", (1350, 1353)),
    ],
)
def test_expected_bytes(include: str, kilobytes: tuple[int, int]) -> None:
    assert kilobytes[0] < expected_bytes(include) / 1000 < kilobytes[1]


def test_the_size_stays_while_responses_are_as_expected() -> None:
    size = BatchSize(50, 1, 90_000)
    assert size.size == 10
    for _ in range(1000):
        size.received(10, 10 * 95_000)
        size.received(10, 10 * 50_000)
        # A single fixture may be heavier than any batch.
        size.received(1, 200_000)
    assert size.size == 10


def test_the_size_follows_heavier_and_much_lighter_fixtures() -> None:
    size = BatchSize(50, 1, 90_000)
    size.received(10, 10 * 110_000)
    assert size.size == int(USED * 10**6 / 110_000) == 8
    lighter = BatchSize(50, 1, 90_000)
    for _ in range(99):
        lighter.received(10, 10 * 30_000)
    assert lighter.size == 10
    lighter.received(10, 10 * 30_000)
    assert lighter.size == 30
    lighter.too_large(30, is_refused=True)
    assert lighter.size == 15
    assert BatchSize(50, 0.1, 10**7).size == 1


@pytest.mark.parametrize(
    ("chunk_size", "weight", "fitting"),
    [(2500, 36_000, 2500), (2500, 115_000, 869), (100, 115_000, 100), (2500, 1e9, 1)],
)
def test_a_chunk_has_at_most_100_megabytes(chunk_size: int, weight: float, fitting: int) -> None:
    assert fitting_chunk_size(chunk_size, weight) == fitting


def test_a_plan_knows_the_chunks_of_heavy_fixtures(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), "participants;Statistics")
    monkeypatch.setenv(setting("BATCH_MEGABYTES"), "200")
    monkeypatch.setattr(batch_bytes, "_CHUNK_MEGABYTES", 0.3)
    plan = json.loads(duckdb_job.command("plan", "--json").stdout)
    api.control.reset_requests()
    duckdb_job.extract()
    calls = requested_ids(api)
    chunk = int(300_000 / expected_bytes("participants;statistics"))
    assert max(map(len, calls)) == min(chunk, 50)
    assert len(calls) == plan["fixture_calls"] == math.ceil(plan["due"] / min(chunk, 50))
