"""The command `python -m simulator`."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from simulator.__main__ import app


def test_errors_are_one_line(tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    broken.mkdir()
    (broken / "half.json").write_text("{")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = {
            port: ["--port", port],
            "soon": ["--clock", "soon"],
            "empty": ["--replay", str(empty)],
            "no such directory": ["--replay", str(tmp_path / "absent")],
            "half.json": ["--replay", str(broken)],
        }
        results = {named: CliRunner().invoke(app, arguments) for named, arguments in cases.items()}
    for named, result in results.items():
        assert result.exit_code == 2
        assert result.stdout == ""
        assert len(result.stderr.strip().splitlines()) == 1
        assert named in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_a_signal(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--token", "mine"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        assert words["SOURCES__SPORTMONKS__API_TOKEN"] == "mine"
        url = words["SOURCES__SPORTMONKS__BASE_URL"] + "/football/states"
        response = requests.get(url, headers={"Authorization": "mine"}, timeout=10)
        assert response.status_code == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")
