"""The published copy: its readers do not block the job, and read the numbers of the warehouse."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.config.settings import UNUSED_TOKEN, load_settings
from simulator import Simulator
from tests.support.pipeline import Job, setting
from tests.support.questions import build, questions

SKIPPED = "Nothing has changed since the transform"

READ = """
import sys
import duckdb

connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read-only")
for line in sys.stdin:
    print(connection.execute(line).fetchall(), flush=True)
"""


@pytest.fixture
def api() -> Iterator[Simulator]:
    """A season of which more than ten rounds are played."""
    with Simulator(seed=7, leagues=2, seasons=1, teams=8) as simulator:
        yield simulator


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "copy.duckdb"
    monkeypatch.setenv(setting("PUBLISH"), str(path))
    return path


class Reader:
    """An analyst's process, which keeps a file open."""

    def __init__(self, path: Path, mode: str = "read-only") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", READ, str(path), mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def query(self, sql: str) -> str:
        assert self.process.stdin and self.process.stdout
        print(sql, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()


@contextmanager
def reading(path: Path, mode: str = "read-only") -> Iterator[Reader]:
    reader = Reader(path, mode)
    try:
        assert reader.query("select 1") == "[(1,)]"
        yield reader
    finally:
        reader.process.communicate()


def rows_of(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql).fetchall()


def transform_process(**options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "extract", "transform"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip


def fill(job: Job, api: Simulator) -> None:
    """Five fixtures, in the final tables too; without a copy."""

    def make() -> None:
        job.extract("--fixture-ids", ",".join(map(str, api.world.fixture_ids()[:5])))
        # With no arguments, so that the next transform can be skipped.
        assert "Transform completed" in job.command("transform").output

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(setting("PUBLISH"), raising=False)
        job.start("five fixtures, transformed", make)


def fill_and_publish(job: Job, api: Simulator, copy: Path) -> None:
    fill(job, api)
    assert SKIPPED in job.command("transform").output
    assert copy.exists()


def build_and_publish(job: Job, api: Simulator) -> None:
    """Has the tables of every question, and publishes all of them, whatever was built last."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(setting("PUBLISH"))
        job.start("every question has an answer", lambda: build(job, api))
    job.transform("--select", "states")


def test_the_copy_answers_everything_as_the_warehouse_does(
    duckdb_job: Job, api: Simulator, copy: Path
) -> None:
    build_and_publish(duckdb_job, api)
    warehouse = Path(os.environ["DUCKDB_PATH"])
    tables = rows_of(
        warehouse,
        "select table_name from information_schema.tables where table_schema = 'sportmonks' "
        "order by 1",
    )
    assert len(tables) > 20
    kinds = rows_of(
        copy,
        "select table_name, table_type from information_schema.tables "
        "where table_schema = 'sportmonks' order by 1",
    )
    assert kinds == [(table, "BASE TABLE") for (table,) in tables]
    # Opening a file takes longer than most queries; further connections share an open one's.
    with duckdb.connect(copy, read_only=True), duckdb.connect(warehouse, read_only=True):
        assert_same_answers(copy, warehouse, [table for (table,) in tables])


def assert_same_answers(copy: Path, warehouse: Path, tables: list[str]) -> None:
    for table in tables:
        # What is due depends on the time of the query.
        columns = "* exclude (due)" if table == "season_coverage" else "*"
        query = f"select {columns} from sportmonks.{table} order by all"
        assert rows_of(copy, query) == rows_of(warehouse, query), table
    due = "select sum(due) from sportmonks.season_coverage"
    assert rows_of(copy, due) == rows_of(copy, "select count(*) from sportmonks_raw.due_fixtures")
    described = (
        "select table_name, column_name, data_type, comment from duckdb_columns() "
        "where schema_name = 'sportmonks' order by all"
    )
    assert rows_of(copy, described) == rows_of(warehouse, described)
    comments = "select comment from duckdb_tables() where schema_name = 'sportmonks' order by 1"
    assert all(comment and "[" not in comment[-16:] for (comment,) in rows_of(copy, comments))
    for question in questions():
        assert sorted(map(repr, rows_of(copy, question.sql))) == sorted(
            map(repr, rows_of(warehouse, question.sql))
        ), question.title


def test_query_and_report_read_the_copy(duckdb_job: Job, api: Simulator, copy: Path) -> None:
    job = duckdb_job
    build_and_publish(job, api)
    # The checks of the provider's data, which the page shows.
    job.command("transform", "--quiet", "--select", "test_type:singular,config.severity:warn")
    before, after = job.folder / "before", job.folder / "after"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(setting("PUBLISH"))
        job.command("report", "--output", str(before))
    # The job has the warehouse, for however long.
    with reading(Path(os.environ["DUCKDB_PATH"]), "read-write"):
        # In this process too, where dbt has just run.
        output = job.command("query", "--csv", "select count(*) as n from fixtures").stdout
        assert output == f"n\n{len(api.world.fixture_ids())}\n"
        job.command("report", "--output", str(after))
        pages = (folder / "operations.html" for folder in (before, after))
        shown = [page.read_text(encoding="utf-8") for page in pages]
        assert "The tables are the published copy of " not in shown[0]
        assert "The tables are the published copy of " in shown[1]
        for begin, end in (
            ('<section id="checks"', "</section>"),
            ('<b id="stored">', "</b>"),
            ('<b id="warning-count">', "</b>"),
        ):
            parts = [page.partition(begin)[2].partition(end)[0] for page in shown]
            assert parts[0] == parts[1] != ""
        copy.unlink()
        assert "in use by process" in job.command("query", "select 1", code=1).output


@pytest.mark.thorough
def test_a_reader_neither_stops_the_job_nor_loses_its_tables(
    duckdb_job: Job, api: Simulator, copy: Path
) -> None:
    job = duckdb_job
    fill_and_publish(job, api, copy)
    copy.chmod(0o640)
    first = "select max(name) from sportmonks.fixtures"
    old = str(rows_of(copy, first))
    for mode in ("read-only", "read-write"):
        with reading(copy, mode) as reader:
            assert reader.query(first) == old
            if mode == "read-write":
                # It stays in the log of the old file, which must not be applied to the new one.
                assert reader.query("delete from sportmonks.fixtures") == "[(5,)]"
            fixture_ids = api.world.fixture_ids()[:5]
            for fixture_id in fixture_ids:
                api.control.update(fixture_id, {"name": f"Renamed, {mode}"})
            job.extract("--force", "--fixture-ids", ",".join(map(str, fixture_ids)))
            job.transform("--select", "+fixtures")
            new = f"[('Renamed, {mode}',)]"
            assert str(rows_of(copy, first)) == new
            assert reader.query(first) == (old if mode == "read-only" else "[(None,)]")
            old = new
    assert copy.stat().st_mode & 0o777 == 0o640
    assert rows_of(copy, "select count(*) from sportmonks.fixtures") == [(5,)]


@pytest.mark.thorough
def test_a_missing_or_old_copy_is_written_although_dbt_is_skipped(
    duckdb_job: Job, api: Simulator, copy: Path
) -> None:
    fill(duckdb_job, api)
    assert not copy.exists()
    assert SKIPPED in duckdb_job.command("transform").output
    assert rows_of(copy, "select count(*) from sportmonks.fixtures") == [(5,)]
    written = copy.stat().st_ino, copy.stat().st_mtime_ns
    assert SKIPPED in duckdb_job.command("transform").output
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == written
    os.utime(copy, (1, 1))
    assert SKIPPED in duckdb_job.command("transform").output
    assert copy.stat().st_mtime > 1


@pytest.mark.thorough
def test_a_kill_leaves_the_old_copy(duckdb_job: Job, api: Simulator, copy: Path) -> None:
    fill_and_publish(duckdb_job, api, copy)
    temporary = copy.with_name(f"{copy.name}.tmp")
    # Without a change, a transform only publishes.
    os.utime(copy, (1, 1))
    with transform_process() as process:
        while not temporary.exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert copy.stat().st_mtime == 1
    assert temporary.exists()
    assert rows_of(copy, "select count(*) from sportmonks.fixtures") == [(5,)]
    duckdb_job.command("transform")
    assert copy.stat().st_mtime > 1
    assert [path.name for path in copy.parent.glob("copy*")] == [copy.name]


def test_a_full_disk_leaves_the_old_copy(duckdb_job: Job, api: Simulator, copy: Path) -> None:
    fill_and_publish(duckdb_job, api, copy)
    os.utime(copy, (1, 1))
    size = copy.stat().st_size // 2
    limits = (resource.RLIMIT_FSIZE, (size, size))
    with transform_process(preexec_fn=lambda: resource.setrlimit(*limits)) as process:
        output, _ = process.communicate()
    assert process.returncode == 1
    assert len([line for line in output.splitlines() if "Error" in line]) == 1, output
    assert f"The copy {copy} cannot be written: " in output
    assert "Traceback" not in output
    assert [path.name for path in copy.parent.glob("copy*")] == [copy.name]
    assert rows_of(copy, "select count(*) from sportmonks.fixtures") == [(5,)]
    # The next transform makes up for it.
    duckdb_job.command("transform")
    assert copy.stat().st_mtime > 1


@pytest.mark.thorough
def test_a_failed_publication_is_repeated(
    duckdb_job: Job, api: Simulator, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = duckdb_job
    fill(job, api)
    # So that dbt builds something.
    job.extract("--force", "--fixture-ids", str(api.world.fixture_ids()[0]))
    # A folder that cannot be removed is in the way of the temporary file.
    temporary = copy.with_name(f"{copy.name}.tmp")
    (temporary / "in the way").mkdir(parents=True)
    output = job.command("transform", code=1).output
    assert f"The copy {copy} cannot be written: " in output
    assert not copy.exists()
    shutil.rmtree(temporary)
    job.command("transform")
    assert rows_of(copy, "select count(*) from sportmonks.fixtures") == [(5,)]


def test_paths_that_cannot_be_published_to(
    duckdb_job: Job, api: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(duckdb_job, api)
    warehouse = Path(os.environ["DUCKDB_PATH"])
    link = tmp_path / "link.duckdb"
    link.symlink_to(warehouse)
    for path, reason in (
        (warehouse, "it must differ from DUCKDB_PATH"),
        (link, "it must differ from DUCKDB_PATH"),
        (tmp_path, "it is a folder; give a file name"),
        (tmp_path / "no" / "copy.duckdb", "does not exist"),
    ):
        monkeypatch.setenv(setting("PUBLISH"), str(path))
        for command in (["transform"], ["query", "select 1"]):
            output = duckdb_job.command(*command, code=2).output
            assert f"publish is {path}: " in output.replace("\n", "")
            assert reason in output.replace("\n", " ")


def test_nothing_is_published_by_default(duckdb_job: Job, api: Simulator) -> None:
    assert load_settings(UNUSED_TOKEN).publish == ""
    fill(duckdb_job, api)
    before = set(duckdb_job.folder.iterdir())
    duckdb_job.extract("--force", "--fixture-ids", str(api.world.fixture_ids()[0]))
    duckdb_job.transform("--select", "+fixtures")
    assert not [path for path in set(duckdb_job.folder.iterdir()) - before if path.is_file()]
