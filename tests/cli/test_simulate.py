"""`simulator` and `demo` end with Ctrl-C in order."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "extract", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"},
        # Ctrl-C reaches the whole group, as on a terminal.
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_simulator_serves_until_ctrl_c(tmp_path: Path) -> None:
    process = start(tmp_path, "simulator", "--port", "0", "--leagues", "1", "--token", "mine")
    assert process.stdout
    line = process.stdout.readline()
    found = re.search(r"BASE_URL=(\S+) ", line)
    assert found, line
    request = urllib.request.Request(  # noqa: S310 - the simulator
        f"{found[1]}/football/leagues", headers={"Authorization": "mine"}
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        assert response.status == 200
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=30)
    assert (process.returncode, text) == (0, "")


def test_options_of_the_simulator_are_its_own(tmp_path: Path) -> None:
    process = start(tmp_path, "simulator", "--leagues", "0")
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 2, text
    assert "Traceback" not in text
    text, _ = start(tmp_path, "simulator", "--help").communicate(timeout=60)
    assert "--latency" in text


def test_ctrl_c_ends_the_demo(tmp_path: Path) -> None:
    # The schema of another job, which the queries of the demo must not meet.
    (tmp_path / ".env").write_text("SPORTMONKS_SCHEMA=other\n")
    process = start(tmp_path, "demo")
    assert process.stdout
    for line in process.stdout:
        if "load the raw JSON" in line:
            break
    # The first line of the extract: from then on, it handles Ctrl-C.
    assert process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert "Traceback" not in text
    assert "final tables" not in text
