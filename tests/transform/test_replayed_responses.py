"""Saved responses in the shapes of the real API: each row of the files is in its table, once."""

import gzip
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator import Simulator
from tests.support.assertions import comparable
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, setting

Row = dict[str, Any]

INCLUDE = (
    "participants;scores;statistics.type;events.type;periods;lineups.details.type;lineups.player;"
    "lineups.xGLineup.type;xGFixture.type;odds;venue;round;group;weatherReport;metadata;state"
)
SEASON, LEAGUE, HOME, AWAY = 23619, 2, 9, 2930
CAPTAIN, RATING, MINUTES, GOALS, POSSESSION = 40, 118, 119, 52, 45
XG_OF_PLAYERS = (5304, 5305, 9685)
XG_OF_TEAMS = (5304, 5305, 7939, 7943, 9685, 1533)
STATISTICS = (POSSESSION, 42, 80, 81, 86)
NOISE = 6.5440000000000005
# Where the ids of player statistics begin: on both sides of the bounds of 32-bit integers.
FIRST_DETAILS = (1_148_000_000, 2**31 - 40, 2**32 - 40, 4_500_000_000)


class SavedFixtures:
    """Fixtures with all their oddities. The same seed makes the same ones."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)

    def type_(self, type_id: int) -> Row:
        # The API sends the text NULL for the group of this type.
        return {
            "id": type_id,
            "name": "Tacles Won Percentage" if type_id == 27267 else f"Type {type_id}",
            "code": f"type-{type_id}",
            "developer_name": f"TYPE_{type_id}",
            "model_type": "statistic",
            "stat_group": "NULL" if type_id == MINUTES else None,
        }

    def value(self, type_id: int) -> Any:
        if type_id == CAPTAIN:
            return self.random.random() < 0.5
        if type_id == RATING:
            return self.random.choice([7, 8, 7.3, 6.85])
        if type_id in (*XG_OF_PLAYERS, *XG_OF_TEAMS):
            return self.random.choice([0, NOISE, 0.0312, -0.27, 1])
        return self.random.randint(1, 90)

    def fixture(self, id: int, number: int) -> Row:
        """A fixture without lineups and statistics of expected goals."""
        return {
            "id": id,
            "sport_id": 1,
            "league_id": LEAGUE,
            "season_id": SEASON,
            "stage_id": 77471291,
            "group_id": None,
            "aggregate_id": 53119 if number % 2 else None,
            "round_id": None,
            "state_id": 5,
            "venue_id": 206,
            "name": "Manchester City vs København",
            "starting_at": "2026-01-28 20:00:00",
            "result_info": "Manchester City won after full-time.",
            "leg": "1/1",
            "details": None,
            "length": 90,
            "placeholder": False,
            "has_odds": True,
            "has_premium_odds": True,
            "starting_at_timestamp": 1769630400,
            "state": {
                "id": 5,
                "state": "FT",
                "name": "Full Time",
                "short_name": "FT",
                "developer_name": "FT",
            },
            "venue": {
                "id": 206,
                "country_id": 462,
                "city_id": 14_000_123,
                "name": "Etihad Stadium",
                "address": "",
                "zipcode": None,
                "latitude": "53.483056",
                "longitude": "-2.200278",
                "capacity": 55097,
                "image_path": None,
                "city_name": "Manchester",
                "surface": "grass",
                "national_team": False,
            },
            "round": None,
            "group": None,
            "weatherreport": None,
            "participants": [
                self.participant(AWAY, "København", "away", False),
                self.participant(HOME, "Manchester City", "home", True),
            ],
            "scores": [
                {
                    "id": 13_000_000_000 + 10 * number + place,
                    "fixture_id": id,
                    "type_id": 1525,
                    "participant_id": team,
                    "score": {"goals": 2 - place, "participant": side},
                    "description": "CURRENT",
                }
                for place, (team, side) in enumerate([(HOME, "home"), (AWAY, "away")])
            ],
            "periods": [
                {
                    "id": 6_300_000 + 10 * number + half,
                    "fixture_id": id,
                    "type_id": half,
                    "started": 1769630400 + 3600 * (half - 1),
                    "ended": 1769630400 + 3600 * half,
                    "counts_from": 45 * (half - 1),
                    "ticking": False,
                    "sort_order": half,
                    "description": "1st-half" if half == 1 else "2nd-half",
                    "time_added": None,
                    "period_length": 45,
                    "minutes": None,
                    "seconds": None,
                    "has_timer": False,
                }
                for half in (2, 1)
            ],
            "events": [],
            "statistics": self.statistics(id, number, STATISTICS, 0),
            "metadata": [
                {
                    "id": 900_000 + 10 * number + place,
                    "metadatable_id": id,
                    "type_id": type_id,
                    "value_type": "object",
                    "values": values,
                }
                for place, (type_id, values) in enumerate(
                    [(572, {"confirmed": True}), (578, {"attendance": 51_237}), (613, "#MCICOP")]
                )
            ],
        }

    def participant(self, id: int, name: str, location: str, winner: bool) -> Row:
        return {
            "id": id,
            "sport_id": 1,
            "country_id": 462,
            "venue_id": None,
            "gender": "male",
            "name": name,
            "short_code": None,
            "image_path": "https://cdn.sportmonks.com/images/soccer/team_placeholder.png",
            "founded": 1880,
            "type": "domestic",
            "placeholder": False,
            "last_played_at": "2026-01-24 15:00:00",
            "meta": {"location": location, "winner": winner, "position": None},
        }

    def statistics(self, id: int, number: int, types: tuple[int, ...], first: int) -> list[Row]:
        return [
            {
                "id": 937_000_000 + 1000 * number + first + 2 * place + (side == "away"),
                "fixture_id": id,
                "type_id": type_id,
                "participant_id": team,
                # Both explicit nulls that were recorded are numbers of passes.
                "data": {"value": None if (type_id, number) == (80, 1) else self.value(type_id)},
                "location": side,
                "type": self.type_(type_id),
            }
            for place, type_id in enumerate(types)
            for side, team in (("away", AWAY), ("home", HOME))
        ]

    def with_expected_goals(self, fixture: Row, number: int, key: str = "xgfixture") -> Row:
        """The list of xGFixture: all statistics with the same ids, and those of expected goals."""
        extra = self.statistics(fixture["id"], number, XG_OF_TEAMS, 500)
        return {**fixture, key: [*extra, *fixture["statistics"]]}

    def lineups(self, fixture: Row, number: int) -> list[Row]:
        """Line-ups with the same lists under `details` and `xglineup`."""
        detail_ids = iter(range(FIRST_DETAILS[number % 4] + 10_000 * (number // 4), 2**40))
        rows = []
        for place in range(36):
            team = (HOME, AWAY)[place % 2]
            is_starter = place < 22
            # In one fixture all players are unknown, in the others some.
            player_id = None if number == 2 or place % 13 == 12 else 37_000_000 + place
            lineup_id = 14_700_000_000 + 1000 * number + (place * 7) % 37
            details = [
                {
                    "id": next(detail_ids),
                    "fixture_id": fixture["id"],
                    "player_id": player_id,
                    "team_id": team,
                    "lineup_id": lineup_id,
                    "type_id": type_id,
                    "data": {"value": self.value(type_id)},
                    "type": self.type_(type_id),
                }
                for type_id in (MINUTES, CAPTAIN, RATING, GOALS, 27267, *XG_OF_PLAYERS)
                if is_starter or place == 23
            ]
            if number == 1 and place == 0:
                details[3]["data"]["value"] = None
            self.random.shuffle(details)
            rows.append(
                {
                    "id": lineup_id,
                    "sport_id": 1,
                    "fixture_id": fixture["id"],
                    "player_id": player_id,
                    "team_id": team,
                    "position_id": None if place % 11 == 3 else 24 + place % 4,
                    "formation_field": f"{1 + place % 4}:{1 + place % 3}" if is_starter else None,
                    "type_id": 11 if is_starter else 12,
                    "formation_position": 1 + place // 2 if is_starter else None,
                    "player_name": f"Søren O'Player {place}",
                    "jersey_number": 144 if place == 5 else place + 1,
                    "details": details,
                    "xglineup": list(details),
                    "player": self.player(player_id) if player_id else None,
                }
            )
        self.random.shuffle(rows)
        return rows

    def player(self, id: int) -> Row:
        empty = (
            "city_id", "nationality_id", "common_name", "detailed_position_id", "weight",
            "date_of_birth", "gender",
        )  # fmt: skip
        return {
            "id": id,
            "sport_id": 1,
            "country_id": 320,
            "position_id": 221,
            "type_id": 25,
            "firstname": "Søren",
            "lastname": "O'Player",
            "name": "Søren O'Player",
            "display_name": "S. O'Player",
            "image_path": "https://cdn.sportmonks.com/images/soccer/placeholder.png",
            "height": 0,
        } | dict.fromkeys(empty)

    def odds(self, fixture: Row, number: int) -> list[Row]:
        return [
            {
                "id": 181_000_000_000 + 1000 * number + place,
                "fixture_id": fixture["id"],
                "market_id": 1,
                "bookmaker_id": 2 + place // 3,
                "label": label,
                "value": "1.61",
                "name": label,
                "sort_order": None,
                "market_description": "Match Winner",
                "probability": "62.11%",
                "dp3": "1.610",
                "fractional": "61/100",
                "american": "-164",
                "winning": False,
                "stopped": False,
                "total": None,
                "handicap": "",
                "participants": None,
                "created_at": "2026-01-20T05:11:46.000000Z",
                "original_label": "1",
                "latest_bookmaker_update": "2026-01-28 19:58:11",
            }
            for place, label in enumerate(["Home", "Draw", "Away"] * 4)
        ]


def without_types(rows: list[Row], types: tuple[int, ...]) -> list[Row]:
    return [row for row in rows if row["type_id"] not in types]


def envelope(data: Any) -> Row:
    """A response as it was saved, with what the API adds to the data."""
    return {
        "data": data,
        "subscription": [{"meta": {}, "plans": [], "add_ons": [], "widgets": []}],
        "rate_limit": {
            "resets_in_seconds": 3311,
            "remaining": 2988,
            "requested_entity": "Fixture",
        },
        "timezone": "UTC",
    }


def save(folder: Path, name: str, data: Any) -> None:
    text = json.dumps(envelope(data), ensure_ascii=False)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


def all_shapes() -> dict[str, Row | list[Row]]:
    """Files with one fixture and files with several, by their names."""
    made = SavedFixtures()
    whole = []
    for number in range(5):
        fixture = made.fixture(19_600_000 + number, number)
        fixture = made.with_expected_goals(fixture, number)
        whole.append({**fixture, "lineups": made.lineups(fixture, number)})
    # Days later, the details have no expected goals any more.
    for fixture in whole[3:]:
        for row in fixture["lineups"]:
            row["details"] = without_types(row["details"], XG_OF_PLAYERS)
        fixture["odds"] = made.odds(fixture, fixture["id"] % 100)
    # The third set was requested without details, players, periods and xGFixture.
    bare = []
    for number in (5, 6):
        fixture = made.fixture(19_600_000 + number, number)
        nested = ("details", "xglineup", "player")
        lineups = [
            {key: value for key, value in row.items() if key not in nested}
            for row in made.lineups(fixture, number)
        ]
        kept = {key: value for key, value in fixture.items() if key not in ("periods", "metadata")}
        bare.append({**kept, "lineups": lineups, "odds": made.odds(fixture, number)})
    return {
        "raw/19600000.json": whole[0],
        "raw/19600001.json": whole[1],
        "raw/19600002.json.gz": whole[2],
        "full/two.json": whole[3:],
        "big/19600005.json": bare[0],
        "big/several.json": [bare[1]],
    }


def other_keys() -> dict[str, Row | list[Row]]:
    """Expected goals under the documented key alone, and players without the key `details`."""
    made = SavedFixtures(seed=2)
    fixtures = []
    for number in range(2):
        fixture = made.fixture(19_700_000 + number, number)
        fixture = made.with_expected_goals(fixture, number, key="expected")
        lineups = made.lineups(fixture, number)
        for place, row in enumerate(lineups):
            del row["xglineup"]
            if place % 3 == 0 or not row["details"]:
                del row["details"]
        del fixture["statistics"]
        fixtures.append({**fixture, "lineups": lineups})
    return {"both.json": fixtures}


def fixtures_of(files: dict[str, Row | list[Row]]) -> list[Row]:
    return [row for data in files.values() for row in (data if isinstance(data, list) else [data])]


def expected_rows(fixtures: list[Row]) -> dict[str, list[Row]]:
    """The rows of three tables, made from the files alone."""
    lineups = [row for fixture in fixtures for row in fixture["lineups"]]
    details = {
        row["id"]: row
        for lineup in lineups
        for key in ("details", "xglineup")
        for row in lineup.get(key, [])
    }
    statistics = {
        row["id"]: row
        for fixture in fixtures
        for key in ("statistics", "xgfixture", "expected")
        for row in fixture.get(key, [])
    }

    def with_value(row: Row, key: str, fields: list[str]) -> Row:
        value = row["data"]["value"]
        return (
            {key: row["id"]}
            | {name: row[name] for name in fields}
            | {
                "value": None if value is None else float(value),
                "value_raw": row["data"],
            }
        )

    fields = [
        "fixture_id", "team_id", "player_id", "position_id", "formation_field", "type_id",
        "formation_position", "player_name", "jersey_number",
    ]  # fmt: skip
    of_players = ["fixture_id", "lineup_id", "player_id", "team_id", "type_id"]
    of_teams = ["fixture_id", "type_id", "participant_id", "location"]
    return {
        "fixture_lineups": [
            {"lineup_id": row["id"]}
            | {name: row[name] for name in fields}
            | {"is_starter": row["type_id"] == 11}
            for row in sorted(lineups, key=lambda row: int(row["id"]))
        ],
        "fixture_player_statistics": [
            with_value(details[id], "player_statistic_id", of_players) for id in sorted(details)
        ],
        "fixture_statistics": [
            with_value(statistics[id], "statistic_id", of_teams) for id in sorted(statistics)
        ],
    }


@contextmanager
def replayed(
    job: Job, files: dict[str, Row | list[Row]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    folder = job.folder / "saved"
    for name, data in files.items():
        save(folder, name, data)
    with Simulator(replay=folder) as api:
        monkeypatch.setenv(setting("BASE_URL"), api.base_url)
        monkeypatch.setenv(setting("API_TOKEN"), api.token)
        yield api


def extract_and_transform(job: Job, fixtures: list[Row]) -> None:
    summary = json.loads(job.extract("--json").stdout)
    counts = {name: summary[name] for name in ("stored", "failed", "unconfirmed", "missing")}
    assert counts == {"stored": len(fixtures), "failed": 0, "unconfirmed": 0, "missing": 0}
    job.transform("--select", "+path:models/marts/core", "+quarantine")


def assert_tables_equal_files(job: Job, fixtures: list[Row]) -> None:
    for table, wanted in expected_rows(fixtures).items():
        assert comparable(job.records(table)) == wanted, table
    assert job.query("select source_table, path, value from sportmonks.quarantine") == []


@POSTGRES_IN_TEST_ALL
def test_every_row_of_the_files_is_there_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    files = all_shapes()
    fixtures = fixtures_of(files)
    rows = expected_rows(fixtures)
    ids = [row["player_statistic_id"] for row in rows["fixture_player_statistics"]]
    assert min(ids) < 2**31 < 2**32 < max(ids)
    values = {type(row["value_raw"]["value"]) for row in rows["fixture_player_statistics"]}
    assert values == {int, float, bool, type(None)}
    monkeypatch.setenv(setting("INCLUDE"), INCLUDE)
    with replayed(job, files, monkeypatch) as api:
        assert api.world.fixture_ids() == sorted(fixture["id"] for fixture in fixtures)
        extract_and_transform(job, fixtures)
    payloads = job.query("select id, cast(payload as text) from sportmonks_raw.fixtures")
    assert {id: json.loads(text) for id, text in payloads} == {f["id"]: f for f in fixtures}
    assert_tables_equal_files(job, fixtures)
    groups = {row["type_id"]: row["stat_group"] for row in job.records("types")}
    assert groups[MINUTES] == "NULL"
    assert groups[27267] is None


@pytest.mark.thorough
@POSTGRES_IN_TEST_ALL
def test_other_keys_and_absent_lists_lose_nothing(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = other_keys()
    fixtures = fixtures_of(files)
    # The files have more keys than that: the replay sends them all.
    monkeypatch.setenv(setting("INCLUDE"), "scores;lineups.details;xGFixture")
    with replayed(job, files, monkeypatch):
        extract_and_transform(job, fixtures)
    assert_tables_equal_files(job, fixtures)
    assert len(job.records("fixture_periods")) == 4
