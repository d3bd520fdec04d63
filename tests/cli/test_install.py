"""The wheel: in another environment and folder, the installed command does the whole job."""

import os
import signal
import site
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.processes import start_in_group

TOKEN = {"SOURCES__SPORTMONKS__API_TOKEN": "x"}


@dataclass
class Installed:
    """The command in an environment of its own.

    Attributes:
        packages: where the wheel was installed.
        folder: working directory, outside the clone.
    """

    program: Path
    packages: Path
    folder: Path

    def run(self, *arguments: str, variables: dict[str, str] | None = None, code: int = 0) -> str:
        """All output of a command in the folder, with more variables of the environment."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        result = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.folder,
            env={**inherited, "COLUMNS": "200", "NO_COLOR": "1", **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == code, result.stdout
        return result.stdout

    def files(self) -> dict[str, int]:
        """The installed files by their time of change, without bytecode."""
        return {
            str(path.relative_to(self.packages)): path.stat().st_mtime_ns
            for path in self.packages.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, beside the dependencies of the environment of these tests."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    command = [
        *(sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")),
        *("install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"),
        str(wheel),
    ]
    subprocess.run(command, check=True, cwd=folder)
    return Installed(folder / "bin" / "sportmonks", packages, tmp_path_factory.mktemp("work"))


def test_the_wheel_has_what_the_job_needs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    folders = ("extract", "simulator", "dbt_project", "docs", "README.md")
    tracked = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", *folders], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    left_out = ("dbt_project/checks/", "dbt_project/dbt-bouncer.yml", "docs/pictures/")
    expected = {
        name if name.startswith(("extract/", "simulator/")) else f"extract/{name}"
        for name in tracked
        if not name.startswith(left_out) and Path(name).exists()
    }
    assert {name for name in names if ".dist-info/" not in name} == expected


# The default run has the demo of a clone: tests/docs/test_readme.py, and begins this one below.
@pytest.mark.thorough
def test_the_installed_demo(installed: Installed, tmp_path: Path) -> None:
    before = installed.files()
    text = replace(installed, folder=tmp_path).run("demo")
    assert "sportmonks extract: load the raw JSON" in text
    assert "A league table" in text
    assert installed.files() == before
    assert {path.name for path in tmp_path.iterdir()} == {"demo.duckdb", ".dlt", ".sportmonks"}


def test_ctrl_c_ends_the_installed_demo(installed: Installed, tmp_path: Path) -> None:
    # The schema of another job, which the queries of the demo must not meet.
    (tmp_path / ".env").write_text("SPORTMONKS_SCHEMA=other\n")
    process = start_in_group(tmp_path, "demo", program=[str(installed.program)])
    assert process.stdout
    for line in process.stdout:
        if "sportmonks extract: load the raw JSON" in line:
            break
    # The first line of the extract: from then on, it handles Ctrl-C.
    assert process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert "Traceback" not in text
    assert "final tables" not in text


@pytest.mark.thorough
def test_the_installed_command_does_the_whole_job(installed: Installed, api: Simulator) -> None:
    before = installed.files()
    ids = api.world.fixture_ids()[:3]
    address = {
        "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
        "SOURCES__SPORTMONKS__API_TOKEN": api.token,
    }
    # Without the checks.
    models = ["--exclude-resource-type", "test", "--select", "path:models/staging", "+fixtures"]
    few = ["--fixture-ids", ",".join(map(str, ids)), "--", *models]
    assert "Transform completed" in installed.run("run", *few, variables=address)
    rows = installed.run("query", "select count(*) as n from fixtures", "--csv")
    assert rows.split() == ["n", str(len(ids))]
    findings = installed.run("doctor", "--offline", variables=TOKEN)
    assert "Valid, with no settings files" in findings
    assert {line.split()[0] for line in findings.splitlines()} == {"ok", "skip"}, findings
    # dbt and dlt write into the working directory, never into the package.
    assert installed.files() == before
    made = {path.name for path in installed.folder.iterdir()}
    assert made == {"football.duckdb", ".dlt", ".sportmonks"}
    assert {path.name for path in (installed.folder / ".sportmonks/dbt").iterdir()} == {
        "target", "logs"
    }  # fmt: skip


def test_messages_name_the_installed_command(installed: Installed, tmp_path: Path) -> None:
    path = {"DUCKDB_PATH": str(tmp_path / "none.duckdb")}
    assert "run `sportmonks extract` first" in installed.run("transform", variables=path, code=2)
    by_make = path | {"SPORTMONKS_COMMAND": "make"}
    assert "run `make extract` first" in installed.run("transform", variables=by_make, code=2)


def test_settings_come_from_the_working_directory(installed: Installed) -> None:
    env, folder = installed.folder / ".env", installed.folder / ".dlt"
    folder.mkdir(exist_ok=True)
    config = folder / "config.toml"
    try:
        env.write_text("DUCKDB_PATH=of_dotenv.duckdb\n")
        assert "of_dotenv.duckdb" in installed.run("transform", code=2)
        config.write_text("[sources.sportmonks]\ntries = 99\n")
        assert "tries is 99" in installed.run("extract", variables=TOKEN, code=2)
    finally:
        env.unlink()
        config.unlink(missing_ok=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(installed: Installed, shell: str) -> None:
    script = installed.run(variables={"_SPORTMONKS_COMPLETE": f"source_{shell}"})
    assert f"_SPORTMONKS_COMPLETE=complete_{shell}" in script
    # What that script sets when the Tab key is pressed.
    variables = {
        "_SPORTMONKS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "sportmonks tr",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "sportmonks tr",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    completions = installed.run(variables=variables)
    assert "transform" in completions
    assert "plan" not in completions


def test_completion_is_an_option_of_the_command(installed: Installed) -> None:
    shown = subprocess.run(
        # Without the second command, bash would replace itself.
        ["/bin/bash", "-c", f"{installed.program} --show-completion; true"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "complete -o default -F" in shown


def test_help_imports_nothing_slow(installed: Installed) -> None:
    code = (
        "import sys; sys.argv = ['sportmonks', '--help']\n"
        "from extract.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'dlt', 'dbt', 'duckdb', 'pyarrow', 'simulator'} & set(sys.modules)))"
    )
    python = installed.program.with_name("python")
    result = subprocess.run(
        [str(python), "-c", code], cwd=installed.folder, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
