"""Which fixtures are due, on generated data, against an independent model of the schedule."""

import random
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extract.config.recheck_schedule import DEFAULT_SCHEDULE, GROUPS, read_schedule
from extract.errors import UsageError
from extract.planning.due import due_fixtures
from extract.warehouse.factory import open_warehouse
from tests.support.pipeline import Job
from tests.support.schedule_model import GROUP_OF_STATE, Schedule, is_scheduled

NOW = datetime(2026, 3, 14, 15, 20, 7, tzinfo=UTC)
INTERVALS = ["run", "once", "never", "5m", "45m", "1h", "7h", "1d", "30d"]
INCLUDE = "Events:minute;lineups"
# By what was requested when the payload was stored: whether the include above lacks nothing.
REQUESTED = {None: False, ";events;scores;": False, ";events;lineups.details;": True}
AGES = ["-40d", "-7d", "-1h", "-15m", "0m", "30m", "3h", "26h", "3d", "30d", "400d"]


def made_schedule(chance: random.Random) -> Schedule:
    rows = []
    for group in GROUPS:
        for age in ["any", *(age for age in AGES if chance.random() < 0.4)]:
            intervals = [again for again in INTERVALS if (age, again) != ("any", "once")]
            rows.append([group, age, chance.choice(intervals)])
    return rows


def moment(chance: random.Random) -> datetime:
    """More often near the present than far from it, and now and then at a full minute."""
    seconds = chance.choice([60, 3600, 86_400, 30 * 86_400, 500 * 86_400]) * chance.uniform(-1, 1)
    found = NOW + timedelta(seconds=int(seconds))
    return found.replace(second=7) if chance.random() < 0.2 else found


def made_fixture(chance: random.Random, id: int) -> dict[str, Any]:
    states = [1, 2, 5, 10, 11, 12, 20, 26, 99, None]
    stored = chance.random() < 0.8
    listed = chance.random() < 0.7
    state = chance.choice(states)
    kick_off = None if chance.random() < 0.1 else moment(chance)
    checked_at = min(moment(chance), NOW) if stored or chance.random() < 0.5 else None
    outcome = chance.choice(["stored"] * 5 + ["unchanged", "missing", "unconfirmed", "failed"])
    moved = chance.random() < 0.2
    return {
        "id": id,
        "season_id": chance.choice([1, 2, 3]),
        "stored": (state, kick_off) if stored else None,
        "listed": (
            chance.choice(states) if moved else state,
            moment(chance) if moved and chance.random() < 0.5 else kick_off,
        )
        if listed
        else None,
        "last_seen_at": min(moment(chance), NOW),
        "requested": chance.choice(list(REQUESTED)),
        "outcome": outcome if checked_at else None,
        "times_missing": chance.randint(1, 4) if checked_at and outcome == "missing" else 0,
        "checked_at": checked_at,
        # A payload is lost if a run was killed after the commit of the check.
        "is_lost": bool(stored and checked_at and outcome == "stored" and chance.random() < 0.05),
    }


def expected_reason(schedule: Schedule, fixture: dict[str, Any]) -> str | None:
    stored, listed, outcome = fixture["stored"], fixture["listed"], fixture["outcome"]
    state, kick_off = stored or listed or (None, None)
    if stored and listed:
        answered = outcome in ("stored", "unchanged")
        if answered and fixture["checked_at"] >= fixture["last_seen_at"]:
            newer, older = stored, listed
        else:
            newer, older = listed, stored
        state = older[0] if newer[0] is None else newer[0]
        kick_off = newer[1] or older[1]
    group = GROUP_OF_STATE.get(state or 0, "other")
    if outcome in ("unconfirmed", "failed"):
        group = outcome
    elif outcome == "missing" and state != 20 and fixture["times_missing"] >= 3:
        group = "missing"
    elif outcome == "missing" and state != 20 and stored:
        group = "unconfirmed"
    owed = ("missing", "unconfirmed", "failed")
    if not stored and group not in ("deleted", *owed):
        return "new"
    if fixture["is_lost"] and group != "deleted":
        return "changed"
    if stored and listed and fixture["last_seen_at"] > fixture["checked_at"]:
        pairs = zip(listed, stored, strict=True)
        differs = any(now is not None and now != then for now, then in pairs)
        if group == "missing" or (differs and group not in owed):
            return "deleted" if group == "deleted" else "changed"
    checked_at = fixture["checked_at"] or datetime.min.replace(tzinfo=UTC)
    if is_scheduled(schedule, group, kick_off, checked_at, NOW):
        return group
    requested = fixture["requested"] if fixture["checked_at"] else None
    is_owed = stored and group not in ("deleted", *owed) and not REQUESTED[requested]
    return "include added" if is_owed else None


