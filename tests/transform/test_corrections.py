"""`fixture_corrections` lists the corrections of the API, and nothing else."""

import random
from typing import Any

import pytest

from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job

# Once everything is there, what has rows to be changed.
TABLES = ["--select", "+fixture_corrections,config.materialized:incremental", "fixture_corrections"]
CORRECTIONS = """
    select fixture_id, kind, event_id, type_id, participant_id, field, old_value, new_value
    from sportmonks.fixture_corrections
    where is_after_full_time or not is_after_full_time
    order by fixture_id, kind, event_id, type_id, field
"""


def finished(api: Simulator) -> list[dict[str, Any]]:
    """Finished fixtures with events and statistics."""
    fixtures = [api.control.fixture(id) for id in api.world.fixture_ids()]
    return [f for f in fixtures if f["state_id"] == 5 and f["events"] and f["statistics"]]


def label(event: dict[str, Any]) -> str:
    extra = f"+{event['extra_minute']}" if event["extra_minute"] else ""
    name = f" {event['player_name'].strip()}" if event["player_name"] else ""
    return f"{event['minute']}{extra}'{name}"


@POSTGRES_IN_TEST_ALL
def test_exactly_what_was_corrected_is_listed(job: Job, api: Simulator) -> None:
    job.start_transformed("--select", "+fixture_corrections")
    assert job.query(CORRECTIONS) == []
    removal, card, number, shift, quiet, *_ = finished(api)
    goal = next(f for f in finished(api)[5:] if any(e["type_id"] == 14 for e in f["events"]))
    upcoming = [id for id in api.world.fixture_ids() if api.world.base(id)["state_id"] == 1]
    expected: list[tuple[Any, ...]] = []

    def expect(fixture: int, kind: str, row: dict[str, Any] | None = None, *change: Any) -> None:
        named = (row or {}).get
        event = named("id") if kind.startswith("event") else None
        expected.append((fixture, kind, event, named("type_id"), named("participant_id"), *change))

    gone = removal["events"][0]
    api.control.remove_event(removal["id"], gone["id"])
    expect(removal["id"], "event_removed", gone, None, label(gone), None)

    added = api.control.add_event(card["id"], {"type_id": 19, "minute": 88})
    expect(card["id"], "event_added", added, None, None, label(added))
    booked = next((e for e in card["events"] if e["type_id"] == 19), None)
    assert booked
    api.control.rescind(card["id"], booked["id"])
    was = {True: "true", False: "false", None: None}[booked.get("rescinded")]
    expect(card["id"], "event_changed", booked, "rescinded", was, "true")

    statistic = number["statistics"][0]
    old, new = statistic["data"]["value"], statistic["data"]["value"] + 1
    api.control.correct_statistic(number["id"], statistic["id"], new)
    expect(number["id"], "statistic_changed", statistic, "value", str(old), str(new))

    api.control.update(shift["id"], {"state_id": 17, "venue_id": 4242})
    expect(shift["id"], "state_changed", None, "state_code", "FT", "AWARDED")
    expect(shift["id"], "fixture_changed", None, "venue_id", str(shift["venue_id"]), "4242")

    # Odds and the order of arrays are no corrections.
    api.control.update(quiet["id"], {"has_odds": not quiet["has_odds"]})

    moved = api.control.fixture(upcoming[0])
    api.control.reschedule(moved["id"], "2026-05-20T18:00:00Z")
    before = moved["starting_at"]
    expect(moved["id"], "kick_off_changed", None, "starting_at", before, "2026-05-20 18:00:00")

    # A match that is played is not corrected by that.
    api.control.finish(upcoming[1])

    scorer = next(e for e in goal["events"] if e["type_id"] == 14)
    api.control.cancel_goal(goal["id"], scorer["id"])
    job.extract("--force")
    job.transform(*TABLES)
    listed = job.query(CORRECTIONS)
    others = [row for row in listed if row[0] not in (goal["id"], upcoming[1])]
    assert others == sorted(expected, key=lambda row: (row[:2], row[2] or 0, row[5] or ""))
    assert [row for row in listed if row[0] == upcoming[1] and row[1] != "kick_off_changed"] == []

    # A goal that VAR takes back: the event goes, another one comes, and the score follows.
    found = [(row[1], row[5], row[6], row[7]) for row in listed if row[0] == goal["id"]]
    assert ("event_removed", None, label(scorer), None) in found
    assert len([kind for kind, *_ in found if kind == "event_added"]) == 1
    sides = {team["id"]: team["meta"]["location"] for team in goal["participants"]}
    goals = next(
        s["score"]["goals"]
        for s in goal["scores"]
        if s["description"] == "CURRENT"
        and s["score"]["participant"] == sides[scorer["participant_id"]]
    )
    assert ("score_changed", "CURRENT", str(goals), str(goals - 1)) in found
    assert_is_a_function_of_the_versions(job)

    # What is taken back is a correction too, and what came first stays listed.
    api.control.restore(number["id"])
    job.extract("--fixture-ids", str(number["id"]))
    job.transform(*TABLES)
    taken_back = [row for row in job.query(CORRECTIONS) if row[0] == number["id"]]
    assert {row[6:] for row in taken_back} == {(str(old), str(new)), (str(new), str(old))}
    assert_is_a_function_of_the_versions(job)

    # The middle one of three versions is committed last.
    raw = "sportmonks_raw.fixture_versions"
    middle = f"select * from {raw} where id = {number['id']} order by fetched_at limit 1 offset 1"
    job.query(f"create table sportmonks.late as {middle}")
    job.query(
        f"delete from {raw} where id = {number['id']} "
        "and fetched_at = (select fetched_at from sportmonks.late)"
    )
    job.transform(*TABLES)
    assert [row for row in job.query(CORRECTIONS) if row[0] == number["id"]] == []
    job.query(f"insert into {raw} select * from sportmonks.late")
    job.transform(*TABLES)
    assert [row for row in job.query(CORRECTIONS) if row[0] == number["id"]] == taken_back
    assert_is_a_function_of_the_versions(job)


