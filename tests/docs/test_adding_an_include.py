"""docs/adding-an-include.md, followed step by step in a copy of the dbt project."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import Job, setting

PAGE = Path("docs/adding-an-include.md")
MODELS = Path("dbt_project/models/marts/core")


def block(language: str) -> str:
    """The code block of the page in a language, of which there is one."""
    (text,) = re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE.read_text(), re.M | re.S)
    return textwrap.dedent(text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A clone in which the include is not declared yet."""
    ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
    for folder in ("extract", "dbt_project"):
        shutil.copytree(folder, tmp_path / "clone" / folder, ignore=ignored)
    return tmp_path / "clone"


def command(copy: Path, *arguments: str) -> str:
    """Runs a command of the copy."""
    result = subprocess.run(
        [sys.executable, "-m", "extract", *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.thorough
def test_a_model_and_its_yml_make_an_include(
    job: Job, api: Simulator, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), "participants;scores;pressure")
    (copy / MODELS / "fixture_pressure.sql").write_text(block("sql"))
    (copy / MODELS / "fixture_pressure.yml").write_text(block("yaml"))
    # The plan of the simulated API lacks the paid includes.
    api.control.set_behaviour(unlicensed=[])
    fixtures = [api.control.fixture(id, "pressure") for id in api.world.fixture_ids()]
    with_rows = [fixture for fixture in fixtures if fixture["pressure"]][:3]
    invalid, emptied, _ = with_rows
    rows = [dict(row) for row in invalid["pressure"]]
    rows[0]["minute"] = "half past two"
    api.control.update(invalid["id"], {"pressure": rows})
    ids = ",".join(str(fixture["id"]) for fixture in with_rows)
    select = ["+fixture_pressure", "+quarantine"]

    command(copy, "extract", "--fixture-ids", ids)
    command(copy, "transform", "--select", *select)
    expected = sorted(
        (
            row["id"],
            row["fixture_id"],
            row["participant_id"],
            None if row["minute"] == "half past two" else row["minute"],
            float(row["pressure"]),
        )
        for id in (fixture["id"] for fixture in with_rows)
        for row in api.control.fixture(id, "pressure")["pressure"]
    )
    query = (
        "select pressure_id, fixture_id, participant_id, minute, pressure "
        "from sportmonks.fixture_pressure order by 1"
    )
    assert len(expected) > 100
    assert job.query(query) == expected
    (found,) = job.query("select fixture_id, row_id, path, value from sportmonks.quarantine")
    assert found[:2] == (invalid["id"], rows[0]["id"])
    # The API sends the elements in any order.
    assert re.fullmatch(r"pressure\[[0-9]+\]\.minute", found[2])
    assert found[3] == "half past two"

    # The second response confirms that the list became empty.
    monkeypatch.setenv(setting("CONFIRM_AFTER"), "0")
    api.control.update(emptied["id"], {"pressure": []})
    for _ in range(2):
        command(copy, "extract", "--fixture-ids", ids, "--force")
    command(copy, "transform", "--select", *select)
    assert job.query(query) == [row for row in expected if row[1] != emptied["id"]]
