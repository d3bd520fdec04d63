"""DuckDB 1.x, which most clients still have, opens the files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import Job, setting

VERSION = "1.4.*"
COUNT = """
import sys
import duckdb

assert duckdb.__version__.startswith("1."), duckdb.__version__
for path in sys.argv[1:]:
    with duckdb.connect(path, read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables order by all"
        ).fetchall()
        for schema, table in tables:
            if schema == "sportmonks":
                count = connection.execute(f"select count(columns(*)) from {schema}.{table}")
                print(table, *count.fetchone())
"""


@pytest.fixture(scope="session")
def old_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a DuckDB 1.x, as a person who has not updated it."""
    folder = tmp_path_factory.mktemp("duckdb_1")
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--target", str(folder), f"duckdb=={VERSION}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if installed.returncode:
        *_, reason = installed.stderr.splitlines() or ["pip failed"]
        pytest.skip(f"DuckDB {VERSION} cannot be installed: {reason}")
    return folder


def test_duckdb_1_reads_the_warehouse_and_the_copy(
    duckdb_job: Job, api: Simulator, old_duckdb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_complete()
    copy = duckdb_job.folder / "copy.duckdb"
    monkeypatch.setenv(setting("PUBLISH"), str(copy))
    # Once more: each opens the file anew.
    duckdb_job.extract("--force")
    duckdb_job.transform("--full-refresh", "--select", "fixtures")
    count = [sys.executable, "-c", COUNT, os.environ["DUCKDB_PATH"], str(copy)]
    counted = subprocess.run(
        count, env={**os.environ, "PYTHONPATH": str(old_duckdb)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert counted.returncode == 0, counted.stderr
    lines = counted.stdout.splitlines()
    half = len(lines) // 2
    assert half > 20
    assert lines[:half] == lines[half:]
    fixtures = next(line for line in lines if line.startswith("fixtures "))
    assert fixtures.split()[1] == str(len(api.world.fixture_ids()))