def sql(value: Any) -> str:
    if value is None:
        return "null"
    return f"timestamptz '{value}'" if isinstance(value, datetime) else repr(value)


def insert(job: Job, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    values = ", ".join(f"({', '.join(map(sql, row))})" for row in rows)
    job.query(f"delete from sportmonks_raw.{table}")
    job.query(f"insert into sportmonks_raw.{table} ({columns}) values {values}")


@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.thorough)])
def test_due_follows_the_schedule(job: Job, seed: int) -> None:
    job.start_with_one()  # for the tables
    chance = random.Random(seed)
    schedule: Schedule = DEFAULT_SCHEDULE if seed == 0 else made_schedule(chance)
    fixtures = [made_fixture(chance, id) for id in range(1, 4001)]
    found_by = "id, season_id, state_id, starting_at"
    insert(
        job,
        "fixtures",
        f"{found_by}, fetched_at",
        [
            (
                f["id"],
                f["season_id"],
                *f["stored"],
                f["checked_at"] - timedelta(hours=1) if f["is_lost"] else f["checked_at"],
            )
            for f in fixtures
            if f["stored"]
        ],
    )
    insert(
        job,
        "fixture_index",
        f"{found_by}, last_seen_at",
        [
            (f["id"], f["season_id"], *f["listed"], f["last_seen_at"])
            for f in fixtures
            if f["listed"]
        ],
    )
    insert(
        job,
        "fixture_checks",
        "id, checked_at, outcome, times_missing, requested_include",
        [
            (f["id"], f["checked_at"], f["outcome"], f["times_missing"], f["requested"])
            for f in fixtures
            if f["checked_at"]
        ],
    )
    warehouse = open_warehouse(None)
    rules = read_schedule(schedule)
    scope = "is_stored or last_seen_at is not null"
    due = due_fixtures(warehouse, rules, scope, NOW, force=False, added_include=INCLUDE)
    warehouse.close()
    expected = {
        f["id"]: reason
        for f in fixtures
        if (f["stored"] or f["listed"]) and (reason := expected_reason(schedule, f))
    }
    assert {fixture.id: fixture.reason for fixture in due} == expected
    assert len(set(expected.values())) > 5
    order = [(fixture.reason != "include added", fixture.season_id or 0) for fixture in due]
    assert order == sorted(order, reverse=True)


def test_the_default_is_the_schedule_of_the_settings() -> None:
    settings = tomllib.loads(Path(".dlt/config.toml").read_text())
    assert settings["sources"]["sportmonks"]["schedule"] == DEFAULT_SCHEDULE


def without(group: str) -> list[list[str]]:
    return [row for row in DEFAULT_SCHEDULE if row[0] != group]


@pytest.mark.parametrize(
    ("table", "output"),
    [
        ("live: 5m", "must be a list of rows"),
        ([["live", "any"]], "row 1 must be three texts"),
        ([["live", "any", 5]], "row 1 must be three texts"),
        ([["finnished", "any", "5m"]], "row 1: 'finnished' is none of upcoming, live"),
        ([["live", "soon", "5m"]], "row 1: 'soon' is not a valid age: write 'any', or a number"),
        ([["live", "any", "often"]], "row 1: 'often' is not a valid interval: write 'run', 'once'"),
        ([["live", "any", "0m"]], "row 1: the interval '0m' is not above zero"),
        ([["live", "any", "-5m"]], "row 1: the interval '-5m' is not above zero"),
        ([["live", "any", "once"]], "row 1: 'once' needs an age to be reached"),
        ([["live", "1h", "5m"]], "row 1: the first age of 'live' must be 'any'"),
        ([["live", "any", "5m"], ["live", "any", "1h"]], "row 2: 'any' must be the first age"),
        (
            [["live", "any", "5m"], ["live", "3h", "1h"], ["live", "90m", "1h"]],
            "row 3: the ages of 'live' must ascend",
        ),
        (without("missing"), "no row for missing"),
        ([], "no row for upcoming, live"),
    ],
)
def test_a_wrong_schedule_is_refused(table: Any, output: str) -> None:
    with pytest.raises(UsageError, match=r"^schedule: ") as error:
        read_schedule(table)
    assert output in str(error.value)
