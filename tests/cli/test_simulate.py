"""`simulator` serves until Ctrl-C, which ends it in order."""

import os
import re
import signal
import urllib.request
from pathlib import Path

from tests.support.processes import start_in_group


def test_the_simulator_serves_until_ctrl_c(tmp_path: Path) -> None:
    process = start_in_group(
        tmp_path, "simulator", "--port", "0", "--leagues", "1", "--token", "mine"
    )
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
    process = start_in_group(tmp_path, "simulator", "--leagues", "0")
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 2, text
    assert "Traceback" not in text
    text, _ = start_in_group(tmp_path, "simulator", "--help").communicate(timeout=60)
    assert "--latency" in text
