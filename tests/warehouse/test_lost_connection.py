"""Lost connections: a command continues when the server is back, or the next run finishes it."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from extract.errors import BusyError, ExtractError, LockLostError, exception_chain
from extract.warehouse import base as warehouse
from extract.warehouse.factory import open_warehouse
from simulator import Simulator
from tests.support.assertions import assert_equals_world, assert_raw_equals_world
from tests.support.locks import blocked_at, wait_until_blocked
from tests.support.pipeline import CORE_MODELS, Database, Job, Postgres, requested_ids
from tests.support.postgres import Server
from tests.support.processes import locked_by_other_process, start_command
from tests.support.tcp_proxy import Relay
from tests.support.terminal import error_line


@pytest.fixture(scope="session")
def relay_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The relay's folder, the same for all tests of a process: another one makes dbt parse anew."""
    return tmp_path_factory.mktemp("r")


@pytest.fixture
def relay(server: Server, relay_folder: Path) -> Iterator[Relay]:
    relay = Relay(relay_folder, server.host, server.port)
    yield relay
    relay.close()


@pytest.fixture
def relayed(
    job_on: Callable[[Database], Job],
    relay: Relay,
    postgres: Postgres,
    dbt_targets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Job:
    """The job, which reaches the server through the relay."""
    job = job_on(postgres)
    monkeypatch.setenv("DBT_TARGET_PATH", str(dbt_targets / "relay"))
    monkeypatch.setenv("PGHOST", relay.host)
    monkeypatch.setenv("PGPORT", "5432")
    monkeypatch.setenv("PGSSLMODE", "disable")
    return job


@contextlib.contextmanager
def cut_at(
    table: str, mode: str, relay: Relay, postgres: Postgres, back_after: float | None = None
) -> Iterator[None]:
    """Cuts the job off from the server when it comes to a table.

    Args:
        table: the table, after the schema's name. The test holds a lock on it, on which the job
            stands still.
        mode: which lock: `exclusive` stops who writes, `access exclusive` who reads as well.
        relay: what is cut.
        postgres: the database.
        back_after: seconds until the server can be reached again.
    """

    def cut() -> None:
        with postgres.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(f"lock table {postgres.schema}{table} in {mode} mode")
            locked.set()
            wait_until_blocked(postgres)
            relay.cut()
        if back_after is not None:
            time.sleep(back_after)
            relay.restore()

    locked = threading.Event()
    thread = threading.Thread(target=cut)
    thread.start()
    locked.wait()
    yield
    thread.join()


@pytest.mark.parametrize(
    ("table", "mode"),
    [
        ("_raw_staging.fixture_checks", "exclusive"),
        pytest.param("_raw.fixtures", "access exclusive", marks=pytest.mark.thorough),
        ("_raw.fixtures", "exclusive"),
        pytest.param("_raw._dlt_loads", "exclusive", marks=pytest.mark.thorough),
    ],
)
def test_load_is_repeated(
    relayed: Job, relay: Relay, postgres: Postgres, api: Simulator, table: str, mode: str
) -> None:
    relayed.start_extracted()
    relayed.query("delete from sportmonks_raw.fixtures")

    with cut_at(table, mode, relay, postgres, back_after=1):
        relayed.extract()
    assert_raw_equals_world(relayed, api)


def test_fetched_data_survive_a_server_outage(
    relayed: Job,
    relay: Relay,
    postgres: Postgres,
    api: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relayed.start_extracted()
    relayed.query("delete from sportmonks_raw.fixtures")
    monkeypatch.setattr(warehouse, "_TRIES", 2)

    with cut_at("_raw.fixtures", "exclusive", relay, postgres):
        output = relayed.extract(code=1).output
    assert "the next run loads it first" in error_line(output)
    assert "cannot be reached" in error_line(relayed.extract(code=1).output)

    relay.restore()
    api.control.reset_requests()
    assert "Loading what a run had fetched" in relayed.extract().output
    assert requested_ids(api) == []
    assert_raw_equals_world(relayed, api)
    outcomes = relayed.query("select outcome, count(*) from sportmonks_raw.runs group by outcome")
    assert dict(outcomes) == {"completed": 2, "failed": 1}


@pytest.mark.parametrize(
    ("table", "line"),
    [
        pytest.param("_raw.fixtures", "was lost: trying again", marks=pytest.mark.thorough),
        (".fixture_statistics", "was lost: building again"),
        pytest.param(
            "_staging.fixture_events_versions",
            "was lost: building again",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_transform_goes_on(
    relayed: Job, relay: Relay, postgres: Postgres, api: Simulator, table: str, line: str
) -> None:
    relayed.start_transformed()
    for fixture_id in api.world.fixture_ids()[:20]:
        if api.world.fixture(fixture_id)["events"]:
            api.control.remove_event(fixture_id, api.world.fixture(fixture_id)["events"][0]["id"])
    relayed.extract("--force")

    with cut_at(table, "access exclusive", relay, postgres, back_after=1):
        output = relayed.command("transform", *CORE_MODELS).output
    assert line in output
    assert {row["event_id"] for row in relayed.records("fixture_events")} == {
        event["id"]
        for fixture_id in api.world.fixture_ids()
        for event in api.control.fixture(fixture_id)["events"]
    }


@pytest.mark.parametrize(
    "command", ["extract", pytest.param("transform", marks=pytest.mark.thorough)]
)
def test_server_that_goes_while_a_run_waits_is_a_line(
    relayed: Job, relay: Relay, api: Simulator, command: str
) -> None:
    relayed.start_extracted()
    with locked_by_other_process():
        waiting = start_command(command)
        assert waiting.stdout and waiting.stdout.readline().startswith("Waiting for ")
        relay.cut()
        output, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert "cannot be used" in error_line(output)


def end_sessions(postgres: Postgres, name: str) -> None:
    """Ends the sessions of the job with such a name, as an administrator may."""
    ended = postgres.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
        f"where application_name like '{postgres.schema}{name}'"
    )[1]
    assert ended


def free() -> bool:
    """Whether another process may write."""
    with contextlib.closing(open_warehouse(None)) as other:
        try:
            with other.write_lock("load"):
                return True
        except BusyError:
            return False


@pytest.mark.parametrize(
    "command", ["extract", pytest.param("transform", marks=pytest.mark.thorough)]
)
def test_one_writer_even_if_the_session_with_the_lock_is_lost(
    postgres_job: Job, api: Simulator, postgres: Postgres, command: str
) -> None:
    if command == "extract":
        postgres_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
        table, arguments = "_raw.fixtures", ["--force"]
    else:
        postgres_job.start_transformed()
        fixtures = map(api.control.fixture, api.world.fixture_ids())
        corrected = next(fixture for fixture in fixtures if fixture["statistics"])
        api.control.correct_statistic(corrected["id"], corrected["statistics"][0]["id"], 777)
        postgres_job.extract("--force")
        table, arguments = ".fixture_statistics", CORE_MODELS
    with blocked_at(table, "exclusive", postgres) as go_on:
        process = start_command(command, *arguments)
        wait_until_blocked(postgres)
        end_sessions(postgres, " %, process %")
        # It still writes.
        assert not free()
        go_on()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "was lost: " in output
    assert free()
    if command == "extract":
        assert_raw_equals_world(postgres_job, api)
    else:
        assert_equals_world(postgres_job, api)


def test_a_new_session_takes_its_season_locks_again(postgres_job: Job, postgres: Postgres) -> None:
    with (
        contextlib.closing(open_warehouse(None)) as ours,
        contextlib.closing(open_warehouse(None)) as others,
    ):
        assert ours.try_lock_season(1) is ours.try_lock_season(2) is None
        end_sessions(postgres, f" session, process {os.getpid()} on%")
        assert others.query("select 1") == [(1,)]
        # Somebody else may be quicker.
        assert others.try_lock_season(2) is None
        assert ours.query("select 1") == [(1,)]
        assert others.try_lock_season(1) is not None
        assert ours.try_lock_season(2) is not None

        with ours.write_lock("load"):
            end_sessions(postgres, " load, process %")
            for _ in range(2):
                with pytest.raises(ExtractError) as error:
                    ours.query("select 1")
                assert any(map(ours.is_connection_error, exception_chain(error.value)))
            with others.write_lock("load"), pytest.raises(LockLostError):
                ours.execute("select 1")
        with ours.write_lock("load"):
            assert ours.query("select 1") == [(1,)]


def test_no_session_writes_after_the_lock_is_lost(
    postgres_job: Job, api: Simulator, postgres: Postgres
) -> None:
    postgres_job.start_extracted()
    postgres_job.query("delete from sportmonks_raw.fixtures")
    with blocked_at("_raw_staging.fixture_checks", "exclusive", postgres) as go_on:
        process = start_command("extract", "--force")
        wait_until_blocked(postgres)
        end_sessions(postgres, " load, process %")
        with ThreadPoolExecutor() as pool, contextlib.ExitStack() as stack:
            holding = pool.submit(stack.enter_context, locked_by_other_process())
            time.sleep(1)
            assert not holding.done()
            end_sessions(postgres, "-load")
            holding.result()
            go_on()
            assert process.stdout
            assert any(line.startswith("Waiting for ") for line in process.stdout)
            assert postgres_job.query("select count(*) from sportmonks_raw.fixtures") == [(0,)]
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert_raw_equals_world(postgres_job, api)
