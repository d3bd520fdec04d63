"""The questions of docs/questions.md: their SQL, and examples of what it answers.

`python -m tests.support.questions` writes the examples anew, from the world of the demo.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from simulator import Simulator
from tests.support.expected_includes import DEFAULT
from tests.support.pipeline import EVERY_MODEL, DuckDb, Job, setting

INCLUDES = DEFAULT | {"lineups.details", "xgfixture"}
INCLUDE = ";".join(["participants;scores;statistics;events;periods", *sorted(INCLUDES)])
"""The setting that the questions need."""

PAGE = Path(__file__).resolve().parents[2] / "docs" / "questions.md"
_QUESTION = re.compile(
    r"^## (?P<title>[^\n]+)\n\n```sql\n(?P<sql>.+?)\n```\n\n(?P<example>(?:\|[^\n]*\n)*)",
    re.M | re.S,
)


@dataclass(frozen=True)
class Question:
    title: str
    sql: str
    columns: list[str]
    """The columns of the example."""


def questions() -> list[Question]:
    return [
        Question(
            found["title"],
            found["sql"],
            [column.strip() for column in found["example"].split("\n")[0].split("|")[1:-1]],
        )
        for found in _QUESTION.finditer(PAGE.read_text(encoding="utf-8"))
    ]


def correct(api: Simulator) -> None:
    """Corrects finished matches: a goal, a card, an event, and statistics, one beyond reading."""
    finished = [
        fixture
        for id in api.world.fixture_ids()
        if (fixture := api.world.fixture(id))["state_id"] == 5 and fixture["statistics"]
    ]
    goals, cards = (
        [
            (fixture["id"], event["id"])
            for fixture in finished
            for event in fixture["events"]
            if event["type_id"] == type_id
        ]
        for type_id in (14, 19)
    )
    api.control.cancel_goal(*goals[0])
    api.control.rescind(*cards[-1])
    api.control.remove_event(*cards[len(cards) // 2])
    for fixture, value in zip(finished[2:7], (7, 8, 9, 10, "many"), strict=True):
        statistic = next(row for row in fixture["statistics"] if row["type_id"] == 34)
        api.control.correct_statistic(fixture["id"], statistic["id"], value)


def build(job: Job, api: Simulator) -> None:
    """A warehouse in which every question has an answer."""
    job.extract()
    correct(api)
    job.extract("--force")
    job.transform(*EVERY_MODEL)


def main() -> None:
    with (
        Simulator(leagues=3, seasons=1, teams=20) as api,
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        path = Path(folder)
        job = Job(DuckDb(path / "warehouse.duckdb"), path, path / "target")
        for name, value in job.environment(api.base_url, api.token).items():
            patch.setenv(name, value)
        patch.setenv(setting("INCLUDE"), INCLUDE)
        build(job, api)

        def answered(found: re.Match[str]) -> str:
            names, rows = job.database.execute(found["sql"])
            lines = [names, ["---:" if _is_number(rows, i) else "---" for i in range(len(names))]]
            lines += [[_text(value) for value in row] for row in rows]
            table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
            end = "" if found["example"] else "\n"
            return f"## {found['title']}\n\n```sql\n{found['sql']}\n```\n\n{table}{end}"

        page = _QUESTION.sub(answered, PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(page, encoding="utf-8")


def _is_number(rows: list[tuple[Any, ...]], column: int) -> bool:
    values = [row[column] for row in rows if row[column] is not None]
    return bool(values) and not any(isinstance(value, str | date) for value in values)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def records(names: list[str], rows: list[tuple[Any, ...]]) -> list[Mapping[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


if __name__ == "__main__":
    main()
