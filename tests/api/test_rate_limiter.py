"""The rate limiter uses the quota to the last call and never exceeds it, over real HTTP."""

import math
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg2
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from extract.api.client import SportmonksClient
from extract.errors import StoppedError
from extract.quota.postgres_store import PostgresQuotaStore, create_table
from extract.quota.rate_limiter import Permit, RateLimiter
from extract.quota.window import InMemoryQuotaStore, QuotaReport, QuotaStore, Window, reserved_calls
from extract.source.batch_size import BatchSize
from extract.source.fixture_batches import FixtureBatches
from extract.source.stored_fixtures import NothingStored
from simulator import Simulator
from tests.support.client import client_settings
from tests.support.pipeline import Job
from tests.support.postgres import Server
from tests.support.processes import start_command

Request = dict[str, Any]


def windows_of(requests: Sequence[Request], seconds: float) -> list[list[Request]]:
    """The answered requests for fixtures by windows of quota, as the simulator counts them."""
    answered = sorted(
        (request for request in requests if request["status"] == 200),
        key=lambda request: request["time"],
    )
    windows: list[list[Request]] = []
    for request in answered:
        if not windows or request["time"] >= windows[-1][0]["time"] + seconds:
            windows.append([])
        windows[-1].append(request)
    return windows


def statuses(requests: Sequence[Request]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for request in requests:
        counts[request["status"]] = counts.get(request["status"], 0) + 1
    return counts


def backfill(client: SportmonksClient, ids: Sequence[int]) -> list[int | None]:
    """Asks for fixtures, one in a call, and returns the status of each call."""
    fetched = list(FixtureBatches(client, "events", BatchSize(1), 4, NothingStored()).fetch(ids))
    outcomes = [outcome for batch in fetched for outcome in batch.outcomes]
    assert {outcome.name for outcome in outcomes} == {"stored"}
    assert len(outcomes) == len(ids)
    return [call.status for batch in fetched for call in batch.calls]


# Calls and seconds of a window. QUOTA="600 100 10" is what the docs tell of: 600 calls.
CALLS, QUOTA, SECONDS = map(int, os.environ.get("QUOTA", "50 20 1").split())


@pytest.fixture
def large_api() -> Any:
    with Simulator(seed=3, leagues=3, seasons=1, teams=20, latency=0.02) as api:
        yield api


def test_every_call_of_a_window_is_used_and_none_is_refused(large_api: Simulator) -> None:
    client = SportmonksClient(client_settings(large_api, quota_reserve=0.05))
    large_api.control.set_quota(QUOTA, SECONDS)
    backfill(client, large_api.world.fixture_ids()[:CALLS])
    requests = large_api.control.requests()
    windows = windows_of(requests, SECONDS)
    print([len(window) for window in windows], statuses(requests))
    assert statuses(requests) == {200: CALLS}
    allowed = QUOTA - -(-QUOTA // 20)
    assert {len(window) for window in windows[1:-1]} == {allowed}


def test_another_consumer_is_noticed(large_api: Simulator) -> None:
    """Somebody else takes 30 % of each window: both get through, hardly anything is refused."""
    client = SportmonksClient(client_settings(large_api, quota_reserve=0.3))
    large_api.control.set_quota(QUOTA, SECONDS)
    done = threading.Event()
    theirs: list[int] = []

    def consume() -> None:
        url = f"{large_api.base_url}/football/fixtures/{large_api.world.fixture_ids()[-1]}"
        while not done.wait(SECONDS / (0.3 * QUOTA)):
            answer = requests.get(url, headers={"Authorization": large_api.token}, timeout=5)
            theirs.append(answer.status_code)

    consumer = threading.Thread(target=consume)
    consumer.start()
    try:
        ours = backfill(client, large_api.world.fixture_ids()[:CALLS])
    finally:
        done.set()
        consumer.join()
    windows = windows_of(large_api.control.requests(), SECONDS)
    print([len(w) for w in windows], ours.count(429), theirs.count(429), len(theirs))
    assert ours.count(200) == CALLS
    assert ours.count(429) <= len(windows)
    assert theirs.count(200) >= 0.8 * len(theirs)


def test_a_consumer_that_leaves_nothing_is_waited_for(large_api: Simulator) -> None:
    client = SportmonksClient(client_settings(large_api))
    large_api.control.set_quota(10, 1)
    url = f"{large_api.base_url}/football/fixtures/{large_api.world.fixture_ids()[-1]}"
    backfill(client, large_api.world.fixture_ids()[:1])
    for _ in range(9):
        requests.get(url, headers={"Authorization": large_api.token}, timeout=5)
    ours = backfill(client, large_api.world.fixture_ids()[1:9])
    assert (ours.count(200), ours.count(429) <= 4) == (8, True)


def test_a_burst_limit_slows_down_and_passes(large_api: Simulator) -> None:
    """More than two requests at a time are refused with most of the quota left."""
    client = SportmonksClient(client_settings(large_api, backoff=0.05))
    large_api.control.faults([{"kind": "burst_429", "in_flight": 2, "retry_after": 1200}])
    slowed: list[int] = []
    client.rate_limiter.on_slow_down = slowed.append
    ours = backfill(client, large_api.world.fixture_ids()[:200])
    print(len(ours), ours.count(429), slowed)
    assert ours.count(200) == 200
    assert slowed
    assert ours.count(429) <= 15


def test_two_extracts_share_the_quota(postgres_job: Job, api: Simulator) -> None:
    """Two processes with one token and one database: no 429, and hardly a call is wasted."""
    teams = 10 if CALLS < 600 else 12
    with Simulator(seed=3, leagues=2, seasons=2, teams=teams, latency=0.02) as api:
        common = {
            "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
            "SOURCES__SPORTMONKS__BATCH_SIZE": "4" if CALLS < 600 else "1",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in common.items():
                patch.setenv(name, value)
            postgres_job.api = api
            postgres_job.start_planned("--seasons", "all")
            api.control.set_quota(QUOTA, SECONDS)
            api.control.reset_requests()
            # What was known of the quota before is not true any more.
            postgres_job.query("delete from sportmonks_raw.quota_windows")
            hosts = [
                start_command(
                    "extract", "--seasons", years, DLT_DATA_DIR=str(postgres_job.folder / years)
                )
                for years in ("2024", "2025")
            ]
            output = [host.communicate(timeout=240)[0] for host in hosts]
        assert [host.returncode for host in hosts] == [0, 0], output
        requests = api.control.requests()
        # Lists of seasons follow, each with a quota of its own.
        others = [request for request in requests if "/seasons/" not in request["path"]]
        windows = windows_of(others, SECONDS)
        print([len(window) for window in windows], statuses(requests))
        assert set(statuses(requests)) == {200}
        full = windows[1:-1]
        assert len(full) >= 2
        assert sum(map(len, full)) >= 0.95 * QUOTA * len(full)


@pytest.fixture(params=["own", "shared"])
def windows(request: pytest.FixtureRequest) -> Any:
    """Both places for what is known of the quota."""
    if request.param == "own":
        yield InMemoryQuotaStore()
        return
    server: Server = request.getfixturevalue("server")
    schema = request.getfixturevalue("schema") + "_quota"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"create schema {schema}")
        cursor.execute(create_table(schema))
    place = server.environment()
    shared = PostgresQuotaStore(
        lambda: psycopg2.connect(
            host=place["PGHOST"],
            port=place["PGPORT"],
            user=place["PGUSER"],
            dbname=place["PGDATABASE"],
            password=place.get("PGPASSWORD"),
        ),
        schema,
        "token",
    )
    yield shared
    shared.close()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"drop schema {schema} cascade")


def test_one_goes_first_and_the_others_by_its_answer(windows: QuotaStore) -> None:
    rate_limiter = RateLimiter(8, store=windows)
    first = rate_limiter.acquire("football/fixtures")
    got: list[Permit] = []

    def acquire() -> None:
        with suppress(StoppedError):
            got.append(rate_limiter.acquire("football/fixtures"))

    others = [threading.Thread(target=acquire) for _ in range(5)]
    for other in others:
        other.start()
    time.sleep(0.3)
    assert got == []
    rate_limiter.release(first, QuotaReport("Fixture", 4, 3, 60, is_success=True))
    time.sleep(0.5)
    assert len(got) == 3
    rate_limiter.stop()
    for other in others:
        other.join()


def test_a_late_response_of_the_last_window_does_not_change_this_one(windows: QuotaStore) -> None:
    rate_limiter = RateLimiter(8, store=windows)
    first = rate_limiter.acquire("core/types")
    rate_limiter.release(first, QuotaReport("Type", 3, 2, 0, is_success=True))
    late = rate_limiter.acquire("core/types")
    time.sleep(1.1)
    now = rate_limiter.acquire("core/types")
    rate_limiter.release(now, QuotaReport("Type", 3, 2, 60, is_success=True))
    rate_limiter.release(late, QuotaReport("Type", 3, 0, 0, is_success=True))
    with windows.open("Type") as (window, now_there):
        assert [window.take(now_there, 0, 60) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("windows", ["shared"], indirect=True)
@pytest.mark.parametrize("is_killed", [True, False])
def test_a_request_without_response_blocks_others_briefly(
    windows: PostgresQuotaStore, is_killed: bool
) -> None:
    """At once when the session has ended, else when no response can arrive any more."""
    other = PostgresQuotaStore(windows.connect, windows.schema, "token")
    RateLimiter(8, max_request_seconds=60 if is_killed else 1, store=other).acquire("core/types")
    if is_killed:
        other.close()
    waited = RateLimiter(8, max_request_seconds=1, store=windows).acquire("core/types").waited
    assert waited < 0.5 if is_killed else 0.5 < waited < 3
    other.close()


@pytest.mark.parametrize("windows", ["shared"], indirect=True)
def test_a_wait_for_own_requests_is_not_reported_as_one_for_quota(
    windows: QuotaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extract.quota.rate_limiter._REPORTED_AFTER", 0.1)
    rate_limiter = RateLimiter(1, store=windows)
    reported: list[str] = []
    rate_limiter.on_wait = lambda entity, _: reported.append(entity)
    first = rate_limiter.acquire("core/types")
    other = threading.Thread(target=rate_limiter.acquire, args=["core/types"])
    other.start()
    time.sleep(1)
    rate_limiter.release(first, QuotaReport("Type", 4, 3, 60, is_success=True))
    other.join()
    assert reported == []


@given(
    limit=st.integers(1, 12),
    reserve=st.sampled_from([0, 0.25, 3]),
    steps=st.lists(
        st.tuples(st.sampled_from(["take", "take", "answer", "wait"]), st.integers(0, 9)),
        max_size=80,
    ),
)
def test_no_sequence_spends_more_than_the_quota(
    limit: int, reserve: float, steps: list[tuple[str, int]]
) -> None:
    """A window that is kept by a model of the API, whatever order its answers come in."""
    window, now = Window(), 1000.0
    opened, used = -1e9, 0
    # Number of the window, calls left, seconds until the API's window ends, and the time, of each
    # call under way. The API answers at once, and the response may take long.
    under_way: list[tuple[int, int, int, float]] = []
    for step, choice in steps:
        now += 0.25
        if step == "wait":
            now += choice
        elif step == "take" and window.take(now, reserve, 1e9) == 0:
            if now >= opened + 10:
                opened, used = now, 0
            used += 1
            assert used <= limit
            resets_in = max(0, math.ceil(opened + 10 - now))
            under_way.append((window.number, limit - used, resets_in, now))
        elif step == "answer" and under_way:
            number, remaining, resets_in, sent = under_way.pop(choice % len(under_way))
            report = QuotaReport("Fixture", limit, remaining, resets_in, True)
            window.give_back(number, report, now, now - sent)


def test_a_slow_response_begins_no_new_window() -> None:
    """It says how many calls were left when the API answered, which was long ago."""
    window = Window()
    window.take(0, 0, 60)
    window.give_back(0, QuotaReport("Fixture", 4, 3, 60, True), 0.1, 0.1)
    assert [window.take(1, 0, 60) for _ in range(3)] == [0, 0, 0]
    for remaining in (1, 0):
        window.give_back(0, QuotaReport("Fixture", 4, remaining, 59, True), 1.1, 0.1)
    window.give_back(0, QuotaReport("Fixture", 4, 2, 59, True), 11, 10)
    assert window.take(12, 0, 60) > 40


@pytest.mark.parametrize("reserve", [0, 0.25, 3])
def test_reserved_calls_are_left(reserve: float) -> None:
    window = Window()
    window.take(0, reserve, 60)
    window.give_back(0, QuotaReport("Fixture", 10, 9, 60, True), 1)
    taken = 0
    while window.take(2, reserve, 60) == 0:
        taken += 1
    assert taken == 9 - reserved_calls(reserve, 10)


def test_an_api_without_quota_headers_is_probed_again() -> None:
    """Without the end of the window the wait is bounded; without numbers there is none."""
    window = Window()
    window.take(0, 0, 60)
    window.give_back(0, QuotaReport("Fixture", None, 0, None, True), 1)
    assert 50 < window.take(2, 0, 60) <= 60
    assert window.take(65, 0, 60) == 0
    silent = Window()
    silent.take(0, 0, 60)
    silent.give_back(0, QuotaReport(is_success=True), 1)
    assert [silent.take(2, 0, 60) for _ in range(100)] == [0] * 100
