"""Waiting for another process has a limit."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from extract.config.settings import UNUSED_TOKEN, load_settings
from extract.errors import BusyError
from extract.warehouse.factory import open_warehouse
from simulator import Simulator
from tests.support.pipeline import Job, setting

HOLD = """
import sys
from extract.warehouse.factory import open_warehouse

warehouse = open_warehouse(None)
assert warehouse.try_lock_season(7) is None
with warehouse.write_lock("load"):
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def locked() -> Iterator[int]:
    """Another process that has the warehouse; gives its id."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == b"locked\n"
        try:
            yield holder.pid
        finally:
            holder.communicate()


def test_a_command_waits_until_the_limit(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    assert load_settings(UNUSED_TOKEN).lock_timeout == 15
    job.start_extracted()
    monkeypatch.setenv(setting("LOCK_TIMEOUT"), "0.02")
    with locked() as process:
        for command in ("extract", "transform"):
            with subtests.test(command):
                assert_waits_until_the_limit(job, command, process)


def assert_waits_until_the_limit(job: Job, command: str, process: int) -> None:
    began = time.monotonic()
    output = job.command(command, code=1).output
    assert 1.2 <= time.monotonic() - began < 20
    waiting, error = output.splitlines()
    assert waiting.startswith("Waiting for ")
    assert f"process {process}" in waiting
    assert waiting.endswith(", for at most 0.02 minutes.")
    assert error.startswith("Error: ")
    assert "is in use by" in error
    assert f"process {process}" in error


def test_a_season_is_waited_for_until_the_limit(
    postgres_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_job.start_extracted()
    monkeypatch.setenv(setting("LOCK_TIMEOUT"), "0.01")
    lines: list[str] = []
    with locked():
        warehouse = open_warehouse(lines.append)
        with pytest.raises(BusyError):
            warehouse.lock_season(7, lambda: False)
        warehouse.lock_season(8, lambda: False)
        warehouse.close()
    assert len(lines) == 1


def test_the_limit_is_a_number_of_minutes(duckdb_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(setting("LOCK_TIMEOUT"), "-1")
    assert "lock_timeout is -1" in duckdb_job.command("extract", code=2).output
