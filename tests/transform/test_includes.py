"""The tables of lineups, player statistics, people, places and predictions equal the world."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator import Simulator
from tests.support.assertions import assert_equals_full_refresh, assert_equals_world
from tests.support.expected_includes import DEFAULT, OPTIONAL
from tests.support.pipeline import DUCKDB_IN_TEST_ALL, Job, setting

FIRST = "participants;scores;statistics;events;periods"
ALL = DEFAULT | OPTIONAL
NESTED = ("lineups", "lineups.details", "lineups.xglineup")


def include(names: frozenset[str]) -> str:
    """The setting for the first five includes and these."""
    return ";".join([FIRST, *sorted(names)])


@pytest.fixture
def season() -> Iterator[Simulator]:
    """A season in its last weeks, with matches that are played, live and to come."""
    with Simulator(
        seed=11, leagues=2, seasons=1, teams=8, clock="2026-05-10T15:00:00Z"
    ) as simulator:
        simulator.control.set_behaviour(unlicensed=[])
        yield simulator


@pytest.fixture
def job_of_season(job: Job, season: Simulator, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv(setting("BASE_URL"), season.base_url)
    monkeypatch.setenv(setting("INCLUDE"), include(ALL))
    job.api = season
    return job


def oddities(season: Simulator) -> dict[str, int]:
    """How often each trap of the API occurs in the world."""
    fixtures = [season.world.fixture(id, ALL) for id in season.world.fixture_ids()]
    lineups = [row for fixture in fixtures for row in fixture["lineups"]]
    details = [row for lineup in lineups for row in lineup["details"]]
    xg = [row for lineup in lineups for row in lineup["xglineup"]]
    values = [row["data"]["value"] for row in details]
    return {
        "players without an id": sum(row["player_id"] is None for row in lineups),
        "lineup ids past 32 bits": sum(row["id"] > 2**32 for row in lineups),
        "statistic ids past 31 bits": sum(row["id"] > 2**31 for row in details),
        "players without details": sum(not row["details"] for row in lineups),
        "the same ids twice": len({r["id"] for r in details} & {r["id"] for r in xg}),
        "ids in xglineup only": len({r["id"] for r in xg} - {r["id"] for r in details}),
        "booleans": sum(isinstance(value, bool) for value in values),
        "floats": sum(isinstance(value, float) for value in values),
        "statistics that xgfixture repeats": sum(
            row in fixture["xgfixture"] for fixture in fixtures for row in fixture["statistics"]
        ),
        "absences without a sideline": sum(
            row["sideline"] is None for fixture in fixtures for row in fixture["sidelined"]
        ),
        "fixtures without a weather report": sum(not f["weatherreport"] for f in fixtures),
        "numbers among the metadata": sum(
            isinstance(row["values"], int) for f in fixtures for row in f["metadata"]
        ),
        "texts among the metadata": sum(
            isinstance(row["values"], str) for f in fixtures for row in f["metadata"]
        ),
        "players of no height": sum(
            row["player"]["height"] == 0 for row in lineups if row["player"]
        ),
        "names with blanks": sum(row["player_name"].endswith(" ") for row in lineups),
    }


# On DuckDB, the default run has random sequences of the same, as below.
@DUCKDB_IN_TEST_ALL
def test_every_table_equals_the_world(job_of_season: Job, season: Simulator) -> None:
    assert {name: n for name, n in oddities(season).items() if not n} == {}
    job_of_season.extract()
    job_of_season.transform()
    assert_equals_world(job_of_season, season, includes=ALL)


def lineups(season: Simulator, minimum: int = 1) -> list[dict[str, Any]]:
    """Rows of the lineups of finished fixtures that have so many statistics."""
    fixtures = [season.world.fixture(id, NESTED) for id in season.world.fixture_ids()]
    return [
        row
        for fixture in fixtures
        if fixture["state_id"] == 5
        for row in fixture["lineups"]
        if len(row["details"]) >= minimum
    ]


# The default run has random sequences of the same: tests/properties/test_include_sequences.py.
@pytest.mark.thorough
def test_corrections_of_player_statistics_arrive(job_of_season: Job, season: Simulator) -> None:
    """An id keeps its row with another value, a row disappears, another one is added."""
    job_of_season.extract()
    job_of_season.transform()
    changed, removed, added, renamed, *_ = lineups(season, 3)[::40]
    control = season.control
    control.correct_player_statistic(changed["fixture_id"], changed["details"][0]["id"], 8.5)
    control.correct_player_statistic(changed["fixture_id"], changed["details"][1]["id"], True)
    control.correct_player_statistic(changed["fixture_id"], changed["details"][2]["id"], None)
    control.remove_player_statistic(removed["fixture_id"], removed["details"][0]["id"])
    new = control.add_player_statistic(added["fixture_id"], added["id"], 1490, 1)
    control.rename_lineup_player(renamed["fixture_id"], renamed["id"], "Another Name")
    ids = {row["fixture_id"] for row in (changed, removed, added, renamed)}
    job_of_season.extract("--force", "--fixture-ids", ",".join(map(str, sorted(ids))))
    job_of_season.transform()
    assert_equals_world(job_of_season, season, includes=ALL)
    values = job_of_season.query(
        "select player_statistic_id, value from sportmonks.fixture_player_statistics "
        f"where player_statistic_id in ({', '.join(str(r['id']) for r in changed['details'][:3])}, "
        f"{removed['details'][0]['id']}, {new['id']})"
    )
    first, second, third = (row["id"] for row in changed["details"][:3])
    assert dict(values) == {first: 8.5, second: 1.0, third: None, new["id"]: 1.0}
    assert_equals_full_refresh(job_of_season)


# The default run has random sequences of the same: tests/properties/test_include_sequences.py.
@pytest.mark.thorough
def test_includes_come_and_go(
    job_of_season: Job, season: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """xGFixture is enough for all statistics, and xGLineup for all statistics of players."""
    monkeypatch.setenv(setting("INCLUDE"), include(frozenset({"lineups", "venue"})))
    job_of_season.extract()
    job_of_season.transform()
    assert_equals_world(job_of_season, season, includes={"lineups", "venue"})
    names = {"lineups", "lineups.xglineup", "xgfixture", "formations", "venue"}
    monkeypatch.setenv(setting("INCLUDE"), include(frozenset(names)).replace("statistics;", ""))
    job_of_season.extract("--force")
    job_of_season.transform()
    assert_equals_world(job_of_season, season, includes=names)
    # A fixture that is requested without an include keeps the rows that are there.
    with_rows = job_of_season.records("fixture_formations")
    assert with_rows
    monkeypatch.setenv(setting("INCLUDE"), include(frozenset({"lineups", "venue"})))
    job_of_season.extract("--force")
    job_of_season.transform()
    assert len(job_of_season.records("fixture_formations")) == len(with_rows)
