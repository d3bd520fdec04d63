"""The webhook gets an alert when a run or a transform needs attention, and only then."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from extract.cli.exit_codes import handle_errors
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job

SECRET = "a-secret-part"
VARIABLE = "SOURCES__SPORTMONKS__ALERT_URL"
SEND_ALERT = """
import sys
from extract.cli.exit_codes import send_alert

send_alert("text", {})
print("dlt" in sys.modules)
"""


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a webhook is sent."""
    received: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == f"/{SECRET}"
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not to standard error."""

    with HTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{server.server_port}/{SECRET}")
        yield received
        server.shutdown()


@POSTGRES_IN_TEST_ALL
def test_failures_and_warnings_send_an_alert(
    job: Job, api: Simulator, alerts: list[dict[str, Any]]
) -> None:
    ids = api.world.fixture_ids()
    few = ",".join(map(str, ids[:4]))
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [ids[0]]}])
    output = job.extract("--fixture-ids", few, code=1).output
    (alert,) = alerts
    assert "1 failed, 0 unconfirmed" in alert["text"]
    assert alert["failed_ids"] == [ids[0]]
    assert alert["outcome"] == "failed"
    assert alert["stored"] == 3
    assert SECRET not in output

    api.control.faults([])
    job.extract("--fixture-ids", few)
    job.transform("--select", "+states")
    assert len(alerts) == 1

    with_events = next(id for id in ids if api.world.fixture(id)["events"])
    api.control.faults(
        [
            {"kind": "empty_include", "include": "events", "path": ".*multi.*", "times": 1},
            {"kind": "status", "status": 500, "path": ".*multi.*", "after": 1},
        ]
    )
    job.extract("--fixture-ids", str(with_events))
    assert "0 failed, 1 unconfirmed" in alerts[1]["text"]
    del alerts[:]
    # Whoever types something wrong sees it.
    job.command("transform", "--nonsense", code=2)
    job.extract("--season-id", "1", code=2)
    job.extract("--fixture-ids", "abc", code=2)
    job.extract("--max-minutes", "nan", code=2)
    assert alerts == []
    job.extract("--fixture-ids", str(with_events), "--force", code=1)
    api.control.faults([{"kind": "status", "status": 401}])
    job.extract("--force", code=2)
    assert "does not accept the token" in alerts[-1]["text"]


def test_an_unexpected_error_sends_an_alert(alerts: list[dict[str, Any]]) -> None:
    with pytest.raises(ZeroDivisionError), handle_errors(alerting=True):
        raise ZeroDivisionError
    (alert,) = alerts
    assert alert["text"] == "The command failed (ZeroDivisionError)."


def test_matches_that_are_live_for_too_long(
    duckdb_job: Job, alerts: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator's clock is in the past: its live matches ended long ago."""
    with monkeypatch.context() as patch:
        patch.delenv(VARIABLE)
        duckdb_job.start_extracted()
    # No checks of tables that this does not build.
    few = ["--select", "+live_fixtures_are_recent", "--indirect-selection", "cautious"]
    duckdb_job.command("transform", *few)
    (alert,) = alerts
    assert "live_fixtures_are_recent" in alert["warned"]


@pytest.mark.parametrize(
    "address",
    [
        f"http://127.0.0.1:9/{SECRET}",
        pytest.param(SECRET, marks=pytest.mark.thorough),
        f"http://[{SECRET}",
    ],
)
def test_an_alert_that_cannot_be_sent(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    api.control.faults(
        [{"kind": "status", "status": 500, "fixture_ids": api.world.fixture_ids()[:1]}]
    )
    failing = str(api.world.fixture_ids()[0])
    result = duckdb_job.extract("--fixture-ids", failing, code=1)
    assert "The alert could not be sent" in result.output
    assert "Traceback" not in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("file", "text", "imports_dlt"),
    [
        ("config.toml", "[sources.sportmonks]\nbatch_size = 5\n", False),
        ("example.secrets.toml", "# alert_url = ''\n", False),
        ("secrets.toml", 'sources = {sportmonks = {"alert_url" = "http://127.0.0.1:9/x"}}\n', True),
        ("config.toml", "[providers]\nenable_google_secrets = false\n", True),
    ],
)
def test_without_an_address_an_alert_needs_no_dlt(
    tmp_path: Path, file: str, text: str, imports_dlt: bool
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / file).write_text(text)
    environment = {name: value for name, value in os.environ.items() if "ALERT" not in name}
    output = subprocess.run(
        [sys.executable, "-c", SEND_ALERT],
        cwd=tmp_path, env=environment | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert output.stdout.strip() == str(imports_dlt)
    assert ("could not be sent" in output.stderr) == ("127.0.0.1" in text)
