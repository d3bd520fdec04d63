"""Control of a running simulator: corrections, deletions, kick-offs and the request log."""

from __future__ import annotations

import pytest

from simulator.control.client import ControlError
from tests.simulator.client import Client, Row, finished, in_state


def test_corrections_of_statistics_and_arrays(client: Client) -> None:
    control = client.api.control
    fixture_id = finished(client.api)[0]
    statistic = client.api.world.fixture(fixture_id)["statistics"][0]
    control.correct_statistic(fixture_id, statistic["id"], 77)
    (row,) = client.multi(fixture_id)
    (changed,) = [item for item in row["statistics"] if item["id"] == statistic["id"]]
    assert changed == {**statistic, "data": {"value": 77}}
    control.empty(fixture_id, "events")
    control.set_null(fixture_id, "statistics")
    control.drop_key(fixture_id, "scores")
    control.update(fixture_id, {"new_key": {"deep": [1]}, "details": "Replayed"})
    (row,) = client.multi(fixture_id)
    assert row["events"] == []
    assert row["statistics"] is None
    assert "scores" not in row
    assert row["new_key"] == {"deep": [1]}
    assert row["details"] == "Replayed"
    control.drop_key(fixture_id, "state_id")
    (row,) = client.multi(fixture_id, include="state")
    assert "state_id" not in row
    control.restore(fixture_id)
    (row,) = client.multi(fixture_id)
    assert row["events"]
    assert "new_key" not in row


def test_corrections_of_events(client: Client) -> None:
    control = client.api.control
    fixture_id = finished(client.api)[1]
    events = client.api.world.fixture(fixture_id)["events"]
    control.remove_event(fixture_id, events[0]["id"])
    added = control.add_event(fixture_id, {"type_id": 19, "minute": 60, "player_name": "Late"})
    (row,) = client.multi(fixture_id)
    ids = {event["id"] for event in row["events"]}
    assert ids == {event["id"] for event in events[1:]} | {added["id"]}
    control.rescind(fixture_id, added["id"])
    (row,) = client.multi(fixture_id)
    assert [event["rescinded"] for event in row["events"] if event["id"] == added["id"]] == [True]
    with pytest.raises(ControlError, match="no row"):
        control.rescind(fixture_id, 1)
    with pytest.raises(ControlError, match="no such fixture"):
        control.delete(1)


def test_a_cancelled_goal_changes_score_winner_and_statistics(client: Client) -> None:
    fixture_id, goal = next(
        (i, event)
        for i in finished(client.api)
        for event in client.api.world.fixture(i)["events"]
        if event["type_id"] == 14 and event["result"] == "1-0"
    )
    before = client.api.control.fixture(fixture_id)
    client.api.control.cancel_goal(fixture_id, goal["id"])
    (row,) = client.multi(fixture_id)
    team = goal["participant_id"]

    def current(fixture: Row) -> dict[int, int]:
        return {
            item["participant_id"]: item["score"]["goals"]
            for item in fixture["scores"]
            if item["description"] == "CURRENT"
        }

    assert current(row)[team] == current(before)[team] - 1
    assert goal["id"] not in {event["id"] for event in row["events"]}
    known = {event["id"] for event in before["events"]}
    (review,) = [event for event in row["events"] if event["id"] not in known]
    assert (review["type_id"], review["sub_type_id"]) == (10, 1512)
    assert set(review) == set(goal)
    goals = {
        i["participant_id"]: i["data"]["value"] for i in row["statistics"] if i["type_id"] == 52
    }
    assert goals == current(row)
    home = next(t for t in row["participants"] if t["meta"]["location"] == "home")
    away = next(t for t in row["participants"] if t["meta"]["location"] == "away")
    home_goals, away_goals = current(row)[home["id"]], current(row)[away["id"]]
    assert home["meta"]["winner"] is (home_goals > away_goals)
    assert away["meta"]["winner"] is (home_goals < away_goals)
    last = max(
        (e for e in row["events"] if e["type_id"] in (14, 15, 16)),
        key=lambda e: (e["minute"], e["extra_minute"] or 0),
        default=None,
    )
    assert last is None or last["result"] == f"{home_goals}-{away_goals}"


