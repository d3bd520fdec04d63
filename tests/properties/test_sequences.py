"""After any sequence of corrections, runs, transforms, kills and replays: the tables built step by
step, those of a full refresh, and the API's world are the same.

`SEQUENCES=500` plays as many sequences on each engine.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from extract.config.recheck_schedule import TIMES_UNTIL_WITHDRAWN
from simulator import Simulator
from tests.support import expected_marts as marts
from tests.support.assertions import MARTS, VOLATILE, assert_equals_world, assert_mart
from tests.support.pipeline import (
    EVERY_MODEL,
    FINAL_TABLES,
    POSTGRES_IN_TEST_ALL,
    Database,
    Job,
    SavedStarts,
    setting,
)

# Hypothesis begins with the two simplest ones, which are pauses only and cost next to nothing.
SEQUENCES = int(os.environ.get("SEQUENCES", "3"))
CLOCK = "2026-03-14T15:20:00Z"
# What is built step by step: views follow from it.
MODELS = ["--select", "config.materialized:incremental"]
ARRAYS = ["events", "statistics", "participants", "periods", "scores"]
CHILDREN = [table for table in FINAL_TABLES if table.startswith("fixture_")]
# Built from other models than the payload alone, in an order that makes each the input of the next.
DERIVED = {
    "sportmonks.team_fixtures": "fixture_id, team_id",
    "sportmonks.player_fixtures": "lineup_id",
    "sportmonks.fixture_quality": "fixture_id",
    "sportmonks_staging.int_fixture_invalid_values": "fixture_id, path",
    "sportmonks_staging.int_fixture_corrections": "fixture_id, first_seen_at, kind, key, field",
}

places = st.integers(0, 999)


class Sequence(RuleBasedStateMachine):
    """One sequence. What the API, the network, the scheduler and an administrator may do."""

    job: Job
    api: Simulator
    # Sequences that were no mere pauses.
    checked = 0

    @initialize()
    def begin(self) -> None:
        self.api.control.set_clock(CLOCK)
        self.api.control.restore_all()
        # The first transform without arguments builds what has changed only.
        self.job.start_complete()
        self.kills = self.steps = self.pauses = 0

    @rule()
    def a_pause(self) -> None:
        """Nothing: the simplest rule, of which Hypothesis makes its first sequences."""
        self.pauses += 1

    @invariant()
    def count_the_step(self) -> None:
        self.steps += 1

    # ------------------------------------------------------------------ the API

    def fixture(self, place: int, array: str = "", least: int = 0) -> dict[str, Any] | None:
        """Some fixture of those that have so many elements in an array."""
        fixtures = [self.api.control.fixture(id) for id in self.api.world.fixture_ids()]
        fit = [fixture for fixture in fixtures if not array or len(fixture[array]) > least]
        return fit[place % len(fit)] if fit else None

    @rule(place=places, row=places, value=st.integers(0, 99))
    def a_statistic_is_corrected(self, place: int, row: int, value: int) -> None:
        if fixture := self.fixture(place, "statistics"):
            statistics = fixture["statistics"]
            statistic = statistics[row % len(statistics)]["id"]
            self.api.control.correct_statistic(fixture["id"], statistic, value)

    @rule(place=places, row=places)
    def an_event_is_removed(self, place: int, row: int) -> None:
        if fixture := self.fixture(place, "events"):
            events = fixture["events"]
            self.api.control.remove_event(fixture["id"], events[row % len(events)]["id"])

    @rule(place=places, minute=st.integers(1, 90))
    def an_event_is_added(self, place: int, minute: int) -> None:
        if fixture := self.fixture(place, "periods"):
            self.api.control.add_event(fixture["id"], {"type_id": 19, "minute": minute})

    @rule(place=places)
    def a_goal_is_cancelled(self, place: int) -> None:
        if fixture := self.fixture(place, "events"):
            goals = [event["id"] for event in fixture["events"] if event["type_id"] == 14]
            if goals:
                self.api.control.cancel_goal(fixture["id"], goals[place % len(goals)])

    @rule(place=places, array=st.sampled_from(ARRAYS))
    def an_array_is_emptied(self, place: int, array: str) -> None:
        if fixture := self.fixture(place, array):
            self.api.control.empty(fixture["id"], array)

    @rule(place=places)
    def corrections_are_taken_back(self, place: int) -> None:
        if fixture := self.fixture(place):
            self.api.control.restore(fixture["id"])

    @rule(place=places, day=st.integers(1, 60))
    def a_fixture_is_rescheduled(self, place: int, day: int) -> None:
        if fixture := self.fixture(place):
            at = time.gmtime(fixture["starting_at_timestamp"] + day * 86_400)
            self.api.control.reschedule(fixture["id"], time.strftime("%Y-%m-%dT%H:%M:%SZ", at))

    @rule(place=places)
    def a_fixture_is_deleted(self, place: int) -> None:
        if fixture := self.fixture(place):
            self.api.control.delete(fixture["id"])

    @rule(place=places, again=st.booleans(), runs=st.integers(0, 3))
    def a_fixture_is_withdrawn(self, place: int, again: bool, runs: int) -> None:
        """It is gone without a word; the same match may be there again under another id."""
        if fixture := self.fixture(place):
            act = self.api.control.reissue if again else self.api.control.withdraw
            act(fixture["id"])
            for _ in range(runs):
                self.job.extract("--force")
            if runs:
                self.job.transform(*MODELS)

    @rule(place=places)
    def a_withdrawn_fixture_returns(self, place: int) -> None:
        if gone := sorted(self.api.world.withdrawn):
            self.api.control.restore(gone[place % len(gone)])

    @rule(place=places, value=st.booleans())
    def odds_come_and_go(self, place: int, value: bool) -> None:
        if fixture := self.fixture(place):
            self.api.control.update(fixture["id"], {"has_odds": value})

    @rule(days=st.sampled_from([0.02, 1, 7, 90]))
    def time_passes(self, days: float) -> None:
        # Matches are played, and placeholders become teams.
        self.api.control.advance(days * 86_400)

    # ------------------------------------------------------------------ the job

    @rule(include=st.sampled_from(["events", "statistics", "participants"]), lasts=st.booleans())
    def a_run_without_elements(self, include: str, lasts: bool) -> None:
        """Answers lack what an include holds, at first or to the run's end: not confirmed."""
        fault: dict[str, Any] = {"kind": "empty_include", "include": include, "path": "multi"}
        # What was empty some minutes ago too is confirmed.
        shown = self.job.query(
            f"select id from sportmonks_raw.fixture_checks where empty_keys like '%{include}%' "
            "and counted_at <= now() - interval '5 minutes'"
        )
        self.run_with(fault if lasts else {**fault, "times": 1}, {id for (id,) in shown})

    @rule(include=st.sampled_from(ARRAYS), kind=st.sampled_from(["object", "other"]))
    def a_run_with_arrays_that_are_none(self, include: str, kind: str) -> None:
        """An object for a list is read as that list; anything else is ignored."""
        fault = {"kind": f"{kind}_include", "include": include, "value": "none", "path": "multi"}
        self.run_with(fault, set())

    def run_with(self, fault: dict[str, Any], confirmed: set[int]) -> None:
        """A run that loses no elements but those of fixtures whose emptiness is confirmed."""
        include = fault["include"]
        filled = f"select id from sportmonks_raw.fixtures where non_empty_keys like '%{include}%'"
        before = {id for (id,) in self.job.query(filled)}
        self.api.control.faults([fault])
        self.job.extract("--force")
        self.api.control.clear_faults()
        ids = (before - confirmed) & set(self.api.world.fixture_ids())
        kept = {id for id in ids if self.api.control.fixture(id)[include]}
        assert {id for (id,) in self.job.query(filled)} >= kept

    @rule()
    def a_run(self) -> None:
        self.job.extract("--force")

    @rule()
    def minutes_pass(self) -> None:
        """The job's own clock goes on, so that what is empty can be confirmed."""
        earlier = "counted_at - interval '6 minutes'"
        self.job.query(f"update sportmonks_raw.fixture_checks set counted_at = {earlier}")

    @rule(some=st.lists(places, min_size=1, max_size=4))
    def a_run_for_some(self, some: list[int]) -> None:
        ids = self.api.world.every_id()
        chosen = {str(ids[place % len(ids)]) for place in some}
        self.job.extract("--force", "--fixture-ids", ",".join(sorted(chosen)))

    @rule(some=st.lists(places, min_size=1, max_size=4), taken=st.sampled_from(ARRAYS))
    def an_include_is_taken_away_and_comes_back(self, some: list[int], taken: str) -> None:
        """What was fetched without it meanwhile is due for it, without force."""
        include = ";".join(array for array in ARRAYS if array != taken)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv(setting("INCLUDE"), include)
            self.a_run_for_some(some)
        self.job.extract()
        lack = f"requested_include not like '%;{taken};%' and outcome in ('stored', 'unchanged')"
        assert not self.job.query(f"select id from sportmonks_raw.fixture_checks where {lack}")

    @rule()
    def a_transform(self) -> None:
        self.job.transform(*MODELS)

    @rule()
    def a_transform_of_what_has_changed(self) -> None:
        """Until another one has built a part, or was killed: then it builds everything."""
        self.job.command("transform")

    @rule(model=st.sampled_from([*CHILDREN, "fixtures", "team_fixtures", "fixture_quality"]))
    def a_transform_of_one_model(self, model: str) -> None:
        self.job.transform("--select", model)

    @rule(chance=st.integers(0, 2**32), command=st.sampled_from(["extract --force", "transform"]))
    def a_kill(self, chance: int, command: str) -> None:
        # Python's start is the longest part of it: one of them is enough for a sequence.
        if self.kills:
            return
        self.kills += 1
        process = subprocess.Popen(
            [sys.executable, "-m", "extract", *command.split()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.Random(chance).uniform(1.0, 4.0))
        process.send_signal(signal.SIGKILL)
        process.wait()

    # ------------------------------------------------------------------ what is committed, and when

    @rule(place=places)
    def a_load_is_late(self, place: int) -> None:
        """Payloads that were fetched before others are committed after them."""
        with self.isolated(f"id % 3 = {place % 3}"):
            self.job.transform(*MODELS)

    @rule()
    def the_payloads_are_replayed(self) -> None:
        """The whole table is emptied, and comes again."""
        with self.isolated("true"):
            self.job.transform(*MODELS)

    @contextmanager
    def isolated(self, condition: str) -> Iterator[None]:
        schema = self.job.database.schema
        raw, table = f"{schema}_raw.fixtures", f"{schema}.isolated"
        self.job.database.execute(
            f"create table {table} as select * from {raw} where {condition}; "
            f"delete from {raw} where {condition}"
        )
        yield
        self.job.database.execute(f"insert into {raw} select * from {table}; drop table {table}")

    # ------------------------------------------------------------------ what must hold then

    def teardown(self) -> None:
        # There is one more after the beginning.
        if self.steps == self.pauses + 1:
            return
        Sequence.checked += 1
        # Until what is missing is withdrawn, and an emptiness confirmed.
        for _ in range(TIMES_UNTIL_WITHDRAWN):
            self.minutes_pass()
            self.job.extract("--force")
        self.job.transform(*EVERY_MODEL)
        self.assert_marts()
        built = self.contents()
        self.job.transform("--full-refresh", *EVERY_MODEL)
        for table, rows in self.contents().items():
            assert rows == built[table], table
        # The API no longer returns withdrawn fixtures: they are restored for the comparison.
        if gone := set(self.api.world.every_id()) - set(self.api.world.fixture_ids()):
            for id in gone:
                self.api.control.restore(id)
            self.job.extract("--force")
            self.job.transform(*MODELS)
            self.assert_marts()
        assert_equals_world(self.job, self.api, volatile=VOLATILE)

    def assert_marts(self) -> None:
        world = marts.read(self.api)
        for mart in MARTS:
            assert_mart(self.job, mart, world)

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        tables = {f"sportmonks.{table}": key for table, key in FINAL_TABLES.items()} | DERIVED
        with self.job.database.kept_open():
            return {
                table: self.job.query(f"select * from {table} order by {key}")
                for table, key in tables.items()
            }


@pytest.fixture
def league() -> Iterator[Simulator]:
    with Simulator(seed=4, leagues=1, seasons=1, teams=4, clock=CLOCK) as api:
        yield api


@pytest.mark.timeout(36_000)
@POSTGRES_IN_TEST_ALL
def test_any_sequence_ends_in_the_world(
    league: Simulator,
    database: Database,
    job_folder: Path,
    dbt_targets: Path,
    starts: SavedStarts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = Job(database, job_folder, dbt_targets / type(database).__name__, league, starts)
    for name, value in job.environment(league.base_url, league.token).items():
        monkeypatch.setenv(name, value)
    # Each run looks for fixtures that are new, and that are deleted.
    monkeypatch.setenv("SOURCES__SPORTMONKS__LISTING_MAX_AGE", "0")
    monkeypatch.setenv(setting("CONFIRM_AFTER"), "5")
    Sequence.job, Sequence.api, Sequence.checked = job, league, 0
    run_state_machine_as_test(
        Sequence,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=6,
            deadline=None,
            database=None,
            derandomize=SEQUENCES < 100,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Sequence.checked >= SEQUENCES - 2
