"""One value says why a run ends, and the most serious reason counts."""

import json
import threading
from collections.abc import Iterator
from itertools import permutations

import pytest

from extract.api.circuit_breaker import CircuitBreaker
from extract.api.client import SportmonksClient
from extract.api.clock import ApiClock
from extract.config.settings import Settings
from extract.errors import DownError, StoppedError, TokenError, UnavailableError
from extract.runs.summary import Summary
from extract.source.batch_size import BatchSize
from extract.source.fixture_batches import FixtureBatches
from extract.source.outcome import Batch, Outcome
from extract.source.stored_fixtures import NothingStored
from extract.stop_reason import (
    CALLS_USED_UP,
    COMPLETED,
    INTERRUPTED,
    PLANNED,
    TIME_IS_UP,
    StopReason,
    most_serious,
)
from simulator import Simulator
from tests.support.pipeline import Job, setting

MULTI = ".*multi.*"
FAILED = StopReason("failed", "fixtures failed")


@pytest.fixture
def client(api: Simulator) -> Iterator[SportmonksClient]:
    settings = Settings()
    values = {"api_token": "demo-token", "base_url": api.base_url, "backoff": 0.01, "tries": 1}
    for name, value in values.items():
        setattr(settings, name, value)
    client = SportmonksClient(settings)
    yield client
    client.stop(TIME_IS_UP)


def batches(client: SportmonksClient, ids: list[int]) -> list[Batch]:
    return list(FixtureBatches(client, "events", BatchSize(2), 1, NothingStored()).fetch(ids))


def names(found: list[Batch]) -> list[str]:
    return [outcome.name for batch in found for outcome in batch.outcomes]


def test_the_most_serious_reason_counts_whatever_comes_first() -> None:
    reasons = [COMPLETED, PLANNED, TIME_IS_UP, FAILED, INTERRUPTED]
    for given in permutations(reasons):
        assert most_serious(None, *given, None) == INTERRUPTED
    assert most_serious(TIME_IS_UP, CALLS_USED_UP) == TIME_IS_UP
    assert most_serious(CALLS_USED_UP, TIME_IS_UP) == CALLS_USED_UP
    assert most_serious(None, None) is None
    assert [reason.exit_code for reason in reasons] == [0, 0, 0, 1, 130]


def test_ctrl_c_counts_more_than_a_bound(client: SportmonksClient) -> None:
    assert client.stop_reason is None
    for reason in (TIME_IS_UP, INTERRUPTED, CALLS_USED_UP):
        client.stop(reason)
    assert client.stop_reason == INTERRUPTED
    with pytest.raises(StoppedError, match="interrupted"):
        client.get("football/states")


def test_used_up_calls_stop_the_client_when_one_more_is_needed(
    api: Simulator, client: SportmonksClient
) -> None:
    client.calls_left = 1
    client.get("football/states")
    assert client.stop_reason is None
    with pytest.raises(StoppedError):
        client.get("football/states")
    assert client.stop_reason == CALLS_USED_UP
    assert len(api.control.requests()) == 1


def test_fixtures_that_a_stopped_client_leaves_have_no_outcome(
    api: Simulator, client: SportmonksClient
) -> None:
    client.calls_left = 2
    found = batches(client, api.world.fixture_ids()[:10])
    assert names(found) == ["stored"] * 4
    assert all(batch.stop_reason is None for batch in found)
    assert client.stop_reason == CALLS_USED_UP


def test_the_last_batch_has_the_error_that_ended_the_fetch(
    api: Simulator, client: SportmonksClient
) -> None:
    api.control.faults([{"kind": "status", "status": 401, "path": MULTI, "after": 2}])
    *first, last = batches(client, api.world.fixture_ids()[:10])
    assert all(batch.stop_reason is None for batch in first)
    assert last.stop_reason
    assert last.stop_reason.outcome == "failed"
    assert isinstance(last.stop_reason.error, TokenError)
    assert names(first) == ["stored"] * 4
    assert names([last]) == ["failed"] * 6
    assert {outcome.note for outcome in last.outcomes} == {
        f"Not requested: {last.stop_reason.text}"
    }
    # The client itself goes on: types can still be looked up.
    assert client.stop_reason is None


