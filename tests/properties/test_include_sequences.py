"""Includes that come and go while the API corrects player statistics and empties lists.

After each transform the tables have the rows of the last payload that had the list, also an empty
one. A full refresh has those of the stored payloads only.

`SEQUENCES=500` plays as many sequences on each engine.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulator import Simulator
from tests.support.assertions import comparable
from tests.support.expected_core import statistics
from tests.support.expected_includes import include_tables
from tests.support.pipeline import FINAL_TABLES, POSTGRES_IN_TEST_ALL, Job, setting

Row = dict[str, Any]
Rows = list[Row]

# One sequence costs as much as three of the other kind.
SEQUENCES = max(1, int(os.environ.get("SEQUENCES", "3")) // 3)
STEPS = 3
ALWAYS = ("participants", "scores")
PARTS = (
    "statistics", "xgfixture", "lineups", "lineups.details", "lineups.xglineup", "lineups.player",
    "formations", "coaches", "metadata", "weatherreport", "venue",
)  # fmt: skip
# The tables, and the includes that fill each.
TABLES = {
    "fixture_statistics": ("statistics", "xgfixture"),
    "fixture_lineups": ("lineups",),
    "fixture_player_statistics": ("lineups.details", "lineups.xglineup"),
    "fixture_formations": ("formations",),
    "fixture_coaches": ("coaches",),
    "fixture_metadata": ("metadata",),
    "fixture_weather": ("weatherreport",),
    "int_fixture_players": ("lineups.player",),
    "int_fixture_venues": ("venue",),
}
# Of these only the keys are compared.
LINKS = {"int_fixture_players": "player_id", "int_fixture_venues": "venue_id"}
MODELS = ["--select", *(f"+{table}" for table in TABLES)]

# The rows of each table that a payload has; a table whose include the payload lacks is absent.
Contents = dict[str, Rows]


@pytest.fixture
def season() -> Iterator[Simulator]:
    """The second half of a season of four teams."""
    with Simulator(
        seed=4, leagues=1, seasons=1, teams=4, clock="2026-03-14T15:20:00Z"
    ) as simulator:
        simulator.control.set_behaviour(unlicensed=[])
        yield simulator


def with_parents(parts: list[str]) -> frozenset[str]:
    """The includes that a response has for these: `lineups.details` returns `lineups` too."""
    return frozenset(parts) | {part.split(".")[0] for part in parts}


def contents(api: Simulator, id: int, includes: frozenset[str]) -> Contents:
    """What a payload of the world has for each table when these includes are requested."""
    whole = api.world.fixture(id, includes)
    fixture = {key: value for key, value in whole.items() if key == "id" or key in includes}
    rows = include_tables([fixture]) | {"fixture_statistics": statistics(fixture)}
    rows["int_fixture_players"] = [
        {"fixture_id": id, "player_id": player}
        for player in {
            row["player"]["id"] for row in fixture.get("lineups", []) if row.get("player")
        }
    ]
    venue = fixture.get("venue")
    rows["int_fixture_venues"] = [{"fixture_id": id, "venue_id": venue["id"]}] if venue else []

    def is_there(path: str) -> bool:
        # Where no row is left, nothing nested in rows is left either.
        is_nested = path.startswith("lineups.")
        return path in includes or (is_nested and fixture.get("lineups") == [])

    return {table: rows[table] for table, paths in TABLES.items() if any(map(is_there, paths))}


class IncludeSequence:
    """One sequence, with a model of what the warehouse must have."""

    def __init__(self, job: Job, api: Simulator, seed: int, environment: pytest.MonkeyPatch):
        self.job, self.api, self.environment = job, api, environment
        self.random = random.Random(seed)
        self.payloads: dict[int, Contents] = {}
        self.built: dict[str, dict[int, Rows]] = {table: {} for table in TABLES}

    # ------------------------------------------------------------------ the API

    def corrections(self) -> list[Callable[[int], None]]:
        return [
            self.change_player_statistics,
            self.add_a_player_statistic,
            self.empty_a_list,
            self.empty_the_details,
            self.api.control.restore,
        ]

    def lineups(self, id: int) -> Rows:
        rows: Rows = self.api.world.fixture(id, ("lineups", "lineups.details"))["lineups"]
        return rows

    def change_player_statistics(self, id: int) -> None:
        """Two have another value under the same id, and two disappear."""
        details = [row["id"] for lineup in self.lineups(id) for row in lineup["details"]]
        if len(details) >= 4:
            first, second, *gone = self.random.sample(details, 4)
            for statistic, value in ((first, self.random.choice([7, 7.25, True])), (second, None)):
                self.api.control.correct_player_statistic(id, statistic, value)
            for statistic in gone:
                self.api.control.remove_player_statistic(id, statistic)

    def add_a_player_statistic(self, id: int) -> None:
        if lineups := self.lineups(id):
            chosen = self.random.choice(lineups)["id"]
            self.api.control.add_player_statistic(id, chosen, 1490, 1)

    def empty_a_list(self, id: int) -> None:
        control = self.api.control
        match self.random.choice([*PARTS, "lineups"]).split(".")[0]:
            case "weatherreport" | "venue" as name:
                control.set_null(id, name)
            case "statistics" | "xgfixture":
                control.empty(id, "statistics")
                control.empty(id, "xgfixture")
            case name:
                control.empty(id, name)

    def empty_the_details(self, id: int) -> None:
        """The players stay, and their lists are there and empty."""
        rows = self.api.world.fixture(id, [part for part in PARTS if "lineups" in part])["lineups"]
        bare = [{**row, "details": [], "xglineup": []} for row in rows]
        self.api.control.update(id, {"lineups": bare})

    # ------------------------------------------------------------------ the job

    def extract(self, parts: list[str], ids: list[int]) -> None:
        """Runs until what became empty is confirmed."""
        self.environment.setenv(setting("INCLUDE"), ";".join([*ALWAYS, *parts]))
        for _ in range(3):
            chosen = ",".join(map(str, ids))
            summary = json.loads(
                self.job.extract("--force", "--fixture-ids", chosen, "--json").stdout
            )
            if not summary["unconfirmed"]:
                break
        assert summary["stored"] + summary["unchanged"] == len(ids)
        for id in ids:
            self.payloads[id] = contents(self.api, id, with_parents(parts))

    def transform(self) -> None:
        self.job.transform(*MODELS)
        for id, payload in self.payloads.items():
            for table, rows in payload.items():
                self.built[table][id] = rows
        self.assert_tables()

    def refresh(self) -> None:
        self.job.transform("--full-refresh", *MODELS)
        self.built = {
            table: {id: payload[table] for id, payload in self.payloads.items() if table in payload}
            for table in TABLES
        }
        self.assert_tables()

    def assert_tables(self) -> None:
        with self.job.database.kept_open():
            for table, by_fixture in self.built.items():
                wanted = [row for rows in by_fixture.values() for row in rows]
                if table in LINKS:
                    columns = ["fixture_id", LINKS[table]]
                    found = self.job.query(
                        f"select {', '.join(columns)} from sportmonks_staging.{table} order by 1, 2"
                    )
                    rows = [dict(zip(columns, row, strict=True)) for row in found]
                else:
                    columns = FINAL_TABLES[table].split(", ")
                    rows = comparable(self.job.records(table))
                wanted.sort(key=lambda row: [row[column] for column in columns])
                assert rows == wanted, table

    def some_parts(self) -> list[str]:
        return [part for part in PARTS if self.random.random() < 0.5]

    def play(self) -> None:
        ids = self.api.world.fixture_ids()
        self.extract([part for part in PARTS if part != "lineups"], ids)
        self.transform()
        for _ in range(STEPS):
            played = [id for id in ids if self.lineups(id)] or ids
            for id in self.random.sample(played, min(6, len(played))):
                self.random.choice(self.corrections())(id)
            for _ in range(self.random.choice([1, 1, 2])):
                chosen = self.random.sample(ids, self.random.randint(len(ids) // 2, len(ids)))
                self.extract(self.some_parts(), sorted(chosen))
            if self.random.randrange(2 * STEPS):
                self.transform()
            else:
                self.refresh()
        # What is requested and confirmed now equals the world and a full refresh.
        self.extract([part for part in PARTS if part != "lineups"], ids)
        self.transform()
        before = self.built
        self.refresh()
        assert self.built == before


@pytest.mark.thorough
@pytest.mark.timeout(36_000)
@POSTGRES_IN_TEST_ALL
def test_tables_keep_what_was_not_requested_and_lose_what_became_empty(
    job: Job, season: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.api = season
    monkeypatch.setenv(setting("BASE_URL"), season.base_url)
    for seed in range(SEQUENCES):
        season.control.restore_all()
        job.database.empty()
        IncludeSequence(job, season, seed, monkeypatch).play()
