"""Promises of the whole: no token leaks, saved responses arrive whole, columns are described."""

import gzip
import json
import logging
import os
import shutil
from pathlib import Path

import pytest

from simulator import Simulator
from tests.support.pipeline import FINAL_TABLES, POSTGRES_IN_TEST_ALL, Job

SECRET = "s3cret-token-to-be-found-nowhere"


def test_token_is_nowhere(
    postgres_job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On PostgreSQL, where the quota of a token is in the database too."""
    job = postgres_job
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
    with Simulator(seed=1, leagues=1, seasons=1, teams=4, token=SECRET) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        monkeypatch.setenv("SOURCES__SPORTMONKS__API_TOKEN", SECRET)
        # A copy spares dbt to parse the project anew: it writes all that it makes of it here.
        if job.dbt_target.exists():
            shutil.copytree(job.dbt_target, job.folder / "target")
        monkeypatch.setenv("DBT_TARGET_PATH", str(job.folder / "target"))
        monkeypatch.setenv("DBT_LOG_PATH", str(job.folder / "logs"))
        ids = api.world.fixture_ids()
        api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [ids[0]]}])
        output = job.extract(code=1).output
        faults: list[dict[str, object]] = [
            {"kind": "reset"},
            # Others may repeat it.
            {"kind": "echo_token"},
            {"kind": "echo_token", "status": 400},
            {"kind": "redirect", "location": f"http://localhost:9/{SECRET}?api_token={SECRET}"},
        ]
        for fault in faults:
            api.control.faults([fault])
            is_refused = fault["kind"] == "redirect" or "status" in fault
            output += job.extract("--force", code=2 if is_refused else 1).output
        output += job.command("transform").output
        assert not any(SECRET in request["query"] for request in api.control.requests())
    assert "***" in output
    assert SECRET not in output
    assert "urllib3" in caplog.text
    assert SECRET not in caplog.text
    files = [path for path in job.folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    for table in job.database.tables():
        assert SECRET not in str(job.database.execute(f"select * from {table}"))


@POSTGRES_IN_TEST_ALL
def test_saved_answers_arrive_whole(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = tmp_path / "saved"
    (saved / "deep").mkdir(parents=True)
    bare = {"id": 1001, "league_id": 8, "season_id": 77, "starting_at": "2024-08-04 15:30:00"}
    rich = {
        **bare,
        "id": 1002,
        "state_id": 5,
        "starting_at_timestamp": 1722785400,
        "season": {"id": 77, "name": "2024/2025", "league_id": 8, "starting_at": "2024-08-01"},
        "statistics": [
            {"id": 2**40, "fixture_id": 1002, "type_id": 5304, "participant_id": 1,
             "data": {"value": 14.000000000000002}, "location": "home", "type": {"id": 5304}},
            {"id": 2**40 + 1, "type_id": 80, "data": {"value": None}},
        ],
        "events": [{"id": 2**33, "fixture_id": 1002, "type_id": 14, "minute": 3, "new": {"x": 1}}],
        "lineups": [{"id": 10959914799, "details": [{"data": {"value": True}}]}],
        "xgfixture": [],
        "big": 123456789012345678901234567890,
    }  # fmt: skip
    other = {"id": 1003, "season_id": 78, "league_id": 8, "state_id": 1, "events": None}
    sparse = {"id": 1004, "season_id": 78, "league_id": 8, "events": [], "statistics": {"a": 1}}
    (saved / "sparse.json").write_text(json.dumps({"wrapped": {"in": [sparse]}}))
    (saved / "answer.json").write_text(json.dumps({"data": [bare], "rate_limit": {}}))
    (saved / "deep" / "one.json.gz").write_bytes(gzip.compress(json.dumps(rich).encode()))
    (saved / "deep" / "lines.ndjson").write_text(json.dumps(other) + "\n")
    with Simulator(replay=saved) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        monkeypatch.setenv("SOURCES__SPORTMONKS__API_TOKEN", api.token)
        job.extract()
    job.transform()
    payloads = dict(job.query("select id, cast(payload as text) from sportmonks_raw.fixtures"))
    assert {id: json.loads(text) for id, text in payloads.items()} == {
        1001: bare,
        1002: rich,
        1003: other,
        1004: sparse,
    }
    values = [(row["statistic_id"], row["value"]) for row in job.records("fixture_statistics")]
    assert values == [(2**40, 14.000000000000002), (2**40 + 1, None)]
    assert [row["event_id"] for row in job.records("fixture_events")] == [2**33]


@POSTGRES_IN_TEST_ALL
def test_the_models_are_right_on_made_up_rows_and_every_column_is_described(
    job: Job, api: Simulator
) -> None:
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner

    job.start_with_one()
    job.transform(
        "--select",
        "+path:models/marts/core",
        "path:models/staging",
        "team_fixtures",
        "player_fixtures",
        "fixture_quality",
    )
    project = ["--project-dir", "dbt_project", "--profiles-dir", "dbt_project"]
    result = dbtRunner().invoke(["test", *project, "--select", "test_type:unit"])
    assert result.success
    assert isinstance(result.result, RunExecutionResult)
    assert len(result.result.results) >= 6

    manifest = json.loads((job.dbt_target / "manifest.json").read_text())
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    assert {node["name"] for node in nodes} >= set(FINAL_TABLES)
    for node in [*nodes, *manifest["sources"].values()]:
        assert node["description"], node["name"]
        described = {name for name, column in node["columns"].items() if column["description"]}
        columns = job.query(
            "select column_name from information_schema.columns "
            f"where table_schema = '{node['schema']}' and table_name = '{node['name']}'"
        )
        missing = {name for (name,) in columns} - described
        assert not missing, (node["name"], missing)


def test_only_the_command_line_names_the_simulator() -> None:
    files = [path for path in Path("extract").rglob("*.py") if "cli" not in path.parts]
    assert len(files) > 40
    for path in files:
        assert "simulator" not in path.read_text().replace("make simulator", ""), path


def test_the_gate_can_be_run() -> None:
    assert os.access(".ci/run", os.X_OK)
