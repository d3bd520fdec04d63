"""The newest payload wins, even when the clocks of the hosts are wrong."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import time_machine

from extract.api.client import SportmonksClient
from extract.api.clock import ApiClock
from extract.config.settings import Settings
from extract.warehouse.raw_tables import RECORDS, TIMES
from simulator import Simulator
from tests.support.assertions import (
    assert_equals_full_refresh,
    assert_equals_world,
    assert_raw_equals_world,
)
from tests.support.locks import blocked_at, wait_until_blocked
from tests.support.pipeline import (
    POSTGRES_IN_TEST_ALL,
    Job,
    Postgres,
    requested_ids,
    setting,
)
from tests.support.processes import KILL_AT, start_command

DAY = timedelta(days=1)
# A run on a host whose clock is a day ahead.
AHEAD = f"""
import time, time_machine
time_machine.travel(time.time() + 86400).start()
{KILL_AT}"""


@contextlib.contextmanager
def host_clock(api: Simulator, ahead: timedelta) -> Iterator[None]:
    """Sets the clock of this host. The API's clock stays right."""
    now = datetime.now(UTC)
    api.control.set_clock(now.isoformat())
    with time_machine.travel(now + ahead, tick=True):
        yield


def correct_five(api: Simulator) -> list[int]:
    """Five other fixtures each time, with another statistic each time."""
    ids = [id for id in api.world.fixture_ids() if api.control.fixture(id)["statistics"]]
    chosen = random.sample(ids, 5)
    for id in chosen:
        statistic = api.control.fixture(id)["statistics"][0]
        value = (statistic["data"]["value"] or 0) + 1
        api.control.correct_statistic(id, statistic["id"], value)
    return chosen


