"""The folder of the report: written beside the old one, and served."""

import errno
import http.client
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Page

from extract.errors import ExtractError, UsageError
from extract.report.site import write_site
from tests.support.pipeline import Job
from tests.support.processes import start_command
from tests.support.report import World


@pytest.fixture
def built(world: World, duckdb_job: Job) -> Job:
    """The job with the final tables of a small world."""
    shutil.copy(world.database, duckdb_job.environment("", "")["DUCKDB_PATH"])
    return duckdb_job


@pytest.mark.thorough
def test_empty_places_say_why(built: Job, page: Page) -> None:
    # As if `include` were `participants;scores`.
    for part in ("events", "statistics", "lineups", "player_statistics"):
        built.query(f"delete from sportmonks.fixture_{part}")
    built.query("update sportmonks.team_fixtures set xg = null, shots_total = null")
    built.query("delete from sportmonks.player_fixtures")
    built.command("report", "--output", str(built.folder / "report"))
    index = (built.folder / "report" / "index.html").as_uri()
    ((match, team, season),) = built.query(
        "select fixture_id, team_id, season_id from sportmonks.team_fixtures order by 1, 2 limit 1"
    )

    def text(route: str) -> str:
        page.goto(f"{index}#{route}")
        page.wait_for_function("route => main.dataset.shown === route", arg=f"#{route}")
        return page.locator("main").inner_text()

    shown = text(f"/match/{match}")
    for include in ("lineups", "events"):
        assert f"the setting include lacks {include}" in shown
    assert "the setting include lacks xGFixture" in text(f"/team/{team}")
    assert "the setting include lacks lineups and events" in text(f"/season/{season}/players")


def test_another_folder_is_never_replaced(built: Job) -> None:
    folder = built.folder / "mine"
    folder.mkdir()
    (folder / "index.html").write_text("mine")
    output = built.command("report", "--output", str(folder), code=2).output
    assert "is not a report" in output
    assert (folder / "index.html").read_text() == "mine"
    output = built.command("report", "--output", str(folder / "index.html"), code=2).output
    assert "is a file" in output
    output = built.command("report", "--output", str(built.folder / "no" / "x"), code=2).output
    assert "is no folder" in output
    for held in ("/", "", ".", ".."):
        output = built.command("report", "--output", held, code=2).output
        assert "holds the working directory" in output
    (folder / "index.html").unlink()
    built.command("report", "--output", str(folder))
    # A file that someone has put into a report.
    (folder / "notes.txt").write_text("mine")
    output = built.command("report", "--output", str(folder), code=2).output
    assert "has notes.txt, which is not part of the report" in output
    assert (folder / "notes.txt").read_text() == "mine"
    (folder / "notes.txt").unlink()
    assert sorted(path.name for path in folder.iterdir()) == [
        "assets",
        "data",
        "index.html",
        "operations.html",
    ]


