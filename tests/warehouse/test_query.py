"""`query`: SQL on the final tables from the command line."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from extract.warehouse.target import final_schema
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job
from tests.support.processes import locked_by_other_process, start_command
from tests.support.terminal import error_line, run_on_terminal


def ask(*arguments: str, code: int = 0) -> str:
    """The output of a process of its own: one process opens a DuckDB file in one mode only."""
    command = [sys.executable, "-m", "extract", "query", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr
    return result.stderr if code else result.stdout


@POSTGRES_IN_TEST_ALL
def test_a_query_has_an_answer(job: Job, api: Simulator, tmp_path: Path) -> None:
    job.start_extracted()
    # In a process of its own too: dbt leaves the file open in its process.
    transform = start_command(
        "transform", "--select", "+fixtures", "+types", "--exclude-resource-type", "test"
    )
    output, _ = transform.communicate()
    assert transform.returncode == 0, output
    question = "select count(*) as fixtures, max(starting_at) as last, null as no from fixtures"
    count = len(api.world.fixture_ids())
    ((last,),) = job.query("select max(starting_at) from sportmonks.fixtures")
    output = ask("--csv", question)
    assert ask("--csv", question.replace("from fix", f"from {final_schema()}.fix")) == output
    assert output == f"fixtures,last,no\n{count},{last:%Y-%m-%d %H:%M:%S}+00:00,\n"
    table = ask(question)
    assert table.split()[:5] == ["fixtures", "last", "no", str(count), f"{last:%Y-%m-%d}"]
    # Too wide for a line: a line a column.
    record = ask("select * from fixtures order by fixture_id limit 2").splitlines()
    assert record[0].split() == ["fixture_id", str(api.world.fixture_ids()[0])]
    names = [line.split()[0] for line in record if line.strip()]
    assert len(names) > 20
    assert names[: len(names) // 2] == names[len(names) // 2 :]
    # As a person calls it: neither make nor the shell changes anything in it.
    name = "select '$1 $(x) ${y} `z` \"$' as a, 'it''s' as b,\n $$it's$$ as c"
    for command, variables in (
        (["make", "query", f"SQL={name}", "QUERY_ARGS=--csv"], {}),
        (["make", "query", "QUERY_ARGS=--csv"], {"SQL": name}),
    ):
        made = subprocess.run(
            ["/usr/bin/env", *command],
            env=os.environ | variables, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert made.stdout == 'a,b,c\n"$1 $(x) ${y} `z` ""$",it\'s,it\'s\n'

    def here(*arguments: str, code: int = 0) -> str:
        result = job.command("query", *arguments, code=code)
        return error_line(result.output) if code else result.stdout

    # Without rows, the names of the columns are an answer too.
    assert here("--csv", "select 1 as a, 2 as b where false") == "a,b\n"
    assert here("select 1 as a, 2 as b where false").split() == ["a", "b", "0", "rows"]
    empty = here("select * from fixtures where false")
    assert empty.split()[:2] == ["fixture_id,", "sport_id,"]
    assert empty.splitlines()[-1] == "0 rows"
    # A row that is too wide for one line, at 80 columns.
    header, *lines = here(
        "select 'name' as column_name, repeat('long word ', 30) as description, 7 as number"
    ).splitlines()
    assert header.split() == ["column_name", "description", "number"]
    assert len(lines) == 5
    assert max(map(len, [header, *lines])) <= 80
    assert lines[0].split()[0] == "name"
    # JSON is JSON.
    payloads = here("--csv", f"select payload from {final_schema()}_raw.states limit 1")
    assert json.loads(next(csv.DictReader(payloads.splitlines()))["payload"])["id"]

    assert_nothing_is_written(job, api, tmp_path)
    assert "nowhere" in here("select * from nowhere", code=2)
    # What the engine advises.
    assert 'starting_at"' in here("select starting_a from fixtures", code=2)
    not_text = ask(os.fsdecode(b"select '\xff'"), code=2)
    assert not_text == "Error: The query is not valid UTF-8.\n"


def assert_nothing_is_written(job: Job, api: Simulator, folder: Path) -> None:
    """No statement changes the database or writes a file, and a second one is not run."""
    file, secret = folder / "written", folder / "secret"
    secret.write_text("a secret of this machine")
    is_duckdb = job.database.environment()["TARGET"] == "duckdb"
    refused = [
        "",
        "select 1; select 2",
        "commit; delete from fixtures",
        "rollback; begin; delete from fixtures; commit",
        "create temporary table other as select 1",
        "delete from fixtures",
        f"copy fixtures to '{file}'",
    ]
    failing = ["with gone as (delete from fixtures returning 1) select * from gone"]
    if is_duckdb:
        refused += [f"export database '{file}'", f"attach '{file}' as other", "install httpfs"]
        refused += ["set enable_external_access = true", "load httpfs"]
        failing += [f"select * from read_text('{secret}')", f"from glob('{folder}/*')"]
    else:
        refused += [f"copy (select 1) to program 'touch {file}'", "set transaction read write"]
        refused += ["do $$ begin set transaction read write; delete from fixtures; end $$"]
        failing += [
            "delete from fixtures returning 1",
            "explain analyze delete from fixtures",
            "select set_config('transaction_read_only', 'off', false)",
        ]
    for sqls, output in (
        (refused, "Only one statement that reads is allowed"),
        (failing, "failed"),
    ):
        for sql in sqls:
            assert output in error_line(job.command("query", sql, code=2).output), sql
    assert not file.exists()
    count = len(api.world.fixture_ids())
    assert job.query("select count(*) from sportmonks.fixtures") == [(count,)]


def test_rows_on_a_terminal(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.start_extracted()
    # Enough of final tables: these queries need no transform.
    duckdb_job.database.execute("create schema sportmonks")
    duckdb_job.database.execute("create table sportmonks.fixtures as select 1 as fixture_id")
    numbers = "select range as number from range(600)"
    assert len(ask(numbers).splitlines()) == 601
    hint = "row(s) are printed. Use --limit 0 to print all"
    output = run_on_terminal(80, "query", numbers)
    assert len([line for line in output.splitlines() if line.strip().isdecimal()]) == 500
    assert f"Only the first 500 {hint}" in output
    assert hint not in run_on_terminal(80, "query", "--limit", "600", numbers)
    assert hint not in run_on_terminal(80, "query", "--limit", "0", numbers)
    assert len(ask("--csv", "--limit", "3", numbers).splitlines()) == 4

    # Text of others: its escape sequences are shown, on a terminal as CSV too.
    text = "chr(27) || ']0;title' || chr(7) || chr(27) || '[31mred' || chr(8238) || ' [b] :cat:'"
    seen = "\\x1b]0;title\\x07\\x1b[31mred\\u202e [b] :cat:"
    for option in ([], ["--csv"]):
        output = run_on_terminal(80, "query", *option, f"select {text} as name")
        assert seen in output
        assert not set("\x07\u202e") & set(output)
        assert "\x1b]" not in output
        assert "\x1b[31m" not in output
    assert seen in ask(f"select {text} as name")
    assert "\x1b]0;title\x07" in ask("--csv", f"select {text} as name")


def test_an_output_that_has_not_all_characters(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    duckdb_job.start_extracted()
    duckdb_job.database.execute("create schema sportmonks")
    duckdb_job.database.execute("create table sportmonks.fixtures as select 1 as fixture_id")
    assert "\\u0142" in ask("select 'Wisła' as team")
    assert ask("--csv", "select 'Wisła' as team") == "team\nWisła\n"
    subprocess.run([sys.executable, "-m", "extract", "extract", "--help"], check=True)
    assert "Run " in run_on_terminal(60, "extract")


def test_a_query_before_the_first_transform(job: Job, api: Simulator) -> None:
    job.start_extracted()
    assert "python -m extract transform" in error_line(ask("select 1", code=2))


def test_errors_before_a_query_runs(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "python -m extract extract" in error_line(ask("select 1", code=2))
    assert not Path(os.environ["DUCKDB_PATH"]).exists()
    duckdb_job.start_extracted()
    with locked_by_other_process():
        assert "in use by process" in error_line(ask("select 1", code=1))
    Path(os.environ["DUCKDB_PATH"]).write_text("no database")
    assert "cannot be read" in error_line(ask("select 1", code=1))
    monkeypatch.setenv("TARGET", "oracle")
    assert "TARGET" in error_line(ask("select 1", code=2))


def test_a_damaged_file_is_not_taken_for_a_locked_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's name has the word `lock` in it."""
    file = tmp_path / "blocks" / "football.duckdb"
    file.parent.mkdir()
    file.write_text("no database")
    monkeypatch.setenv("TARGET", "duckdb")
    monkeypatch.setenv("DUCKDB_PATH", str(file))
    assert "cannot be read" in error_line(ask("select 1", code=1))


def test_a_shell_is_opened(
    job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stand-ins for the shells, which print what they are called with."""
    job.start_extracted()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "No SQL shell is installed" in error_line(ask(code=2))
    for name in ("duckdb", "psql"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\necho "$0 $@ $PGOPTIONS"\n')
        program.chmod(0o755)
    output = ask()
    schema = job.database.schema
    if job.database.environment()["TARGET"] == "duckdb":
        assert f"-cmd attach '{os.environ['DUCKDB_PATH']}' as warehouse (read_only)" in output
        assert f"-cmd use warehouse.{schema}" in output
    else:
        assert f"psql  -c search_path={schema} -c default_transaction_read_only=on" in output
