"""Hourly runs through a season: the tables follow it with no more calls than the schedule needs."""

import json
import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from extract.config.endpoints import season_endpoints
from extract.config.recheck_schedule import DEFAULT_SCHEDULE
from simulator import Simulator
from tests.support.assertions import VOLATILE, assert_equals_full_refresh, assert_equals_world
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job
from tests.support.schedule_model import GROUP_OF_STATE, duration, is_scheduled

# Whole days of the season; without any, an afternoon.
DAYS = int(os.environ.get("DAYS", "0"))
BEGIN = datetime(2026, 3, 14, tzinfo=UTC)
CHECKS = [
    duration(age) for group, age, _ in DEFAULT_SCHEDULE if group == "finished" and age != "any"
]


class Minimum:
    """The calls that the schedule needs where every fixture's state is known at any time."""

    def __init__(self) -> None:
        self.checked: dict[int, datetime] = {}
        self.calls = 0
        self.last_listed: dict[str, datetime] = {}

    def run(self, api: Simulator, now: datetime, list_pages: int) -> None:
        """Counts the calls of a run.

        Args:
            api: which knows every state.
            now: the time of the run.
            list_pages: the pages of all lists of seasons.
        """
        for what, hours, calls in [
            ("types", 164, 2), ("states", 164, 1), ("leagues", 20, 1), ("seasons", 20, 1),
            ("fixtures", 20, 2), ("new fixtures", 5, 1), ("lists of seasons", 20, list_pages),
        ]:  # fmt: skip
            last = self.last_listed.get(what)
            if last is None or now - last >= timedelta(hours=hours):
                self.last_listed[what] = now
                if what == "fixtures":
                    self.last_listed["new fixtures"] = now
                self.calls += calls
        due = [id for id in api.world.fixture_ids() if self.is_due(api.world.base(id), now)]
        self.checked.update(dict.fromkeys(due, now))
        self.calls += -(-len(due) // 50)

    def is_due(self, fixture: dict[str, Any], now: datetime) -> bool:
        checked_at = self.checked.get(fixture["id"])
        kick_off = datetime.fromtimestamp(fixture["starting_at_timestamp"], UTC)
        group = GROUP_OF_STATE[fixture["state_id"]]
        return checked_at is None or is_scheduled(
            DEFAULT_SCHEDULE, group, kick_off, checked_at, now
        )


def list_pages(job: Job) -> int:
    """The pages of the stored lists of seasons, of 50 rows each."""
    payloads = [
        payload
        for endpoint in season_endpoints()
        for (payload,) in job.query(
            f"select cast(payload as text) from sportmonks_raw.{endpoint.table}"
        )
    ]
    return sum(-(-len(json.loads(payload)["data"]) // 50) for payload in payloads)


def correct(api: Simulator, chance: random.Random, now: datetime, end: datetime) -> bool:
    """Something that the API corrects after the match, if the schedule sees it before the end."""
    fixture = api.world.fixture(chance.choice(api.world.fixture_ids()))
    age = now - datetime.fromtimestamp(fixture["starting_at_timestamp"], UTC)
    following = [check for check in CHECKS if check > age]
    if fixture["state_id"] != 5 or age < CHECKS[0] or not following:
        return False
    if now + following[0] - age > end - timedelta(hours=1):
        return False
    id, events = fixture["id"], fixture["events"]
    goals = [event["id"] for event in events if event["type_id"] == 14]
    kind = chance.randrange(4)
    if kind == 0 and goals:
        api.control.cancel_goal(id, chance.choice(goals))
    elif kind == 1 and len(events) > 3:
        api.control.remove_event(id, chance.choice(events)["id"])
    elif kind == 2:
        period = fixture["periods"][0]["id"]
        team = fixture["participants"][0]["id"]
        api.control.add_event(id, {"type_id": 19, "participant_id": team, "period_id": period})
    else:
        statistic = chance.choice(fixture["statistics"])["id"]
        api.control.correct_statistic(id, statistic, chance.randint(0, 99))
    return True


@pytest.mark.thorough
@POSTGRES_IN_TEST_ALL
def test_an_hourly_run_keeps_up_with_the_season(
    job: Job, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin, hours = BEGIN, DAYS * 24
    if not DAYS:
        # The hours of the matches. Lists are read once a day, which is tested elsewhere.
        begin, hours = BEGIN + timedelta(hours=13), 6
    chance = random.Random(DAYS)
    end = begin + timedelta(hours=hours)
    minimum = Minimum()
    corrections = 0
    teams = 10 if DAYS else 6
    with Simulator(
        seed=5, leagues=2, seasons=1, teams=teams, clock=begin.isoformat(), quota=10**6
    ) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        every_id = api.world.fixture_ids()
        upcoming = [id for id in every_id if api.world.base(id)["state_id"] == 1]
        finished = [id for id in every_id if api.world.base(id)["state_id"] == 5]
        for hour in range(hours + 1):
            now = begin + timedelta(hours=hour)
            api.control.set_clock(now.isoformat())
            if hour == 3 and hours >= 24:
                moved = api.world.base(upcoming[-20])["starting_at_timestamp"] - 86_400
                api.control.reschedule(
                    upcoming[-20], datetime.fromtimestamp(moved, UTC).isoformat()
                )
                api.control.delete(finished[0])
            # A short season has few that are seen before its end.
            tries = 1 if DAYS > 10 else 20
            corrections += any(correct(api, chance, now, end) for _ in range(tries))
            with time_machine.travel(now, tick=True):
                job.extract()
            minimum.run(api, now, list_pages(job))
            if hour % 24 == 0 or hour == hours:
                job.transform()
        spent = len(api.control.requests())
        with capsys.disabled():
            print(
                f"\n{hours} hours, an hourly run, {corrections} corrections: {spent} calls; "
                f"the schedule implies {minimum.calls}: {spent / minimum.calls:.3f} times as many"
            )
        assert corrections > hours / 48
        # A stage or a round is as of when one of its fixtures was last stored.
        clock = {"is_current", "finished", "pending", "games_in_current_week"}
        assert_equals_world(job, api, every_id, VOLATILE | clock)
        assert_equals_full_refresh(job)
        assert spent <= 1.3 * minimum.calls