def test_a_failure_or_a_kill_leaves_the_old_pages(
    built: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built.folder / "report"
    built.command("report", "--output", str(folder))
    (folder / "data" / "old").touch()

    def stop(*_: Any) -> None:
        raise ExtractError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("extract.report.site.write_football", stop)
        built.command("report", "--output", str(folder), code=1)
    assert (folder / "data" / "old").exists()
    assert [path.name for path in built.folder.glob(".report*")] == []
    # Killed while it wrote, and between the two renames.
    (built.folder / ".report.new" / "data").mkdir(parents=True)
    folder.rename(built.folder / ".report.old")
    (built.folder / ".report.new" / "data" / "left.js").touch()
    with monkeypatch.context() as patch, pytest.raises(UsageError):
        patch.setenv("DUCKDB_PATH", str(built.folder / "missing.duckdb"))
        write_site(folder, print)
    assert (folder / "data" / "old").exists()
    write_site(folder, print)
    assert not (folder / "data" / "old").exists()
    assert not (folder / "data" / "left.js").exists()
    assert [path.name for path in built.folder.glob(".report*")] == []


def test_without_the_operations_page_the_football_pages_are_written(
    built: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("<b>")

    monkeypatch.setattr("extract.report.site.write_page", fail)
    folder = built.folder / "report"
    output = built.command("report", "--output", str(folder), code=1).output
    assert "The operations page could not be written: KeyError: '<b>'" in output
    assert (folder / "data" / "index.js").exists()
    assert "KeyError: &#x27;&lt;b&gt;&#x27;" in (folder / "operations.html").read_text()


def test_a_full_disk_is_no_mistake_of_the_user(built: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("extract.report.site.write_football", fail)
    output = built.command("report", "--output", str(built.folder / "report"), code=1).output
    assert "No space left on device" in output


def test_a_finished_match_without_a_season(built: Job) -> None:
    built.query(
        "update sportmonks.fixtures set season_id = null where fixture_id = (select "
        "min(fixture_id) from sportmonks.fixtures join sportmonks.states using (state_id) "
        "where phase = 'finished')"
    )
    # Otherwise no match has formations, which are a gap of none then.
    built.query(
        "delete from sportmonks.fixture_formations where fixture_id in "
        "(select fixture_id from sportmonks.fixtures where season_id is null)"
    )
    built.command("report", "--output", str(built.folder / "report"))


def test_two_processes_do_not_write_into_one_folder(
    built: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built.folder / "report"

    def write_again(*_: Any) -> None:
        with pytest.raises(ExtractError, match="Another process writes a report"):
            write_site(folder, print)

    monkeypatch.setattr("extract.report.site.write_page", write_again)
    write_site(folder, print)
    assert (folder / "index.html").exists()


@contextmanager
def serving(job: Job) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of the report, and its port. Ctrl-C ends it."""
    arguments = ("report", "--serve", "--port", "0", "--output", str(job.folder / "report"))
    process = start_command(*arguments)
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"http://127\.0\.0\.1:([0-9]+)", line):
            break
    else:
        raise AssertionError("".join(lines))
    try:
        yield process, int(found[1])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.stdout.close()


def get(port: int, path: str, host: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{port}")
    connection.endheaders()
    response = connection.getresponse()
    return response.status, response.read()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_served_pages_follow_the_transforms(built: Job) -> None:
    (built.folder / "secret").write_text("secret")
    with serving(built) as (_, port):
        status, page = get(port, "/")
        assert (status, page) == (200, (built.folder / "report" / "index.html").read_bytes())
        assert get(port, "/data/index.js")[0] == 200
        for path in ("/data/", "/../secret", "/%2e%2e/secret", "/data/../../secret", "/nothing"):
            assert get(port, path)[0] == 404, path
        # A page of another site that has this machine as its address.
        assert get(port, "/", "example.org")[0] == 421
        built.query(
            "update sportmonks.fixtures set result_info = 'Changed while it was served.' "
            "where fixture_id = (select min(fixture_id) from sportmonks.fixtures)"
        )
        built.note_complete_transform()

        def is_new() -> bool:
            files = (built.folder / "report" / "data").glob("match-*.js")
            return any("Changed while it was served." in file.read_text() for file in files)

        until(is_new)
        assert get(port, "/")[0] == 200
        # A transform with arguments, which leaves no note.
        built.query("drop table sportmonks_staging.last_transform")
        index = built.folder / "report" / "index.html"
        before = index.stat().st_mtime_ns
        built.query("update sportmonks.teams set short_code = 'NEW'")
        until(lambda: index.exists() and index.stat().st_mtime_ns != before)


def test_a_port_in_use(built: Job) -> None:
    with serving(built) as (_, port):
        arguments = ("--serve", "--port", str(port), "--output", str(built.folder / "other"))
        output = built.command("report", *arguments, code=2).output
        assert f"Port {port} cannot be used" in output
        assert not (built.folder / "other").exists()


def test_ctrl_c_while_the_served_pages_are_first_written(built: Job) -> None:
    path = built.environment("", "")["DUCKDB_PATH"]
    arguments = ("report", "--serve", "--port", "0", "--output", str(built.folder / "report"))
    # The pages wait for the file.
    with duckdb.connect(path), start_command(*arguments) as process:
        assert process.stdout
        assert "Waiting for process" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
