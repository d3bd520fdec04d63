"""Where the lake is, and what is said when it cannot be used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from extract.config.lake_url import lake_url
from extract.errors import UsageError
from tests.support.lake import Lake, assert_is_copy
from tests.support.pipeline import Job
from tests.support.terminal import error_line


@pytest.mark.parametrize(
    "url",
    [
        "file:///data/lake",
        "s3://bucket",
        "gs://bucket/a/b",
        "abfss://container@account.dfs.core.windows.net/path",
    ],
)
def test_addresses(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_URL", f"{url}/")
    assert lake_url() == url
    monkeypatch.setenv("LAKE_URL", "")
    assert lake_url() is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("data/lake", "it must be a URL like file:///data/lake, s3://bucket/path"),
        ("/data/lake", "it must be a URL like"),
        ("ftp://host/lake", "it must be a URL like"),
        ("file://data/lake", "begins with three slashes"),
        ("s3:///path", "the name of the bucket is missing"),
        ("s3://bucket/a path", "cannot be used"),
        ("s3://[bucket", "is no URL"),
        ("s3://key:hunter2@bucket/path", "give the plain address"),
        ("abfss://c@a.dfs.core.windows.net/p?sig=hunter2", "give the plain address"),
    ],
)
def test_addresses_that_cannot_be_used(
    url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_URL", url)
    with pytest.raises(UsageError, match=reason) as found:
        lake_url()
    assert "LAKE_URL" in str(found.value)
    assert "hunter2" not in str(found.value)


def test_the_address_is_checked_before_the_first_request(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "LAKE_URL is not set" in error_line(duckdb_job.command("lake", code=2).output)
    monkeypatch.setenv("LAKE_URL", "data/lake")
    for command in ("lake", "extract"):
        assert "LAKE_URL is 'data/lake'" in error_line(duckdb_job.command(command, code=2).output)
    assert not Path(os.environ["DUCKDB_PATH"]).exists()


def test_a_warehouse_without_raw_tables(
    duckdb_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_URL", f"file://{tmp_path}/lake")
    for command in (["lake"], ["lake", "--optimize"]):
        output = error_line(duckdb_job.command(*command, code=2).output)
        assert "Nothing is extracted into the DuckDB file" in output
    assert not (tmp_path / "lake").exists()


def test_a_missing_package(duckdb_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_URL", "file:///data/lake")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for command in ("lake", "extract"):
        output = error_line(duckdb_job.command(command, code=2).output)
        assert "pip install '.[spark]'" in output


def test_a_missing_package_of_a_bucket(duckdb_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb_job.start_extracted()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setenv("LAKE_URL", "s3://bucket/path")
    output = error_line(duckdb_job.command("lake", code=2).output)
    assert "s3fs" in output or "dlt[s3]" in output


def test_a_lake_that_cannot_be_written_fails_the_extract_and_not_its_load(
    duckdb_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = duckdb_job
    job.start_extracted()
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAKE_URL", f"file://{tmp_path}/file")
    before = job.query("select count(*) from sportmonks_raw.runs")
    result = job.extract("--json", code=1)
    assert "The lake file://" in error_line(result.stderr)
    assert "The next extract copies what is missing." in result.stderr
    assert json.loads(result.stdout)["outcome"] == "completed"
    assert json.loads(result.stdout)["lake"] is None
    assert job.query("select count(*) from sportmonks_raw.runs") != before
    lake = Lake(tmp_path / "lake", job.database.schema)
    monkeypatch.setenv("LAKE_URL", lake.url)
    job.extract()
    assert_is_copy(lake, job)


def test_an_error_quotes_no_secret(
    duckdb_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_extracted()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    (tmp_path / "hunter2").touch()
    monkeypatch.setenv("LAKE_URL", f"file://{tmp_path}/hunter2")
    reason = error_line(duckdb_job.command("lake", code=1).output).rpartition("written:")[2]
    assert "hunter2" not in reason
    assert "…" in reason


def test_without_a_lake_nothing_of_it_is_imported(duckdb_job: Job) -> None:
    duckdb_job.start_extracted()
    code = """
import sys
from extract.cli.commands import app

OF_THE_LAKE = ("deltalake", "dlt.common.libs.deltalake", "extract.lake")
try:
    app()
finally:
    print("imported:", [name for name in sys.modules if name.startswith(OF_THE_LAKE)])
"""
    output = subprocess.run(
        [sys.executable, "-c", code, "extract"], capture_output=True, text=True, check=True
    ).stdout
    assert "imported: []" in output


def test_help(duckdb_job: Job) -> None:
    text = " ".join(duckdb_job.command("lake", "--help").output.split())
    for word in ("LAKE_URL", "--optimize", "file:///data/lake", "Delta tables"):
        assert word in text