def test_deleted_fixtures_need_the_filter(client: Client) -> None:
    fixture_id = finished(client.api)[2]
    day = client.api.world.base(fixture_id)["starting_at"][:10]
    client.api.control.delete(fixture_id)
    assert "data" not in client.get(f"football/fixtures/multi/{fixture_id}").json()
    assert "data" not in client.get(f"football/fixtures/{fixture_id}").json()
    assert fixture_id not in client.walk("football/fixtures")
    assert fixture_id not in client.walk(f"football/fixtures/date/{day}")
    assert fixture_id not in client.api.control.fixture_ids()
    rows = client.get("football/fixtures", filters="deleted", include="state").json()["data"]
    assert [(row["id"], row["state_id"]) for row in rows] == [(fixture_id, 20)]
    assert rows[0]["state"]["state"] == "DELETED"
    assert client.walk(f"football/fixtures/date/{day}", filters="deleted") == [fixture_id]


def test_a_reissued_fixture_has_only_its_new_id(client: Client) -> None:
    control, world = client.api.control, client.api.world
    old_id = finished(client.api)[2]
    before = world.fixture(old_id)
    day, season_id = before["starting_at"][:10], before["season_id"]
    control.add_event(old_id, {"type_id": 19})
    new_id = control.reissue(old_id)
    assert "data" not in client.get(f"football/fixtures/multi/{old_id}").json()
    (row,) = client.multi(old_id, new_id)
    assert row["id"] == new_id == world.fixture_ids()[-1]
    assert row["starting_at"] == before["starting_at"]
    assert len(row["events"]) == len(before["events"]) + 1
    assert {event["fixture_id"] for event in row["events"]} == {new_id}
    assert {e["id"] for e in row["events"]}.isdisjoint(e["id"] for e in before["events"])
    for path, filters in [
        ("football/fixtures", f"fixtureSeasons:{season_id}"),
        (f"football/fixtures/date/{day}", ""),
    ]:
        ids = client.walk(path, **({"filters": filters} if filters else {}))
        assert new_id in ids
        assert old_id not in ids
    assert "data" not in client.get("football/fixtures", filters="deleted").json()
    # Both ids may exist for a while.
    control.restore(old_id)
    control.restore(new_id)
    rows = client.multi(old_id, new_id)
    assert [len(row["events"]) for row in rows] == [len(before["events"])] * 2
    control.restore_all()
    assert [row["id"] for row in client.multi(old_id, new_id)] == [old_id]


def test_reschedule_and_finish(client: Client) -> None:
    control = client.api.control
    (postponed, *_) = in_state(client.api, 10)
    control.reschedule(postponed, "2026-03-20T18:00:00Z")
    (row,) = client.multi(postponed)
    assert (row["state_id"], row["starting_at"]) == (1, "2026-03-20 18:00:00")
    assert postponed in client.walk("football/fixtures/date/2026-03-20")
    coming, running = in_state(client.api, 1)[0], in_state(client.api, 2, 22)[0]
    control.finish(coming)
    control.finish(running)
    for row in client.multi(coming, running):
        assert row["state_id"] == 5
        assert row["statistics"]
        assert row["starting_at"] < "2026-03-14 15:20:00"
    with pytest.raises(ControlError, match="teams are not known"):
        control.finish(in_state(client.api, 13)[0])


def test_requests_are_logged(client: Client) -> None:
    control = client.api.control
    control.reset_requests()
    client.get("football/fixtures/multi/1,2,3", include="events")
    client.get("football/states", per_page=5)
    first, second = control.requests()
    assert (first["ids"], first["status"], first["entity"]) == (3, 200, "Fixture")
    assert first["query"] == {"include": "events"}
    assert second["path"] == "/v3/football/states"
    assert second["token_in"] == "header"
