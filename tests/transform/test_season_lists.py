"""`standings` and `topscorers` equal the lists of the API, and follow them."""

from typing import Any

import requests

from simulator import Simulator
from tests.support.client import TOKEN
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job

OVERALL = {
    "played": 129, "won": 130, "drawn": 131, "lost": 132, "goals_for": 133, "goals_against": 134,
    "goal_difference": 179,
}  # fmt: skip
STANDING = [
    "participant_id", "league_id", "season_id", "stage_id", "group_id", "round_id",
    "standing_rule_id", "position", "result", "points",
]  # fmt: skip
TOPSCORER = ["season_id", "player_id", "participant_id", "type_id", "position", "total"]

Rows = list[dict[str, Any]]


def answer(api: Simulator, path: str, **parameters: Any) -> Rows:
    """All rows of a list, from every page."""
    rows: Rows = []
    for page in range(1, 100):
        response = requests.get(
            f"{api.base_url}/football/{path}",
            params={"page": page, "per_page": 50, **parameters},
            headers={"Authorization": TOKEN},
            timeout=10,
        ).json()
        rows += response.get("data", [])
        if not response.get("pagination", {}).get("has_more"):
            return rows
    raise AssertionError(path)


def expected_standings(api: Simulator) -> Rows:
    rows = []
    for season in api.world.seasons():
        for row in answer(api, f"standings/seasons/{season['id']}", include="details"):
            values = {detail["type_id"]: detail["value"] for detail in row["details"]}
            rows.append(
                {"standing_id": row["id"]}
                | {field: row[field] for field in STANDING}
                | {column: values[type_id] for column, type_id in OVERALL.items()}
            )
    return sorted(rows, key=lambda row: row["standing_id"])


def expected_topscorers(api: Simulator) -> Rows:
    return sorted(
        (
            {"topscorer_id": row["id"]} | {field: row[field] for field in TOPSCORER}
            for season in api.world.seasons()
            for row in answer(api, f"topscorers/seasons/{season['id']}")
        ),
        key=lambda row: row["topscorer_id"],
    )


def table(job: Job, name: str, key: str) -> Rows:
    names, rows = job.database.execute(f"select * from {job.database.schema}.{name} order by {key}")
    return [dict(zip(names, row, strict=True)) for row in rows]


def assert_equals_the_api(job: Job, api: Simulator) -> None:
    assert table(job, "standings", "standing_id") == expected_standings(api)
    assert table(job, "topscorers", "topscorer_id") == expected_topscorers(api)


@POSTGRES_IN_TEST_ALL
def test_season_lists_equal_the_api(job: Job, api: Simulator) -> None:
    job.extract()
    job.transform("--select", "+standings", "+topscorers")
    assert_equals_the_api(job, api)
    before = expected_topscorers(api)
    # After a week there are more goals; a correction takes the only one of some player back.
    api.control.advance(7 * 24 * 3600)
    scorer = next(row for row in before if row["type_id"] == 208 and row["total"] == 1)
    goal = next(
        (fixture["id"], event["id"])
        for fixture in map(api.control.fixture, api.world.fixture_ids())
        for event in fixture["events"]
        if event["player_id"] == scorer["player_id"] and event["type_id"] in (14, 16)
    )
    api.control.cancel_goal(*goal)
    job.extract("--force")
    job.transform("--select", "+standings", "+topscorers")
    assert_equals_the_api(job, api)
    assert expected_topscorers(api) != before
