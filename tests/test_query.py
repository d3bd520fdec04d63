"""Questions to the final tables from the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from extract.warehouse import final_schema
from simulator import Simulator
from tests.job import Job
from tests.test_bad_input import one_line
from tests.test_turns import held, started


def ask(*arguments: str, code: int = 0) -> str:
    """What the command says, in a process of its own: DuckDB opens no file in two ways in one."""
    command = [sys.executable, "-m", "extract", "query", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr
    return result.stderr if code else result.stdout


def test_a_query_has_an_answer(job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    job.extract()
    # In a process of its own too: dbt leaves the file open in its process.
    transform = started(
        "transform", "--select", "+fixtures", "+types", "--exclude-resource-type", "test"
    )
    said, _ = transform.communicate()
    assert transform.returncode == 0, said
    question = "select count(*) as fixtures, max(starting_at) as last, null as no from fixtures"
    count = len(api.world.fixture_ids())
    ((last,),) = job.query("select max(starting_at) from sportmonks.fixtures")
    said = ask("--csv", question)
    assert ask("--csv", question.replace("from fix", f"from {final_schema()}.fix")) == said
    assert said == f"fixtures,last,no\n{count},{last:%Y-%m-%d %H:%M:%S}+00:00,\n"
    table = ask(question)
    assert table.split()[:5] == ["fixtures", "last", "no", str(count), f"{last:%Y-%m-%d}"]
    # Too wide for a line: a line a column.
    record = ask("select * from fixtures order by fixture_id limit 2").splitlines()
    assert record[0].split() == ["fixture_id", str(api.world.fixture_ids()[0])]
    names = [line.split()[0] for line in record if line.strip()]
    assert len(names) > 20
    assert names[: len(names) // 2] == names[len(names) // 2 :]
    # As a person calls it, quotes and all.
    name = "select count(*) as n from types where developer_name = 'GOAL'"
    made = subprocess.run(
        ["/usr/bin/env", "make", "query", f"SQL={name}", "QUERY_ARGS=--csv"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert made.stdout == "n\n1\n"

    assert "nowhere" in one_line(ask("select * from nowhere", code=2))
    assert "The query failed" in ask("delete from fixtures", code=2)
    assert job.query("select count(*) from sportmonks.fixtures") == [(count,)]


def test_a_query_before_the_first_transform(job: Job, api: Simulator) -> None:
    job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    assert "make transform" in one_line(ask("select 1", code=2))


def test_what_keeps_a_query_from_being_asked(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "make extract" in one_line(ask("select 1", code=2))
    assert not Path(os.environ["DUCKDB_PATH"]).exists()
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    with held():
        assert "in use by another process" in one_line(ask("select 1", code=1))
    Path(os.environ["DUCKDB_PATH"]).write_text("no database")
    assert "cannot be read" in one_line(ask("select 1", code=1))
    monkeypatch.setenv("TARGET", "oracle")
    assert "TARGET" in one_line(ask("select 1", code=2))


def test_a_shell_is_opened(
    job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stand-ins for the shells, which print what they are called with."""
    job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "No SQL shell is installed" in one_line(ask(code=2))
    for name in ("duckdb", "psql"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\necho "$0 $@ $PGOPTIONS"\n')
        program.chmod(0o755)
    said = ask()
    schema = job.database.schema
    if job.database.environment()["TARGET"] == "duckdb":
        assert f"-cmd attach '{os.environ['DUCKDB_PATH']}' as warehouse (read_only)" in said
        assert f"-cmd use warehouse.{schema}" in said
    else:
        assert f"psql  -c search_path={schema} -c default_transaction_read_only=on" in said
