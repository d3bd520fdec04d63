"""Invalid input is answered by one line that names the remedy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import Job
from tests.support.terminal import error_line

TOKEN = "SOURCES__SPORTMONKS__API_TOKEN"


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["--fixture-ids", "1,abc"], "'abc' is not a fixture id"),
        (["--fixture-ids", "1,-5"], "'-5' is not a fixture id"),
        (["--fixture-ids", "0"], "'0' is not a fixture id"),
        (["--fixture-ids", "99999999999999999999"], "not a fixture id"),
        (["--fixture-ids", ""], "contains no fixture id"),
        (["--fixture-ids", " , "], "contains no fixture id"),
        (["--ids-file", "no/such/file"], "no/such/file cannot be read: No such file"),
        (["--fixture-ids", "1", "--season-id", "2"], "either fixture ids"),
        (["--season-id", "999999"], "Season 999999 does not exist"),
        (["--league-id", "999999"], "League 999999 does not exist"),
    ],
)
def test_selection(duckdb_job: Job, arguments: list[str], output: str) -> None:
    assert output in error_line(duckdb_job.extract(*arguments, code=2).output)


def test_empty_standard_input(duckdb_job: Job) -> None:
    result = duckdb_job.extract("--ids-file", "-", code=2, stdin="\n\n")
    assert "Standard input contains no fixture id" in error_line(result.output)


def test_line_of_a_file_is_named(duckdb_job: Job, tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("1, 2\n3\nhunter2\n")
    output = duckdb_job.extract("--ids-file", str(file), code=2).output
    assert "ids.txt, line 3: a hidden value is not a fixture id." in error_line(output)
    # A file that was named by mistake may hold a secret.
    assert "hunter2" not in output
    output = duckdb_job.extract("--ids-file", "-", code=2, stdin="hunter2").output
    assert "Standard input, line 1: a hidden value is not a fixture id." in error_line(output)
    assert "hunter2" not in output
    file.write_bytes(b"\xff\xfe\x00")
    assert "is not a text file" in error_line(
        duckdb_job.extract("--ids-file", str(file), code=2).output
    )


@pytest.mark.parametrize("token", ["", "two words", "tökén"])
def test_unusable_token(duckdb_job: Job, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, token)
    assert TOKEN in error_line(duckdb_job.extract(code=2).output)
    assert duckdb_job.database.tables() == []


def test_no_token(duckdb_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN)
    assert "No API token" in error_line(duckdb_job.extract(code=2).output)
    assert duckdb_job.database.tables() == []


def test_wrong_token(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "wrong-token-xyz")
    result = job.extract(code=2)
    assert "does not accept the token" in error_line(result.output)
    assert "wrong-token-xyz" not in result.output
    assert job.database.tables() == []


@pytest.mark.parametrize(
    ("name", "value", "output"),
    [
        ("INCLUDE", "events,scores;periods", "include has a comma in 'events,scores': separate"),
        ("BATCH_SIZE", "0", "batch_size is 0: it must be between 1 and 100"),
        ("BATCH_SIZE", "many", "The setting batch_size must be a whole number: change it in"),
        ("TIMEOUT", "soon", "The setting timeout must be a number: change it in"),
        ("SCHEDULE", "soon", "The setting schedule must be a list: change it in"),
        ("TIMEOUT", "-1", "timeout is -1"),
        ("BASE_URL", "api.sportmonks.com", "base_url"),
        ("INCLUDE", "participants;odds", "odds"),
        ("INCLUDE", "nonsense", "nonsense"),
    ],
)
def test_settings(
    duckdb_job: Job, name: str, value: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SOURCES__SPORTMONKS__{name}", value)
    assert output in error_line(duckdb_job.extract(code=2).output)


def test_database_paths(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", "duckdb")
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "no" / "folder" / "x.duckdb"))
    assert "does not exist" in error_line(job.extract(code=2).output)
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path))
    assert "is a folder" in error_line(job.extract(code=2).output)
    for name in ("it's.duckdb", 'say "x".duckdb', "a;b.duckdb", "season #1/x.duckdb"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        monkeypatch.setenv("DUCKDB_PATH", str(path))
        assert "dbt cannot use a path with" in error_line(job.extract(code=2).output)
        assert not path.exists()
    other = tmp_path / "notes.txt"
    other.write_text("no database" * 1000)
    monkeypatch.setenv("DUCKDB_PATH", str(other))
    assert "notes.txt" in error_line(job.extract(code=2).output)
    assert other.read_text() == "no database" * 1000


def test_unknown_target(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", "oracle")
    assert "it must be duckdb or postgres" in error_line(job.extract(code=2).output)
    monkeypatch.setenv("TARGET", "postgres")
    monkeypatch.delenv("PGHOST", raising=False)
    assert "PGHOST" in error_line(job.extract(code=2).output)


def test_transform_before_extract(job: Job) -> None:
    assert "Nothing is extracted" in error_line(job.transform(code=2).output)
    assert job.database.tables() == []


def test_unknown_model(job: Job, api: Simulator) -> None:
    job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    job.command("transform", "--no-such-option", code=2)


SECRET = "a-secret-token"


@pytest.mark.parametrize(
    ("file", "content", "text"),
    [
        ("secrets.toml", b'[sources.sportmonks]\napi_token "%s"\n', "at line 2"),
        ("secrets.toml", b"[sources.sportmonks]\napi_token = %s\n", "at line 2"),
        ("config.toml", b"[sources.sportmonks\ntries = 3\n# %s\n", "at line 1"),
        ("config.toml", b"\xff\xfe%s\n", "it is not a text file"),
    ],
)
def test_settings_file_that_cannot_be_read(
    duckdb_job: Job, tmp_path: Path, file: str, content: bytes, text: str
) -> None:
    folder = tmp_path / "elsewhere" / ".dlt"
    folder.mkdir(parents=True)
    (folder / file).write_bytes(content.replace(b"%s", SECRET.encode()))
    output = ran_in(folder.parent)
    assert text in error_line(output)
    assert f".dlt/{file} cannot be read" in output
    assert SECRET not in output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\x00TOKEN", b"TOKEN=a\x00b"])
def test_binary_dotenv(duckdb_job: Job, tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    output = ran_in(tmp_path)
    assert ".env is not a text file" in error_line(output)


def ran_in(folder: Path) -> str:
    """A run there, which wrong input ends with exit code 2: what it wrote."""
    result = subprocess.run(
        [sys.executable, "-m", "extract", "extract"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "500"},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 2, result.stdout
    return result.stdout