def test_an_api_that_is_down_is_a_reason_of_the_client(
    api: Simulator, client: SportmonksClient
) -> None:
    api.control.faults([{"kind": "status", "status": 500}])
    with pytest.raises(DownError) as raised:
        client.get("football/states")
    assert client.stop_reason
    assert client.stop_reason.error is raised.value
    client.stop(INTERRUPTED)
    assert client.stop_reason == INTERRUPTED


def test_a_chunk_that_is_not_committed_does_not_count() -> None:
    summary = Summary("run", "a warehouse", ApiClock(), {}, due=3)
    now = summary.clock.now()
    with summary.new_chunk([1]) as chunk:
        chunk.add(Batch([Outcome(1, "unchanged", now)]))
    reason = StopReason.from_error(UnavailableError("no answer"))
    with pytest.raises(KeyboardInterrupt), summary.new_chunk([2]) as lost:
        lost.add(Batch([Outcome(2, "failed", now, note="no answer")], stop_reason=reason))
        lost.add(Batch([Outcome(3, "unchanged", now)]))
        assert (summary.requested, summary.failed_ids, lost.stop_reason) == (3, [2], reason)
        raise KeyboardInterrupt
    assert (summary.requested, summary.failed_ids, summary.left) == (1, [], 2)
    assert summary.outcome == summary.row()["outcome"] == "running"
    summary.stop_reason = INTERRUPTED
    assert summary.outcome == summary.row()["outcome"] == "interrupted"


def test_a_failed_fixture_counts_more_than_a_bound(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound ends the run, and its exit code still tells that a fixture failed."""
    duckdb_job.start_planned()
    monkeypatch.setenv(setting("BATCH_SIZE"), "1")
    monkeypatch.setenv(setting("REQUESTS_IN_FLIGHT"), "1")
    api.control.faults([{"kind": "status", "status": 400, "path": MULTI, "times": 1}])
    result = duckdb_job.extract("--json", "--max-calls", "3", code=1)
    summary = json.loads(result.stdout)
    assert (summary["outcome"], summary["requested"]) == ("failed", 3)
    assert len(summary["failed_ids"]) == 1
    assert duckdb_job.query(
        "select outcome from sportmonks_raw.runs order by started_at desc limit 1"
    ) == [("failed",)]
    # Without it, the same bound is no failure.
    summary = json.loads(duckdb_job.extract("--json", "--max-calls", "3").stdout)
    assert (summary["outcome"], summary["requested"]) == ("stopped", 3)


def test_a_plan_that_a_bound_ends_is_incomplete_and_no_failure(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_planned()
    result = duckdb_job.extract("--dry-run", "--json", "--force", "--max-calls", "1")
    assert json.loads(result.stdout)["complete"] is False
    assert "The plan may lack fixtures" in result.output
    api.control.faults([{"kind": "status", "status": 400, "path": "football/fixtures"}])
    result = duckdb_job.command("plan", "--json", "--force", code=1)
    assert json.loads(result.stdout)["complete"] is False
    outcomes = duckdb_job.query("select distinct outcome from sportmonks_raw.runs")
    assert outcomes == [("planned",)]


def test_failures_of_many_threads_are_all_counted() -> None:
    """The breaker opens after ten failures, from whichever threads they come."""
    threads, rounds = 8, 200

    def fail_once(breaker: CircuitBreaker, barrier: threading.Barrier) -> None:
        barrier.wait()
        breaker.failed()

    for _ in range(rounds):
        breaker = CircuitBreaker(0, lambda seconds: None, lambda seconds: None)
        breaker.failed()
        barrier = threading.Barrier(threads)
        running = [
            threading.Thread(target=fail_once, args=[breaker, barrier]) for _ in range(threads)
        ]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        assert not breaker.is_open
        breaker.failed()
        assert breaker.is_open
