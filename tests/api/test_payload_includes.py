"""The extractor reads nested includes, and knows which changes are changes of the match."""

import copy
import json
import random
from typing import Any

import pytest

from extract.config.includes import include_keys
from extract.payload.content_hash import canonical_hash
from extract.payload.fixture import Fixture, read_fixture

FLAGS = {"is_current": True, "finished": False, "pending": False, "games_in_current_week": True}
FIXTURE: dict[str, Any] = {
    "id": 7,
    "participants": [{"id": 1, "last_played_at": "2026-01-01 15:00:00", "name": "A"}],
    "statistics": [{"id": 5, "type_id": 42, "data": {"value": 3}}],
    "events": [{"id": 6, "type_id": 14, "sub_type_id": 1697}],
    "lineups": [
        {
            "id": 10**10 + row,
            "type_id": 11,
            "player": {"id": row, "type_id": 25},
            "details": [
                {"id": 2**31 + 10 * row + column, "type_id": 100 + column, "data": {"value": row}}
                for column in range(4)
            ],
            "xglineup": [{"id": 2**31 + 10 * row, "type_id": 5304, "data": {"value": 0.5}}],
        }
        for row in range(3)
    ],
    "sidelined": [{"id": 9, "type_id": None, "sideline": {"id": 8, "type_id": 557}}],
    "stage": {"id": 3, "type_id": 223, "name": "Regular Season", **FLAGS},
    "round": {"id": 4, "name": "21", **FLAGS},
    "group": {"id": 5, "name": "A", **FLAGS},
    "season": {"id": 6, "name": "2025/2026", "standings_recalculated_at": "2026-01-01", **FLAGS},
    "league": {"id": 8, "name": "L", "last_played_at": "2026-01-01 15:00:00"},
    "venue": {"id": 2, "name": "V"},
}


def read(fixture: dict[str, Any]) -> Fixture:
    found = read_fixture(json.dumps(fixture).encode())
    assert found
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_nested_lists_is_no_change(seed: int) -> None:
    chance, shuffled = random.Random(seed), copy.deepcopy(FIXTURE)
    chance.shuffle(shuffled["lineups"])
    for row in shuffled["lineups"]:
        chance.shuffle(row["details"])
    assert shuffled != FIXTURE
    assert canonical_hash(shuffled) == canonical_hash(FIXTURE)
    # PHP writes a list with gaps as an object.
    for row in shuffled["lineups"]:
        row["details"] = {str(2 * place): each for place, each in enumerate(row["details"])}
    assert canonical_hash(shuffled) == canonical_hash(FIXTURE)
    shuffled["lineups"][0]["details"]["0"]["data"]["value"] = 99
    assert canonical_hash(shuffled) != canonical_hash(FIXTURE)


def test_what_moves_between_players_is_a_change() -> None:
    moved = copy.deepcopy(FIXTURE)
    first, second, _ = moved["lineups"]
    first["details"], second["details"] = second["details"], first["details"]
    assert canonical_hash(moved) != canonical_hash(FIXTURE)


@pytest.mark.parametrize(
    ("key", "field"),
    [
        *((key, field) for key in ("stage", "round", "group", "season") for field in FLAGS),
        ("season", "standings_recalculated_at"),
        ("league", "last_played_at"),
    ],
)
def test_the_season_goes_on_without_a_change_of_the_match(key: str, field: str) -> None:
    changed = copy.deepcopy(FIXTURE)
    changed[key][field] = not changed[key][field]
    assert canonical_hash(changed) == canonical_hash(FIXTURE)
    changed[key]["name"] = "Another"
    assert canonical_hash(changed) != canonical_hash(FIXTURE)


def test_flags_of_other_objects_are_changes() -> None:
    for key in ("venue", "sidelined"):
        changed = copy.deepcopy(FIXTURE)
        one = changed[key][0] if isinstance(changed[key], list) else changed[key]
        one["finished"] = True
        assert canonical_hash(changed) != canonical_hash(FIXTURE)


def test_type_ids_of_nested_rows_are_read() -> None:
    details = {100, 101, 102, 103, 5304}
    assert read(FIXTURE).type_ids == {11, 14, 25, 42, 223, 557, 1697} | details


def test_nested_lists_are_keys() -> None:
    nested = {"lineups.details", "lineups.xglineup"}
    assert read(FIXTURE).keys & read(FIXTURE).non_empty_keys >= nested
    emptied = copy.deepcopy(FIXTURE)
    for row in emptied["lineups"]:
        row["details"], row["xglineup"] = [], []
    assert nested <= read(emptied).keys
    assert not nested & read(emptied).non_empty_keys
    # One player without statistics is no emptiness.
    emptied["lineups"][2]["details"] = FIXTURE["lineups"][2]["details"]
    assert "lineups.details" in read(emptied).non_empty_keys
    without = copy.deepcopy(FIXTURE)
    for row in without["lineups"]:
        del row["details"]
    assert "lineups.details" not in read(without).keys
    # No line-up can have them.
    assert nested <= read({"id": 7, "lineups": []}).keys
    assert not nested & read({"id": 7}).keys


def test_both_names_of_xg_are_one_include() -> None:
    assert read({"id": 7, "expected": [{"id": 1}]}).keys == {"xgfixture"}
    assert read({"id": 7, "xgfixture": []}).keys == {"xgfixture"}


def test_keys_of_an_include() -> None:
    assert include_keys("Events:minute.type;xGFixture") == {"events", "xgfixture"}
    assert include_keys("lineups.details:value.type") == {"lineups", "lineups.details"}
    assert include_keys("lineups;lineups.detailedPosition") == {"lineups"}
