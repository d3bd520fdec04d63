"""What a person sees on a terminal, and a machine in a file."""

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from extract.batches import ENDPOINT
from extract.client import ApiCall
from extract.outlook import Pace
from extract.settings import load_settings
from extract.summary import Summary
from simulator import Simulator
from tests.job import Job


def on_terminal(columns: int, *arguments: str) -> str:
    """All that a command writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    del environment["NO_COLOR"]
    process = subprocess.Popen(
        [sys.executable, "-m", "extract", *arguments],
        env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    written = b""
    while True:
        try:
            written += os.read(ours, 65536)
        except OSError:
            break  # that is how the end of a terminal shows
    os.close(ours)
    assert process.wait() == 0, written
    return written.decode()


@pytest.mark.parametrize("columns", [100, 60])
def test_progress_tells_calls_quota_and_time(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", "20")
    with Simulator(seed=3, leagues=1, seasons=1, teams=12, quota=7, window=3, latency=0.1) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        said = on_terminal(columns, "run", "--seasons", "all")
    bare = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said)
    frames = [line for line in re.split(r"[\r\n]+", bare) if "to go" in line]
    assert frames
    assert max(map(len, frames)) <= columns
    assert re.search(r"[0-9]+/135 .*[0-9]:[0-9]{2}:[0-9]{2} to go", frames[-1])
    assert any("quota in 0:00:0" in frame for frame in frames)
    assert (columns == 60) != bool(re.search(r"[0-9]+ calls, [0-7] left", frames[-1]))


def test_a_file_gets_lines_only(duckdb_job: Job, api: Simulator) -> None:
    said = duckdb_job.extract().output
    assert "\x1b" not in said
    assert "\r" not in said


def call(remaining: int | None, resets_in: int | None = 1800) -> ApiCall:
    return ApiCall(1, datetime.now(UTC), ENDPOINT, 50, 1, quota_limit=3000,
                   quota_remaining=remaining, quota_resets_in=resets_in)  # fmt: skip


def test_time_to_go_knows_the_quota(duckdb_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__SPORTMONKS__QUOTA_RESERVE", "0")
    pace = Pace(load_settings())
    summary = Summary("run", "a warehouse", datetime.now(UTC), {}, due=50 * 4000)
    summary.fixture_calls = 1
    assert pace.outlook(summary, [call(None)], 50).calls_left is None
    # 4,000 calls: 1,000 now, and 3,000 when the window has ended.
    outlook = pace.outlook(summary, [call(1000)], 50)
    assert outlook.calls_left == 1000
    assert 1800 <= outlook.seconds < 1900
    # None now, 3,000 then, and 1,000 an hour later.
    assert 5400 <= pace.outlook(summary, [call(0)], 50).seconds < 5500
    # A smaller batch takes more calls: 4 windows more.
    assert 5400 + 4 * 3600 <= pace.outlook(summary, [], 12).seconds < 5500 + 5 * 3600
