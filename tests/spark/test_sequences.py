"""The tables on Spark equal those on DuckDB after each step of a random sequence.

`SPARK_SEQUENCES=20` plays as many sequences, each with another seed.
"""

import os
import random
from typing import Any

import pytest

from simulator import Simulator
from tests.support.pipeline import setting
from tests.support.spark_job import SparkJob

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("kept_session")]

SEQUENCES = int(os.environ.get("SPARK_SEQUENCES", "1"))
STEPS = 2
# Some fit some columns; on all engines the others are in quarantine.
VALUES = (None, "", "12", 12.5, True, 2**63, -1, "ninety", "44% ", [1], {"a": 1}, "é'\\\n")
ALWAYS = ("participants", "scores", "statistics", "events", "periods")
OTHERS = (
    "lineups", "lineups.details", "lineups.player", "formations", "coaches", "referees.referee",
    "venue", "round", "stage", "metadata", "weatherReport", "sidelined.sideline", "predictions",
    "xGFixture",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_spark_equals_duckdb_after_each_step(
    spark_job: SparkJob, league: Simulator, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    job = spark_job.job
    league.control.set_behaviour(unlicensed=[])
    done: list[object] = []
    for _ in range(1 + STEPS):
        include = [*ALWAYS, *chance.sample(OTHERS, 4)]
        monkeypatch.setenv(setting("INCLUDE"), ";".join(include))
        done.append(include)
        job.extract("--force")
        spark_job.build()
        try:
            spark_job.assert_same()
        except AssertionError as error:
            raise AssertionError(f"after {done}\n{error}") from error
        ids = league.control.fixture_ids()
        done += [_change(league, chance, ids) for _ in range(chance.randint(3, 8))]


def _change(league: Simulator, chance: random.Random, ids: list[int]) -> tuple[str, int]:
    """Changes one fixture in one of many ways; says which."""
    control = league.control
    id = chance.choice(ids)
    fixture = control.fixture(id, "events;statistics;lineups")
    kind = chance.choice(
        ("remove", "claim", "empty", "null", "drop", "value", "withdraw", "reissue", "restore")
    )
    events: list[dict[str, Any]] = fixture["events"] or []
    key = chance.choice(("events", "statistics", "lineups", "scores", "periods"))
    if kind == "remove" and events:
        control.remove_event(id, chance.choice(events)["id"])
    elif kind == "claim" and events:
        # Another fixture claims its event.
        other = chance.choice(ids)
        theirs = control.fixture(other, "events")["events"] or []
        control.update(other, {"events": [*theirs, {**events[0], "minute": 44}]})
    elif kind == "empty":
        control.empty(id, key)
    elif kind == "null":
        control.set_null(id, key)
    elif kind == "drop":
        control.drop_key(id, key)
    elif kind == "value":
        field = chance.choice(("venue_id", "name", "leg", "length", "starting_at_timestamp"))
        control.update(id, {field: chance.choice(VALUES)})
        if events:
            field = chance.choice(("minute", "player_name", "sort_order", "rescinded"))
            wrong = {**events[0], field: chance.choice(VALUES)}
            control.update(id, {"events": [wrong, *events[1:]]})
    elif kind == "withdraw":
        control.withdraw(id)
    elif kind == "reissue":
        control.reissue(id)
    elif kind == "restore":
        control.restore(id)
    else:
        kind = "nothing"
    return kind, id
