"""Ctrl-C ends every command at any moment, with exit code 130 and one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, setting
from tests.support.processes import start_command

# How many moments are tried of each command, spread over the time that it takes.
INTERRUPTIONS = int(os.environ.get("INTERRUPTIONS", "1"))
# Seconds that a transform takes, of which an extract takes a third.
TRANSFORM_SECONDS = float(os.environ.get("TRANSFORM_SECONDS", "8"))

RAISE_IN_A_DESTRUCTOR = """
from extract import interrupts

class Closed:
    def __del__(self):
        interrupts.raise_in_main()

interrupts.install()
try:
    Closed()
    for _ in range(10**9):
        pass
except KeyboardInterrupt:
    print("raised again")
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    """A command that has come to its own first lines: before them, Python itself is interrupted."""
    process = start_command(*arguments)
    # The second thread is the one that waits for Ctrl-C.
    while process.poll() is None and len(list(Path(f"/proc/{process.pid}/task").iterdir())) < 2:
        time.sleep(0.002)
    return process


def interrupted(seconds: tuple[float, ...], *arguments: str) -> list[str]:
    """What a command prints that gets Ctrl-C after so many seconds, and again after so many more.

    Nothing, if it has ended before.
    """
    process = start(*arguments)
    for delay in seconds:
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    print(arguments, seconds, process.returncode, output)
    if process.returncode == 0:
        return []
    assert process.returncode == 130, output
    for unwanted in ("Traceback", "Error", "resource_tracker", "alert", "Exception"):
        assert unwanted not in output
    return output.splitlines()


def moments(seconds: float) -> list[float]:
    """Delays that are spread over some seconds."""
    return [seconds * (number + 0.5) / INTERRUPTIONS for number in range(INTERRUPTIONS)]


@pytest.fixture(autouse=True)
def alerts_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every alert fails, which would print a line."""
    monkeypatch.setenv(setting("ALERT_URL"), "http://127.0.0.1:9/")


@POSTGRES_IN_TEST_ALL
def test_a_transform_ends_whatever_it_is_doing(job: Job, api: Simulator) -> None:
    job.start_extracted()
    ended = 0
    for delay in moments(TRANSFORM_SECONDS):
        lines = interrupted((delay,), "transform", "--full-refresh")
        assert not lines or lines[-1].startswith("Stopped by Ctrl-C"), lines
        ended += bool(lines)
    assert ended


@POSTGRES_IN_TEST_ALL
def test_an_extract_ends_whatever_it_is_doing(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("BATCH_SIZE"), "10")
    monkeypatch.setenv(setting("CHUNK_SIZE"), "30")
    ended = 0
    for number, delay in enumerate(moments(TRANSFORM_SECONDS / 3)):
        ended += bool(interrupted((delay,), "extract", "--force"))
        ended += bool(interrupted((delay, 0.05 * (number % 20 + 1)), "extract", "--force"))
    assert ended
    job.extract("--force")
    assert len(job.query("select id from sportmonks_raw.fixtures")) == len(api.world.fixture_ids())
    assert job.query("select count(*) from sportmonks_raw.runs where outcome is null") == [(0,)]


def test_an_interruption_that_is_lost_is_raised_again() -> None:
    command = [sys.executable, "-c", RAISE_IN_A_DESTRUCTOR]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr) == ("raised again\n", "")