def extracted(job: Job, *arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(job.extract("--json", *arguments).stdout.splitlines()[-1])
    return result


def latest(job: Job) -> datetime:
    """The latest time of all that is stored."""
    times: list[datetime | None] = [
        job.query(f"select max({time}) from sportmonks_raw.{table}")[0][0]
        for table, time in TIMES.items()
        if table not in RECORDS
    ]
    return max(time for time in times if time)


def assert_versions_are_in_order(job: Job) -> None:
    """The newest version of a fixture is the one that is stored."""
    differing = job.query(
        "select fixtures.id from sportmonks_raw.fixtures as fixtures inner join "
        "(select id, payload_hash, row_number() over (partition by id order by fetched_at desc) "
        "as number from sportmonks_raw.fixture_versions) as versions "
        "on fixtures.id = versions.id and number = 1 "
        "where fixtures.payload_hash <> versions.payload_hash"
    )
    assert differing == []


def start_today(job: Job, api: Simulator) -> None:
    """Has the warehouse as after a run of a host and an API whose clocks are right."""

    def make() -> None:
        with host_clock(api, timedelta(0)):
            job.extract()

    job.start("today", make)
    api.control.set_clock(datetime.now(UTC).isoformat())


def set_times(job: Job, ahead: timedelta) -> None:
    """As a host whose clock is ahead would have stored them, by a version that went by it."""
    for table, time in TIMES.items():
        columns = [time, "listed_at"] if table == "listing_log" else [time]
        seconds = int(ahead.total_seconds())
        changes = ", ".join(f"{name} = {name} + interval '{seconds} seconds'" for name in columns)
        job.query(f"update sportmonks_raw.{table} set {changes}")


@POSTGRES_IN_TEST_ALL
@pytest.mark.thorough
def test_a_host_a_day_ahead_does_not_keep_others_from_storing(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_today(job, api)
    # Everything is read again.
    monkeypatch.setenv(setting("REFERENCE_MAX_AGE"), "0")
    monkeypatch.setenv(setting("LISTING_MAX_AGE"), "0")
    with host_clock(api, DAY):
        correct_five(api)
        assert extracted(job, "--force")["stored"] == 5
    assert latest(job) < datetime.now(UTC)

    correct_five(api)
    assert extracted(job, "--force")["stored"] == 5
    assert_raw_equals_world(job, api)
    assert_versions_are_in_order(job)
    job.transform()

    # What is stored by such a clock is set back.
    set_times(job, DAY)
    correct_five(api)
    result = job.extract("--json", "--force")
    assert json.loads(result.stdout.splitlines()[-1])["stored"] == 5
    assert "ahead of the API's clock" in result.stderr
    assert latest(job) < datetime.now(UTC)
    assert_raw_equals_world(job, api)
    assert_versions_are_in_order(job)
    job.transform()
    assert_equals_world(job, api)
    assert_equals_full_refresh(job)
    assert extracted(job, "--force")["stored"] == 0


@pytest.mark.parametrize(
    "behind", [pytest.param(timedelta(minutes=10), marks=pytest.mark.thorough), DAY]
)
def test_a_host_that_is_behind_goes_by_the_api(
    duckdb_job: Job, api: Simulator, behind: timedelta
) -> None:
    job = duckdb_job
    start_today(job, api)
    with host_clock(api, timedelta(0)):
        due = len(extracted(job))
    correct_five(api)
    with host_clock(api, -behind):
        api.control.reset_requests()
        again = extracted(job)
        # One request reads the API's time.
        assert again["due"] == 0
        assert [request["path"] for request in api.control.requests()] == ["/v3/football/states"]
        assert extracted(job, "--force")["stored"] == 5
    assert due
    assert_raw_equals_world(job, api)
    with host_clock(api, timedelta(0)):
        correct_five(api)
        assert extracted(job, "--force")["stored"] == 5
    assert_raw_equals_world(job, api)
    assert_versions_are_in_order(job)


@pytest.mark.thorough
def test_a_clock_that_steps_back_together_with_the_api(duckdb_job: Job, api: Simulator) -> None:
    """So does one of a host that reaches an API without a `Date`."""
    duckdb_job.start_extracted()
    correct_five(api)
    with time_machine.travel(datetime.now(UTC) - DAY, tick=True):
        assert extracted(duckdb_job, "--force")["stored"] == 5
    assert_raw_equals_world(duckdb_job, api)
    assert_versions_are_in_order(duckdb_job)


def test_an_older_answer_of_a_host_ahead_that_is_loaded_late_does_not_stay(
    duckdb_job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = duckdb_job
    start_today(job, api)
    for id in (chosen := correct_five(api)):
        api.control.update(id, {"details": "older"})
    moment = "fixtures:dlt.extract.extract:Extract:commit_packages:after"
    process = subprocess.run(
        [sys.executable, "-c", AHEAD, moment, "extract", "--force"], check=False
    )
    assert process.returncode == -signal.SIGKILL

    for id in chosen:
        api.control.update(id, {"details": "newer"})
    api.control.set_clock(datetime.now(UTC).isoformat())
    with monkeypatch.context() as other_host:
        other_host.setenv("DLT_DATA_DIR", str(tmp_path / "other"))
        assert extracted(job, "--force")["stored"] == 5
    api.control.reset_requests()
    assert "Loading what a run had fetched" in job.extract().output
    assert requested_ids(api) == []
    assert_raw_equals_world(job, api)


@pytest.mark.thorough
def test_a_row_rejected_by_the_merge_does_not_count_as_stored(
    postgres_job: Job, api: Simulator, postgres: Postgres
) -> None:
    job = postgres_job
    job.start_extracted()
    first = correct_five(api)[0]
    with blocked_at("_raw_staging.fixture_checks", "exclusive", postgres) as go_on:
        process = start_command("extract", "--force", "--json")
        wait_until_blocked(postgres)
        # Another run is faster.
        job.query(
            "update sportmonks_raw.fixtures set payload_hash = 'newer', "
            f"fetched_at = fetched_at + interval '1 hour' where id = {first}"
        )
        go_on()
    output, _ = process.communicate(timeout=60)
    assert "1 fixtures are not stored as they were fetched" in " ".join(output.split())
    counts = json.loads(output.splitlines()[-1])
    assert (counts["stored"], counts["superseded"]) == (4, 1)
    ((noted,),) = job.query(
        "select counts from sportmonks_raw.runs order by started_at desc limit 1"
    )
    assert json.loads(noted)["superseded"] == 1


# ---------------------------------------------------------------------- the clock by itself


@pytest.fixture
def clock() -> ApiClock:
    clock = ApiClock()
    clock.begin()
    return clock


def in_utc(**ahead: float) -> datetime:
    return datetime.now(UTC) + timedelta(**ahead)


def assert_is_near(moment: datetime | None, expected: datetime) -> None:
    assert moment is not None
    assert abs(moment - expected) < timedelta(seconds=1.5)


def test_where_the_clocks_agree_the_finer_one_counts(clock: ApiClock) -> None:
    clock.observe(in_utc().replace(microsecond=0), 0)
    assert abs(clock.now() - in_utc()) < timedelta(milliseconds=100)
    assert clock.seconds_ahead == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("ahead", [{"days": 1}, {"days": -400}, {"minutes": 3}, {"seconds": -30}])
def test_otherwise_the_api_counts(clock: ApiClock, ahead: dict[str, float]) -> None:
    before = clock.now()
    clock.observe(in_utc(**ahead), 0)
    times = [clock.now() for _ in range(1000)]
    assert times == sorted(set(times))
    assert_is_near(before, in_utc())
    assert_is_near(times[-1], in_utc(**ahead))
    assert_is_near(clock.began_at, in_utc(**ahead))
    assert clock.began_at and clock.began_at < times[0]


def test_a_constant_date(clock: ApiClock) -> None:
    date = in_utc(days=-3)
    for _ in range(20):
        last = clock.now()
        clock.observe(date, 0)
    assert last < clock.now() < date + timedelta(seconds=1)


def test_one_wrong_server_among_many(clock: ApiClock) -> None:
    for wrong in (0, 0, 90, -5, 0, 0, 0):
        clock.observe(in_utc(days=wrong), 0)
        assert_is_near(clock.now(), in_utc())


def test_an_answer_from_a_cache(clock: ApiClock) -> None:
    clock.observe(in_utc(hours=4, seconds=-300), 300)
    assert_is_near(clock.now(), in_utc(hours=4))


class Cache(BaseHTTPRequestHandler):
    """Answers what the API, whose clock is four hours ahead, has sent five minutes ago."""

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Date", format_datetime(in_utc(hours=4, minutes=-5), usegmt=True))
        self.send_header("Age", "300")
        self.end_headers()
        self.wfile.write(b'{"data": []}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_an_answer_from_a_cache_is_as_old_as_it_is() -> None:
    with HTTPServer(("127.0.0.1", 0), Cache) as server:
        threading.Thread(target=server.handle_request).start()
        settings = Settings()
        settings.api_token, settings.base_url = "x", f"http://127.0.0.1:{server.server_port}"
        client = SportmonksClient(settings)
        answer = client.get_once("football/states", {})
    assert_is_near(answer.received_at, in_utc(hours=4, minutes=-5))
    assert_is_near(client.clock.now(), in_utc(hours=4))


@pytest.mark.parametrize("year", [None, 1, 1970, 9999])
def test_a_date_that_makes_no_sense(clock: ApiClock, year: int | None) -> None:
    clock.observe(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) if year else None, 0)
    assert_is_near(clock.now(), in_utc())
    assert_is_near(clock.began_at, in_utc())
