"""Includes over HTTP: nested ones, refused ones, filters, corrections and saved responses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator import Simulator
from simulator.control.client import ControlError
from simulator.data.source import FURTHER_ARRAYS
from tests.simulator.client import Client, Row, by_id, finished, in_state

STATISTICS = "lineups;lineups.details;lineups.xglineup"
ALL = "odds;predictions;pressure;trends;comments;tvStations;xGFixture;formations;coaches;metadata"


def covered(client: Client) -> int:
    """Return a finished fixture whose players have ids and all kinds of statistics."""
    for fixture_id in finished(client.api):
        lineups = client.api.world.fixture(fixture_id, ("lineups", "lineups.details"))["lineups"]
        types = {row["type_id"] for lineup in lineups for row in lineup["details"]}
        if {118, 119} <= types and all(lineup["player_id"] for lineup in lineups):
            return fixture_id
    raise AssertionError("no such fixture")


def statistics_of(fixture: Row, name: str = "details") -> dict[int, Row]:
    return {row["id"]: row for lineup in fixture["lineups"] for row in lineup[name]}


def test_only_requested_includes_are_there(client: Client) -> None:
    fixture_id = covered(client)
    (row,) = client.multi(fixture_id, include="lineups")
    assert set(row) & {*FURTHER_ARRAYS, "weatherreport", "xgfixture"} == {"lineups"}
    assert not {"player", "details", "xglineup", "position"} & set(row["lineups"][0])
    (row,) = client.multi(
        fixture_id,
        include="Lineups.Details.Type;lineups.player;lineups.position;lineups.detailedPosition",
    )
    stored = client.api.world.fixture(
        fixture_id, ("lineups", "lineups.details", "lineups.player", "lineups.position")
    )
    expected = {lineup["id"]: lineup for lineup in stored["lineups"]}
    for lineup in row["lineups"]:
        assert "xglineup" not in lineup
        assert lineup["player"] == expected[lineup["id"]]["player"]
        assert lineup["position"] == expected[lineup["id"]]["position"]
        detailed = lineup["detailedposition"]
        assert (detailed and detailed["id"]) == lineup["player"]["detailed_position_id"]
        assert all(item["type"]["id"] == item["type_id"] for item in lineup["details"])
        bare = [{k: v for k, v in item.items() if k != "type"} for item in lineup["details"]]
        assert by_id(bare) == by_id(expected[lineup["id"]]["details"])
    assert [lineup["id"] for lineup in row["lineups"]] != sorted(expected)
    (row,) = client.multi(fixture_id, include="lineups.nothing")
    assert "nothing" not in row["lineups"][0]


def test_rows_of_links_need_a_nested_include(client: Client) -> None:
    for fixture_id in finished(client.api):
        names = "referees;sidelined;tvStations;weatherReport"
        (row,) = client.multi(fixture_id, include=names)
        assert not any("referee" in link for link in row["referees"])
        assert not any("sideline" in link for link in row["sidelined"])
        assert not any("tvstation" in link for link in row["tvstations"])
        if row["referees"] and row["sidelined"] and row["tvstations"]:
            break
    (row,) = client.multi(
        fixture_id,
        include="referees.referee;sidelined.sideline.player;sidelined.sideline.type;"
        "tvStations.tvStation;sidelined.type",
    )
    assert all(link["referee"]["id"] == link["referee_id"] for link in row["referees"])
    assert all(link["tvstation"]["id"] == link["tvstation_id"] for link in row["tvstations"])
    for link in row["sidelined"]:
        if link["sideline"] is not None:
            assert link["sideline"]["player"]["id"] == link["sideline"]["player_id"]
            assert link["sideline"]["type"]["model_type"] == "injury_suspension"


@pytest.mark.parametrize("name", ["lineupDetailTypes", "lineupdetailTypes", "LINEUPDETAILTYPES"])
def test_details_are_filtered_by_type(client: Client, name: str) -> None:
    fixture_id = covered(client)
    path = f"football/fixtures/multi/{fixture_id}"
    response = client.get(path, include="lineups.details", filters=f"{name}:118,119")
    (row,) = response.json()["data"]
    assert {item["type_id"] for item in statistics_of(row).values()} == {118, 119}
    assert len(row["lineups"]) > 30
    response = client.get(path, include="lineups.details", filters=f"{name}:x")
    assert response.status_code == 400


def test_a_plan_without_an_include_refuses_the_request(client: Client) -> None:
    fixture_id = covered(client)
    path = f"football/fixtures/multi/{fixture_id}"
    assert client.get(path, include="lineups.xGLineup").status_code == 200
    client.api.control.set_behaviour(unlicensed=["lineups.xGLineup", "pressure"])
    for include, named in (
        ("lineups.xGLineup", "xGLineup"),
        ("participants;lineups.xglineup.type", "xglineup"),
        ("Pressure", "Pressure"),
    ):
        response = client.get(path, include=include)
        assert response.status_code == 403
        assert response.json()["code"] == 5002
        assert response.json()["message"] == f"You do not have access to the '{named}' include"
    assert client.get(path, include="lineups.details;odds").status_code == 200
    client.api.control.set_behaviour(unlicensed=[])
    (row,) = client.multi(fixture_id, include=ALL)
    for name in ALL.lower().split(";"):
        assert isinstance(row[name], list)


def test_live_matches_have_growing_statistics(client: Client) -> None:
    fixture_id = in_state(client.api, 2)[0]
    (first,) = client.multi(fixture_id, include="lineups.details")
    client.api.control.advance(3_000)
    (second,) = client.multi(fixture_id, include="lineups.details")
    before, after = statistics_of(first), statistics_of(second)
    minutes = {
        key: (before[key]["data"]["value"], after[key]["data"]["value"])
        for key in before
        if key in after and before[key]["type_id"] == 119
    }
    assert len(minutes) > 18
    assert all(earlier < later for earlier, later in minutes.values())


def test_player_statistics_are_corrected_under_the_same_id(client: Client) -> None:
    fixture_id, control = covered(client), client.api.control
    before = statistics_of(control.fixture(fixture_id, STATISTICS))
    corrected, removed = [row for row in before.values() if row["type_id"] == 118][:2]
    control.correct_player_statistic(fixture_id, corrected["id"], 9.87)
    control.remove_player_statistic(fixture_id, removed["id"])
    added = control.add_player_statistic(fixture_id, removed["lineup_id"], 1490, 1)
    control.rename_lineup_player(fixture_id, removed["lineup_id"], "A Corrected Name")
    (row,) = client.multi(fixture_id, include="lineups.details;lineups.xGLineup")
    for name in ("details", "xglineup"):
        after = statistics_of(row, name)
        assert after[corrected["id"]]["data"] == {"value": 9.87}
        assert removed["id"] not in after
        assert after[added["id"]] == added
    assert (set(before) - {removed["id"]}) | {added["id"]} == set(statistics_of(row))
    assert added["player_id"] == removed["player_id"]
    renamed = {lineup["player_name"] for lineup in row["lineups"]}
    assert "A Corrected Name" in renamed
    (row,) = client.multi(fixture_id, include="lineups;formations;coaches")
    assert "details" not in row["lineups"][0]
    assert row["coaches"]
    with pytest.raises(ControlError, match="no player statistic 5"):
        control.correct_player_statistic(fixture_id, 5, 1)
    with pytest.raises(ControlError, match="no row 5 in lineups"):
        control.rename_lineup_player(fixture_id, 5, "x")
    control.restore(fixture_id)
    assert statistics_of(control.fixture(fixture_id, STATISTICS)) == before


def test_a_corrected_statistic_is_the_same_in_xgfixture(client: Client) -> None:
    fixture_id, control = covered(client), client.api.control
    statistic = control.fixture(fixture_id)["statistics"][0]
    control.correct_statistic(fixture_id, statistic["id"], 77)
    (row,) = client.multi(fixture_id, include="statistics;xGFixture")
    for name in ("statistics", "xgfixture"):
        values = {item["id"]: item["data"]["value"] for item in row[name]}
        assert values[statistic["id"]] == 77


def test_a_disallowed_goal_is_taken_from_the_scorer(client: Client) -> None:
    control = client.api.control

    def goals(fixture: Row) -> int:
        rows = statistics_of(fixture).values()
        return sum(row["data"]["value"] for row in rows if row["type_id"] == 52)

    fixture_id, event = next(
        (fixture_id, event)
        for fixture_id in finished(client.api)
        for event in client.api.world.fixture(fixture_id)["events"]
        if event["type_id"] == 14 and event["player_id"]
    )
    before = goals(control.fixture(fixture_id, STATISTICS))
    control.cancel_goal(fixture_id, event["id"])
    assert goals(control.fixture(fixture_id, STATISTICS)) == before - 1


def test_reissued_fixtures_have_new_ids_in_every_include(client: Client) -> None:
    fixture_id, control = covered(client), client.api.control
    control.set_behaviour(unlicensed=[])
    include = f"{ALL};lineups.details;referees;sidelined;weatherReport"
    (before,) = client.multi(fixture_id, include=include)
    new_id = control.reissue(fixture_id)
    (after,) = client.multi(new_id, include=include)
    assert {row["fixture_id"] for row in statistics_of(after).values()} == {new_id}
    assert not set(statistics_of(before)) & set(statistics_of(after))
    assert {row["lineup_id"] for row in statistics_of(after).values()} <= {
        row["id"] for row in after["lineups"]
    }
    for name in ("lineups", "formations", "metadata", "xgfixture", "odds"):
        ids = {row["id"] for row in after[name]}
        assert not ids & {row["id"] for row in before[name]}
    assert {row["meta"]["fixture_id"] for row in after["coaches"]} == {new_id}
    assert by_id(after["coaches"])[0]["id"] == by_id(before["coaches"])[0]["id"]


def saved_fixture() -> Row:
    statistic = {"id": 2_147_483_650, "type_id": 118, "lineup_id": 10_900_000_001}
    return {
        "id": 19_135_043,
        "name": "A vs B",
        "state_id": 5,
        "season_id": 1,
        "starting_at": "2025-05-03 14:00:00",
        "weatherreport": None,
        "lineups": [
            {
                "id": 10_900_000_001,
                "player_id": 5,
                "type_id": 11,
                "player": {"id": 5, "gender": "male"},
                "position": None,
                "details": [
                    {**statistic, "data": {"value": 7}, "type": {"id": 118}},
                    {**statistic, "id": 3, "type_id": 40, "data": {"value": True}, "type": None},
                ],
                "xglineup": [{**statistic, "data": {"value": 7}}],
            }
        ],
        "sidelined": [{"id": 1, "sideline": {"id": 2, "player": {"id": 5}}}],
        "expected": [{"id": 4, "type_id": 5304, "data": {"value": 6.5440000000000005}}],
    }


def test_replay_serves_everything_or_what_is_requested(tmp_path: Path) -> None:
    saved = saved_fixture()
    (tmp_path / "saved.json").write_text(json.dumps({"data": saved}))
    with Simulator(replay=tmp_path) as api:
        client = Client(api)
        assert client.multi(saved["id"], include="events") == [saved]
        # What was saved was in the plan, also what a generated world refuses.
        assert client.multi(saved["id"], include="odds;predictions") == [saved]
        api.control.set_behaviour(saved_fixtures="requested")
        (row,) = client.multi(saved["id"], include="events")
        base = {"id", "name", "state_id", "season_id", "starting_at"}
        assert set(row) == base
        (row,) = client.multi(saved["id"], include="lineups;sidelined;weatherReport;xGFixture")
        assert set(row) == base | {"lineups", "sidelined", "weatherreport", "expected"}
        assert row["lineups"] == [{"id": 10_900_000_001, "player_id": 5, "type_id": 11}]
        assert row["sidelined"] == [{"id": 1}]
        assert row["expected"] == saved["expected"]
        (row,) = client.multi(
            saved["id"], include="lineups.details;lineups.player;sidelined.sideline"
        )
        (lineup,) = row["lineups"]
        assert lineup["player"] == {"id": 5, "gender": "male"}
        assert "xglineup" not in lineup
        assert by_id(lineup["details"]) == by_id(
            [
                {key: value for key, value in item.items() if key != "type"}
                for item in saved["lineups"][0]["details"]
            ]
        )
        assert row["sidelined"] == [{"id": 1, "sideline": {"id": 2}}]
        (row,) = client.multi(saved["id"], include="lineups.details.type;lineups.xGLineup")
        assert {item["id"]: item["type"] for item in row["lineups"][0]["details"]} == {
            2_147_483_650: {"id": 118},
            3: None,
        }
        api.control.correct_player_statistic(saved["id"], 2_147_483_650, 7.25)
        (row,) = client.multi(saved["id"], include="lineups.details;lineups.xGLineup")
        assert row["lineups"][0]["xglineup"][0]["data"] == {"value": 7.25}
