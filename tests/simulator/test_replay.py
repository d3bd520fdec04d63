"""Replay of saved responses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from simulator import Simulator
from simulator.data.saved_files import ReplayError
from tests.simulator.client import Client

UNUSUAL_FIXTURE = (
    '{"id":19135043,"name":"Å vs \\u00c9 \\ud83d\\ude00","starting_at":"2025-05-03 14:00:00",'
    '"starting_at_timestamp":1746280800,"state_id":5,"season_id":23614,"league_id":8,'
    '"huge":123456789012345678901234567890,"long":14.000000000000002,"plain":1.10,"large_world":1E400,'
    '"half":"\\ud800","zero":"a\\u0000b","unknown":{"a":[null,true,-0.0]},'
    '"season":{"id":23614,"league_id":8,"name":"2024/2025","is_current":false,'
    '"starting_at":"2024-08-16","ending_at":"2025-05-25","finished":true,"sport_id":1},'
    '"round":{"id":1,"league_id":8,"season_id":23614,"stage_id":2,"finished":true,'
    '"starting_at":"2025-05-03","ending_at":"2025-05-05","name":"35"},'
    '"statistics":[{"id":10959914799,"fixture_id":19135043,"type_id":45,"participant_id":14,'
    '"data":{"value":67},"location":"home","type":{"id":999001,"name":"New","code":"new",'
    '"developer_name":"NEW","model_type":"statistic","stat_group":null}}]}'
)


def write_saved(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "a.json").write_text(
        json.dumps({"data": {"id": 19135043, "starting_at": "2025-05-03 14:00:00", "state_id": 5}})
    )
    (folder / "deep" / "b.json").write_text('{"data":[' + UNUSUAL_FIXTURE + '],"pagination":{}}')
    bare = {"id": 7, "name": "No season vs Nobody", "starting_at": "2025-05-03 12:00:00"}
    (folder / "c.ndjson").write_text(json.dumps(bare) + "\n\n")
    wrapped = {"x": [{"y": {"id": 8, "state_id": 1, "season_id": 5, "league_id": 3}}]}
    (folder / "d.json.gz").write_bytes(gzip.compress(json.dumps(wrapped).encode()))
    state = {"id": 5, "state": "FT", "name": "Ended", "short_name": "FT", "developer_name": "FT"}
    (folder / "e.json").write_text(json.dumps([state]))
    (folder / "f.json").write_text('{"hello":"world"}')


def test_replay_serves_saved_responses_unchanged(tmp_path: Path) -> None:
    write_saved(tmp_path)
    with Simulator(replay=tmp_path) as api:
        client = Client(api)
        assert api.world.fixture_ids() == [7, 8, 19135043]
        text = client.get("football/fixtures/multi/19135043,99", include="events").text
        body = text[text.index('[{"id":19135043') + 1 : text.index('],"subscription"')]
        same = json.loads(body, parse_float=str, parse_int=str)
        assert same == json.loads(UNUSUAL_FIXTURE, parse_float=str, parse_int=str)
        (row,) = client.multi(19135043)
        assert list(row) == list(json.loads(UNUSUAL_FIXTURE))
        listed = client.get("football/fixtures", filters="populate;fixtureSeasons:23614").json()
        assert [row["id"] for row in listed["data"]] == [19135043]
        assert "season" not in listed["data"][0]
        assert listed["data"][0]["name"] == "Å vs É 😀"
        assert client.walk("football/fixtures/date/2025-05-03") == [19135043]
        seasons = client.get("football/seasons").json()["data"]
        assert [(season["id"], season["is_current"]) for season in seasons] == [
            (5, True),
            (23614, True),
        ]
        leagues = client.get("football/leagues", include="currentSeason").json()["data"]
        assert [(row["id"], row["currentseason"]["id"]) for row in leagues] == [(3, 5), (8, 23614)]
        states = {row["id"]: row["name"] for row in client.get("football/states").json()["data"]}
        assert states[5] == "Ended"
        assert client.get("core/types/999001").json()["data"]["name"] == "New"
        assert 999001 in client.walk("core/types", per_page=50)
        api.control.correct_statistic(19135043, 10959914799, 1)
        assert client.multi(19135043)[0]["statistics"][0]["data"] == {"value": 1}
        api.control.delete(7)
        assert api.control.fixture_ids() == [8, 19135043]
        assert [path.name for path in api.world.unusable] == ["f.json"]  # type: ignore[attr-defined]


def test_replay_rejects_unreadable_directories(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="no such directory"):
        Simulator(replay=tmp_path / "absent")
    with pytest.raises(ReplayError, match=r"no \.json"):
        Simulator(replay=tmp_path)
    (tmp_path / "x.json").write_text('{"nothing":1}')
    with pytest.raises(ReplayError, match="no fixture"):
        Simulator(replay=tmp_path)
    (tmp_path / "broken.json").write_text('{"data":[')
    with pytest.raises(ReplayError, match=r"broken\.json"):
        Simulator(replay=tmp_path)