@pytest.mark.thorough
def test_comparing_new_versions_only_finds_what_comparing_all_finds(
    job: Job, api: Simulator
) -> None:
    """Random versions of many fixtures, one or two of each between two transforms."""
    chance = random.Random(5)
    job.start_transformed("--select", "+fixture_corrections")
    ids = [fixture["id"] for fixture in finished(api)[:40]]
    for _ in range(5):
        for _ in range(chance.randint(1, 2)):
            for id in ids:
                change(api, chance, id)
            job.extract("--fixture-ids", ",".join(map(str, ids)))
        job.transform(*TABLES)
    table = "sportmonks_staging.int_fixture_corrections"
    markers = f"select fixture_id, version_count, previous_loaded_at from {table} where kind = ''"
    found = job.query(f"{markers} order by 1")
    assert max(count for _, count, _ in found) > 5
    # An array that the last version lacks is in an older one.
    behind = job.query(f"{markers} and previous_loaded_at < loaded_at")
    assert 0 < len(behind) < len(found)
    assert len(job.query(CORRECTIONS)) > 100
    assert_is_a_function_of_the_versions(job)
    assert job.query(f"{markers} order by 1") == found


def change(api: Simulator, chance: random.Random, id: int) -> None:
    """Changes a fixture in one of many ways, or not at all."""
    control, array = api.control, chance.choice(["events", "statistics", "scores", "periods"])
    fixture = control.fixture(id)
    match chance.choice(["drop", "empty", "null", "restore", "number", "event", "state", "name"]):
        case "drop":
            control.drop_key(id, array)
        case "empty":
            control.empty(id, array)
        case "null":
            control.set_null(id, array)
        case "restore":
            control.restore(id)
        case "number" if statistics := fixture.get("statistics"):
            control.correct_statistic(id, statistics[0]["id"], chance.randint(100, 999))
        case "event" if events := fixture.get("events"):
            control.remove_event(id, events[-1]["id"])
        case "state":
            control.update(id, {"state_id": chance.choice([2, 3, 5, 17])})
        case "name":
            control.update(id, {"name": f"Match {chance.random()}"})


def assert_is_a_function_of_the_versions(job: Job) -> None:
    # A statistic that was corrected twice has rows that differ in when, and in nothing before it.
    columns = ", ".join(str(number) for number in range(1, 20))
    rows = f"select * from sportmonks.fixture_corrections order by {columns}"
    before = job.query(rows)
    job.transform("--full-refresh", "--select", "int_fixture_corrections", "fixture_corrections")
    assert job.query(rows) == before
