"""The metrics of dbt's semantic layer, computed as their definitions say, against the marts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from extract.config.includes import DEFAULT_INCLUDE
from simulator import Simulator
from tests.support.pipeline import EVERY_MODEL, Job, setting

DEFINITIONS = yaml.safe_load(Path("dbt_project/models/semantic.yml").read_text(encoding="utf-8"))
METRICS: dict[str, Any] = {each["name"]: each for each in DEFINITIONS["metrics"]}
MEASURES: dict[str, tuple[Any, Any]] = {
    measure["name"]: (model, measure)
    for model in DEFINITIONS["semantic_models"]
    for measure in model["measures"]
}

# What the marts and the core tables have, by metric and by the column that it is grouped by.
EXPECTED = {
    "team_id": {
        "matches": "select season_id, team_id, played from sportmonks.league_table where is_latest",
        "points": "select season_id, team_id, points from sportmonks.league_table where is_latest",
        "points_per_match": "select season_id, team_id, points * 1.0 / nullif(played, 0) "
        "from sportmonks.league_table where is_latest",
        "goals_for": "select season_id, team_id, goals_for from sportmonks.league_table "
        "where is_latest",
        "goals_against": "select season_id, team_id, goals_against from sportmonks.league_table "
        "where is_latest",
        "goal_difference": "select season_id, team_id, goal_difference "
        "from sportmonks.league_table where is_latest",
        "xg_for": "select season_id, participant_id, sum(value) from sportmonks.fixture_statistics "
        "inner join sportmonks.fixtures using (fixture_id) "
        "where type_id = 5304 and state_code in ('FT', 'AET', 'FT_PEN') group by 1, 2",
        "xg_against": "select season_id, case location when 'home' then away_participant_id "
        "else home_participant_id end, sum(value) from sportmonks.fixture_statistics "
        "inner join sportmonks.fixtures using (fixture_id) "
        "where type_id = 5304 and state_code in ('FT', 'AET', 'FT_PEN') group by 1, 2",
    },
    "player_id": {
        "minutes": "select season_id, player_id, sum(minutes) from sportmonks.player_seasons "
        "group by 1, 2",
        "xg_of_players": "select season_id, player_id, sum(xg) from sportmonks.player_seasons "
        "group by 1, 2",
    },
}


def simple(name: str, column: str) -> str:
    """The query of a simple metric, by season and another column."""
    model, measure = MEASURES[METRICS[name]["type_params"]["measure"]]
    table = model["model"].removeprefix("ref('").removesuffix("')")
    dimensions = {entity["expr"] for entity in model["entities"]}
    assert {"season_id", column} <= dimensions
    value = f"{measure['agg']}({measure['expr']})"
    return f"select season_id, {column}, {value} as {name} from sportmonks.{table} group by 1, 2"


def query_of(name: str, column: str) -> str:
    """The query of a metric, as dbt's docs define its type."""
    metric = METRICS[name]
    parameters = metric["type_params"]
    if metric["type"] == "simple":
        return simple(name, column)
    if metric["type"] == "ratio":
        parts = [parameters["numerator"], parameters["denominator"]]
        value = f"{parts[0]} * 1.0 / nullif({parts[1]}, 0)"
    else:
        assert metric["type"] == "derived"
        parts, value = parameters["metrics"], parameters["expr"]
    first, second = (simple(part, column) for part in parts)
    return (
        f"select season_id, {column}, {value} as {name} from ({first}) as one "
        f"inner join ({second}) as other using (season_id, {column})"
    )


@pytest.mark.thorough
def test_metrics_equal_the_marts(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), f"{DEFAULT_INCLUDE};lineups.details;xGFixture")

    def make() -> None:
        job.extract()
        job.transform(*EVERY_MODEL)

    job.start("with expected goals", make)
    assert {name for names in EXPECTED.values() for name in names} == set(METRICS)
    for column, metrics in EXPECTED.items():
        for name, sql in metrics.items():
            with subtests.test(name):
                found = {row[:2]: row[2] for row in job.query(query_of(name, column))}
                expected = {row[:2]: row[2] for row in job.query(sql) if row[2] is not None}
                assert expected
                assert any(value for value in expected.values())
                for key, value in expected.items():
                    assert float(found[key]) == pytest.approx(float(value)), (name, key)
    days = job.query(
        "select min(day), max(day), count(*), count(distinct day) from sportmonks.days"
    )
    ((first, last),) = job.query(
        "select min(cast(starting_at as date)), max(cast(starting_at as date)) "
        "from sportmonks.fixtures"
    )
    length = (last - first).days + 1
    assert days == [(first, last, length, length)]
