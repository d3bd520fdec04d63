"""Outages of the API, and single fixtures that it fails to return."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from extract.api.client import SportmonksClient
from extract.api.responses import retry_after
from extract.errors import DownError
from simulator import Simulator
from tests.support.client import client_settings, fetch_outcomes
from tests.support.pipeline import Job, requested_ids, setting


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", ["down", pytest.param("silent", marks=pytest.mark.thorough)])
def test_an_unreachable_api_ends_the_run(
    duckdb_job: Job, api: Simulator, silent_port: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ",".join(map(str, api.world.fixture_ids()))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = silent_port if kind == "silent" else closed.getsockname()[1]
    monkeypatch.setenv(setting("BASE_URL"), f"http://127.0.0.1:{port}/v3")
    monkeypatch.setenv(setting("TIMEOUT"), "0.2")
    started = time.monotonic()
    output = duckdb_job.extract("--fixture-ids", ids, code=1).output
    # Ten tries and three looks, and the time that the job itself takes.
    assert time.monotonic() - started < 13 * 0.2 + 12
    assert "Error: The API is down: " in output
    assert "Traceback" not in output
    assert "response within" in output if kind == "silent" else "Connection refused" in output
    # The next run takes all of them up.
    monkeypatch.setenv(setting("BASE_URL"), api.base_url)
    monkeypatch.delenv(setting("TIMEOUT"))
    summary = json.loads(duckdb_job.extract("--fixture-ids", ids, "--json").stdout)
    assert summary["stored"] == len(api.world.fixture_ids())


def test_a_short_outage_is_waited_out(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_planned()
    monkeypatch.setenv(setting("BACKOFF"), "0.1")
    monkeypatch.setenv(setting("BATCH_SIZE"), "2")
    api.control.faults([{"kind": "reset", "path": "multi", "after": 5}])
    timer = threading.Timer(2, api.control.clear_faults)
    timer.start()
    output = duckdb_job.extract().output
    timer.join()
    assert "The API does not respond: trying again at once" in output
    stored = duckdb_job.query(
        "select outcome, count(*) from sportmonks_raw.fixture_checks group by 1"
    )
    assert stored == [("stored", len(api.world.fixture_ids()))]
    # What was under way when it went was neither split nor hammered.
    assert {len(ids) for ids in requested_ids(api)} <= {1, 2}
    assert len(requested_ids(api)) < len(api.world.fixture_ids()) / 2 + 40


def test_a_run_that_ends_early_commits_the_responses(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_planned()
    monkeypatch.setenv(setting("BATCH_SIZE"), "2")
    api.control.faults([{"kind": "status", "status": 503, "path": "multi", "after": 10}])
    result = duckdb_job.extract("--json", code=1)
    summary = json.loads(result.stdout)
    assert summary["stored"] == 20
    assert summary["failed"] == len(api.world.fixture_ids()) - 20
    assert len(duckdb_job.query("select id from sportmonks_raw.fixtures")) == 20
    assert "The API is down" in result.output
    api.control.clear_faults()
    api.control.reset_requests()
    assert json.loads(duckdb_job.extract("--json").stdout)["failed"] == 0
    assert sum(map(len, requested_ids(api))) == len(api.world.fixture_ids()) - 20


@pytest.mark.thorough
def test_one_poisoned_fixture_among_a_thousand(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(seed=9, leagues=3, seasons=1, teams=20) as api:
        monkeypatch.setenv(setting("BASE_URL"), api.base_url)
        ids = api.world.fixture_ids()[:1000]
        bad = ids[637]
        api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [bad]}])
        named = ["--ids-file", "-"]
        result = duckdb_job.extract(*named, "--json", stdin="\n".join(map(str, ids)), code=1)
        summary = json.loads(result.stdout)
        assert (summary["stored"], summary["failed_ids"]) == (999, [bad])
        assert f"1 fixtures failed: {bad}." in result.output
        assert duckdb_job.query(
            "select id, note from sportmonks_raw.fixture_checks where outcome = 'failed'"
        ) == [(bad, "The API fails (HTTP 500: Server Error).")]
        # 19 batches, six times two halves, and three tries of each that holds the bad one.
        assert len(requested_ids(api)) <= 19 + 6 + 7 * 3
        api.control.reset_requests()
        duckdb_job.command("plan")
        api.control.reset_requests()
        duckdb_job.extract(*named, stdin="\n".join(map(str, ids)), code=1)
        assert requested_ids(api) == [[bad]] * 3


def test_a_poisoned_fixture_does_not_open_the_breaker_for_good(api: Simulator) -> None:
    """One request at a time, and the first of all ids is the bad one: nothing was answered yet."""
    client = SportmonksClient(client_settings(api, requests_in_flight=1))
    ids = api.world.fixture_ids()[:50]
    api.control.faults([{"kind": "truncate", "fixture_ids": ids[:1]}])
    outcomes = fetch_outcomes(client, ids)
    assert [id for id in ids if outcomes[id].name != "stored"] == ids[:1]
    assert client.stop_reason is None


def test_the_circuit_breaker_probes_three_times(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, tries=1))
    api.control.faults([{"kind": "status", "status": 500}])
    waits: list[str] = []
    client.on_trouble = waits.append
    with pytest.raises(DownError, match=r"The API is down: .*HTTP 500"):
        client.get("football/states")
    assert len(waits) == 3
    assert len(api.control.requests()) == 1 + 3
    with pytest.raises(DownError):
        client.get("football/leagues")
    assert len(api.control.requests()) == 4


def test_a_refusal_reduces_the_batch_size() -> None:
    with Simulator(seed=9, leagues=1, seasons=1, teams=16) as api:
        client = SportmonksClient(client_settings(api, requests_in_flight=1))
        fetch_outcomes(client, api.world.fixture_ids()[:200], size=100, in_flight=1)
        assert [len(ids) for ids in requested_ids(api)] == [100, 50, 50, 50, 50]


def test_two_failed_responses_reduce_the_batch_size(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, tries=1))
    fault = {"kind": "truncate", "times": 1}
    # The first batch, whose halves are answered, and the next one likewise.
    api.control.faults([fault, {**fault, "after": 3}])
    fetch_outcomes(client, api.world.fixture_ids()[:40], size=10, in_flight=1)
    assert [len(ids) for ids in requested_ids(api)] == [10, 5, 5, 10, 5, 5, 5, 5, 5, 5]


def test_a_single_failure_keeps_the_batch_size(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, tries=1))
    api.control.faults([{"kind": "truncate", "times": 1, "after": 2}])
    fetch_outcomes(client, api.world.fixture_ids()[:50], size=10, in_flight=1)
    assert [len(ids) for ids in requested_ids(api)] == [10, 10, 10, 5, 5, 10, 10]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2),
        ("0.5", 0.5),
        ("-3", 0),
        ("1e9", 3600),
        ("inf", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999", None),
        ("soon", None),
        ("Sat, 01 Jan 2000 00:00:10 GMT", 10),
        ("Fri, 31 Dec 1999 23:59:00 GMT", 0),
        ("Sat, 01 Jan 2000 00:00:10", 10),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    response = requests.Response()
    response.headers["Date"] = "Sat, 01 Jan 2000 00:00:00 GMT"
    if header is not None:
        response.headers["Retry-After"] = header
    assert retry_after(response) == seconds


def seconds_between_calls(client: SportmonksClient, api: Simulator) -> float:
    """How long a request that fails once waits for its second try."""
    client.get("football/states")
    first, second = (request["time"] for request in api.control.requests())
    return float(second - first)


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_is_retried_after_retry_after(api: Simulator, status: int) -> None:
    client = SportmonksClient(client_settings(api))
    fault = {"kind": "status", "status": status, "times": 1, "headers": {"Retry-After": "1"}}
    api.control.faults([fault])
    assert 1 <= seconds_between_calls(client, api) < 3


def test_a_429_is_retried_after_retry_after(api: Simulator) -> None:
    """Without a call left, and with `Retry-After` as the only hint."""
    client = SportmonksClient(client_settings(api))
    headers = {"Retry-After": "1", "x-ratelimit-remaining": "0"}
    api.control.faults([{"kind": "status", "status": 429, "times": 1, "headers": headers}])
    assert 1 <= seconds_between_calls(client, api) < 3


REFUSALS = [
    (400, {"message": "The statistics include is not allowed on this endpoint"}),
    (402, {"message": "Your subscription is not paid."}),
]


@pytest.mark.parametrize(
    ("status", "body", "is_stored"),
    [
        pytest.param(*REFUSALS[0], True, id="400, stored before"),
        pytest.param(*REFUSALS[1], False, id="402, nothing stored"),
        pytest.param(*REFUSALS[0], False, id="400, nothing stored", marks=pytest.mark.thorough),
        pytest.param(*REFUSALS[1], True, id="402, stored before", marks=pytest.mark.thorough),
    ],
)
def test_the_same_refusal_of_every_request_ends_the_run(
    duckdb_job: Job, api: Simulator, status: int, body: dict[str, str], is_stored: bool
) -> None:
    if is_stored:
        duckdb_job.start_extracted()
    else:
        duckdb_job.start_planned()
    api.control.faults([{"kind": "status", "status": status, "body": body, "path": "multi"}])
    api.control.reset_requests()
    result = duckdb_job.extract("--force", code=2)
    assert body["message"].rstrip(".") in " ".join(result.output.split())
    # Three batches, and those under way meanwhile; then three single fixtures.
    assert len(requested_ids(api)) <= 4 + 3 + 3
    assert sum(len(ids) == 1 for ids in requested_ids(api)) == 3
    assert duckdb_job.query(
        "select count(*) from sportmonks_raw.fixture_checks where outcome = 'failed'"
    ) == [(0,)]
    api.control.clear_faults()
    assert "failed" not in duckdb_job.command("plan").output


def test_refused_fixtures_do_not_end_the_run(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_extracted()
    monkeypatch.setenv(setting("REQUESTS_IN_FLIGHT"), "1")
    # One batch and both its halves are refused because of them.
    bad = [id for at, id in enumerate(api.world.fixture_ids()[:20]) if at % 3 == 0]
    fault = {"kind": "status", "status": 400, "body": {"message": "Not allowed."}}
    api.control.faults([{**fault, "fixture_ids": bad}])
    api.control.reset_requests()
    named = ["--fixture-ids", ",".join(map(str, api.world.fixture_ids()[:20])), "--force"]
    result = duckdb_job.extract(*named, "--json", code=1)
    summary = json.loads(result.stdout)
    reason = "The API refuses the request (HTTP 400: Not allowed)."
    assert sorted(summary["failed_ids"]) == bad
    assert summary["failures"] == {reason: 7}
    assert f"7 failed: {reason}" in " ".join(result.output.split())
