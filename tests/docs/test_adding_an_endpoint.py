"""docs/adding-an-endpoint.md, followed step by step in a copy of the two folders that it names."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job

PAGE = Path("docs/adding-an-endpoint.md")
ENDPOINTS = Path("extract/config/endpoints.py")
TABLE = "season_rounds"


def block(language: str) -> str:
    """The code block of the page in a language, of which there is one."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE.read_text(), re.M | re.S)
    (text,) = found
    return textwrap.dedent(text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A clone with the folders that are changed."""
    ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
    for folder in ("extract", "dbt_project"):
        shutil.copytree(folder, tmp_path / "clone" / folder, ignore=ignored)
    return tmp_path / "clone"


def declare(copy: Path) -> None:
    """Step 1: the line in the registry."""
    path = copy / ENDPOINTS
    before, end = "ENDPOINTS = (\n", "\n)\n"
    start, rest = path.read_text().split(before)
    lines, after = rest.split(end, 1)
    path.write_text(f"{start}{before}{lines}\n    {block('python').strip()},{end}{after}")


def command(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the copy."""
    result = subprocess.run(
        [sys.executable, "-m", "extract", *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "DBT_TARGET_PATH": str(copy / "target")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@POSTGRES_IN_TEST_ALL
def test_one_line_makes_an_endpoint(job: Job, api: Simulator, copy: Path) -> None:
    declare(copy)
    seasons = api.world.season_ids()
    plan = json.loads(command(copy, "plan", "--json").stdout)
    assert plan["season_lists"][TABLE] == len(seasons)
    command(copy, "extract")
    calls = [r["path"] for r in api.control.requests() if "/rounds/seasons/" in r["path"]]
    assert {path.rpartition("/")[2] for path in calls} == set(map(str, seasons))
    stored = job.query(f"select id, cast(payload as text) from sportmonks_raw.{TABLE} order by id")
    assert [id for id, _ in stored] == seasons
    for id, payload in stored:
        rows = json.loads(payload)["data"]
        assert rows
        assert {row["season_id"] for row in rows} == {id}
    api.control.reset_requests()
    command(copy, "extract")
    assert not [r for r in api.control.requests() if "/rounds/seasons/" in r["path"]]
    assert f" {TABLE} of 2 seasons" in command(copy, "extract", "--force").stdout


@pytest.mark.thorough
def test_the_page_makes_a_final_table(job: Job, api: Simulator, copy: Path) -> None:
    declare(copy)
    models = copy / "dbt_project" / "models"
    sources = models / "staging" / "_sportmonks__sources.yml"
    source = f"- name: {TABLE}\n  description: One row per season.\n  columns: *season_list\n"
    sources.write_text(sources.read_text() + textwrap.indent(source, " " * 6))
    for suffix in ("sql", "yml"):
        standings = models / "staging" / f"stg_sportmonks__standings.{suffix}"
        text = standings.read_text().replace("standings", TABLE)
        standings.with_name(f"stg_sportmonks__{TABLE}.{suffix}").write_text(text)
    (models / "marts" / "core" / f"{TABLE}.sql").write_text(block("sql"))
    (models / "marts" / "core" / f"{TABLE}.yml").write_text(block("yaml"))
    command(copy, "extract")
    command(copy, "transform", "--select", f"+{TABLE}")
    payloads = job.query(f"select cast(payload as text) from sportmonks_raw.{TABLE}")
    expected = sorted(
        (row["id"], row["season_id"], row["name"], row["starting_at"])
        for (payload,) in payloads
        for row in json.loads(payload)["data"]
    )
    assert expected
    found = job.query(
        "select round_id, season_id, name, cast(starting_at as text) "
        f"from sportmonks.{TABLE} order by 1"
    )
    assert found == expected
