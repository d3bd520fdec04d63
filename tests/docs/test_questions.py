"""Documentation for analysts: the questions run on both engines, and every column is described."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from extract.report.documents import LINEAGE
from extract.report.documents.diagram import RELATION
from extract.warehouse.raw_tables import DUE, SCHEMAS
from simulator import Simulator
from tests.support.expected_answers import ANSWERS
from tests.support.expected_marts import read
from tests.support.pipeline import EVERY_MODEL, POSTGRES_IN_TEST_ALL, DuckDb, Job, setting
from tests.support.questions import INCLUDE, INCLUDES, PAGE, Question, build, questions, records

Rows = list[Mapping[str, Any]]


@pytest.fixture
def api() -> Iterator[Simulator]:
    """A season of which more than ten rounds are played."""
    with Simulator(seed=7, leagues=2, seasons=1, teams=8) as simulator:
        yield simulator


def league_table(job: Job, rows: Rows) -> None:
    assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
    assert all(row["points"] >= row["points_round_10"] for row in rows)
    assert all(set(row["form"]) <= set("WDL") and len(row["form"]) == 5 for row in rows)
    # The question shows only the top of the table.
    everything = job.query(
        "select sum(goal_difference), count(*), count(case when points <> 3 * won + drawn "
        "or played <> won + drawn + lost or goal_difference <> goals_for - goals_against "
        "then 1 end) from sportmonks.league_table"
    )
    assert [tuple(map(int, row)) for row in everything] == [(0, everything[0][1], 0)]
    assert job.query(
        "select sum(won) - sum(lost), sum(played) % 2 from sportmonks.league_table where is_latest"
    ) == [(0, 0)]


def home_and_away(job: Job, rows: Rows) -> None:
    for row in rows:
        assert 0 <= row["points_away"] <= 3 and 0 <= row["points_at_home"] <= 3
        points = sorted([row["points_away"], row["points_at_home"]])
        assert points[0] <= row["points_per_match"] <= points[1]
    ((home, away),) = job.query(
        "select count(case when location = 'home' then 1 end), "
        "count(case when location = 'away' then 1 end) "
        "from sportmonks.team_fixtures where result = 'won'"
    )
    assert home > away > 0


def possession(job: Job, rows: Rows) -> None:
    assert all(0 < row["won_percent"] + row["drawn_percent"] <= 100 for row in rows)
    assert all(0 < row["goals"] < 4 for row in rows)
    ((matches,),) = job.query(
        "select count(*) from sportmonks.team_fixtures "
        "where phase = 'finished' and possession is not null"
    )
    assert sum(row["team_matches"] for row in rows) == matches


def corners(job: Job, rows: Rows) -> None:
    assert all(2 < row["corners_per_match"] < 15 and row["difference"] > 0 for row in rows[:3])
    assert len({(row["league_name"], row["league_average"]) for row in rows}) <= 2


def comebacks(job: Job, rows: Rows) -> None:
    for row in rows:
        assert row["times_behind"] == row["won"] + row["drawn"] + row["lost"]
    # A team that is behind after an hour loses most of the time.
    assert sum(row["won"] for row in rows) < sum(row["lost"] for row in rows)


def when_goals_fall(job: Job, rows: Rows) -> None:
    assert [row["minutes"] for row in rows][:2] == ["1 to 15", "16 to 30"]
    assert abs(sum(row["percent"] for row in rows) - 100) < 1
    assert all(row["in_added_time"] <= row["goals"] for row in rows)
    assert {row["minutes"] for row in rows if row["in_added_time"]} <= {"31 to 45", "76 to 90"}


def scorers(job: Job, rows: Rows) -> None:
    of_teams = dict(
        job.query(
            "select team_name, sum(goals_for) from sportmonks.team_fixtures "
            "where phase in ('live', 'finished') group by 1"
        )
    )
    for row in rows:
        assert row["penalties_scored"] <= row["goals"] <= of_teams[row["team_name"]]
    assert rows[0]["goals"] >= rows[-1]["goals"] > 0


def cards(job: Job, rows: Rows) -> None:
    assert all(0 < row["yellow_per_match"] < 6 for row in rows)
    assert all(row["red"] + row["second_yellow"] < row["yellow"] for row in rows)


def corrections(job: Job, rows: Rows) -> None:
    found = {row["kind"] for row in rows}
    assert {"event_removed", "event_added", "event_changed"} <= found
    assert {"score_changed", "statistic_changed"} <= found
    assert all(row["matches"] <= row["corrections"] for row in rows)


def coverage(job: Job, rows: Rows) -> None:
    for row in rows:
        assert row["known"] == row["stored"] >= row["finished"]
        assert 90 < row["with_statistics_percent"] <= 100
        assert row["last_checked_at"] > row["last_finished_kick_off_at"]


def cost(job: Job, rows: Rows) -> None:
    # Two days, if it is midnight.
    assert sum(row["calls_saved"] or 0 for row in rows) > sum(row["calls"] for row in rows)
    assert sum(row["runs"] or 0 for row in rows) == 2
    assert all(row["calls_over_quota"] == 0 < row["min_quota_remaining"] for row in rows)


def quarantine(job: Job, rows: Rows) -> None:
    # `xGFixture` repeats the statistics.
    assert {row["path"].split("[")[0] for row in rows} == {"statistics", "xgfixture"}
    assert {(row["value"], row["path"].split(".", 1)[1]) for row in rows} == {
        ("many", "data.value")
    }
    assert len(rows) == 2
    assert " vs " in rows[0]["fixture_name"]


# A check for each question that `expected_answers` does not answer, in the order of the page.
PLAUSIBLE: list[Callable[[Job, Rows], None]] = [
    league_table, home_and_away, possession, corners, comebacks, when_goals_fall, scorers, cards,
    corrections, coverage, cost, quarantine,
]  # fmt: skip


@POSTGRES_IN_TEST_ALL
def test_every_question_has_the_right_answer(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), INCLUDE)
    build(job, api)
    world = read(api, INCLUDES)
    plausible = iter(PLAUSIBLE)
    assert ANSWERS.keys() <= {question.title for question in questions()}
    for question in questions():
        names, rows = job.database.execute(
            question.sql.replace("sportmonks.", f"{job.database.schema}.")
        )
        assert rows, question.title
        assert names == question.columns, (
            f"{question.title}: run `python -m tests.support.questions`"
        )
        if question.title in ANSWERS:
            ANSWERS[question.title](world).check(records(names, rows))
        else:
            next(plausible)(job, records(names, rows))
        if isinstance(job.database, DuckDb):
            assert shell_answer(job.database, question) == (names, len(rows))
    assert next(plausible, None) is None


def shell_answer(database: DuckDb, question: Question) -> tuple[list[str], int]:
    """The columns and the number of rows that DuckDB's command line returns, a client of 1.x."""
    program = Path(sys.executable).with_name("duckdb")
    output = subprocess.run(
        [program, "-readonly", "-json", database.path, "-c", question.sql],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    rows = json.loads(output)
    return list(rows[0]), len(rows)


def test_every_question_of_the_page_is_tested() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(questions()) == page.count("\n## ") == page.count("```sql")
    assert all(isinstance(question, Question) and question.columns for question in questions())


def listed_tables(section: str) -> list[str]:
    """The tables in the first column of a table of docs/tables.md."""
    page = (PAGE.parent / "tables.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## )", page, re.M | re.S)
    return [
        name
        for cell in re.findall(r"^\| (`.*?) \|", text, re.M)
        for name in re.findall(r"`([a-z_]+)`", cell)
    ]


def test_every_raw_table_is_listed() -> None:
    assert sorted(listed_tables("Raw tables")) == sorted([*SCHEMAS, DUE])


def test_the_documentation_is_built_and_complete(
    duckdb_job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing is extracted" in duckdb_job.command("docs", code=2).output
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    duckdb_job.transform(*EVERY_MODEL)
    # As for a user: the path is relative to the working directory.
    path = Path(os.environ["DUCKDB_PATH"])
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("DUCKDB_PATH", path.name)
    output = duckdb_job.command("docs").output
    site = duckdb_job.dbt_target / "docs" / "index.html"
    assert str(site) in output.replace("\n", "")
    lineage = (site.parent / LINEAGE).read_text(encoding="utf-8")
    assert LINEAGE in site.read_text(encoding="utf-8")
    assert "fixture_corrections" in lineage
    assert "[The documents of the project](index.html)" in lineage
    assert api.token not in lineage

    manifest = json.loads((duckdb_job.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    catalog = json.loads((duckdb_job.dbt_target / "catalog.json").read_text(encoding="utf-8"))
    marts = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["path"].startswith("marts/")
    }
    described = {
        f"{name}.{column['name']}" if column else name
        for name, node in marts.items()
        for column in [None, *node["columns"].values()]
        if (column or node)["description"].strip()
    }
    existing = {
        f"{node['metadata']['name']}.{column}"
        for id, node in catalog["nodes"].items()
        if manifest["nodes"][id]["name"] in marts
        for column in node["columns"]
    }
    assert described == existing | set(marts)

    assert sorted(listed_tables("List of tables")) == sorted(marts)
    used = {
        name
        for question in questions()
        for name in re.findall(r"sportmonks\.([a-z_]+)", question.sql)
    }
    # The diagram of docs/tables.md has every relationship that dbt tests.
    tested = {
        (
            re.sub(r"ref\('(.*)'\)", r"\1", test["test_metadata"]["kwargs"]["to"]),
            test["attached_node"].split(".")[-1],
            test["column_name"],
        )
        for test in manifest["nodes"].values()
        if (test.get("test_metadata") or {}).get("name") == "relationships"
    }
    page = (PAGE.parent / "tables.md").read_text(encoding="utf-8")
    assert len(tested) > 20
    assert tested <= set(RELATION.findall(page))

    report = PAGE.parents[1] / "extract/report"
    operations, football = (
        (report / file).read_text(encoding="utf-8")
        for file in ("operations/data.py", "football/queries.py")
    )
    on_page = {
        *re.findall(r"(?:from|join) ([a-z_]+)", operations),
        *re.findall(r'"(fixture_[a-z]+)": "', operations),
    }
    exposures = {
        "questions": used,
        "operations_page": on_page & set(marts),
        "football_pages": set(re.findall(r"(?:from|join) ([a-z_]+)", football)) & set(marts),
    }
    for exposure, tables in exposures.items():
        nodes = manifest["exposures"][f"exposure.sportmonks.{exposure}"]["depends_on"]["nodes"]
        assert {id.split(".")[-1] for id in nodes} == tables
