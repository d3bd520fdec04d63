"""The example for Dagster: its graph, and the assets that it materialises."""

import functools
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    build_schedule_context,
)

from extract.transform.dbt import PLACES, write_lock_for_dbt
from simulator import Simulator
from tests.support.pipeline import Job, setting
from tests.support.processes import locked_by_other_process


@pytest.fixture
def dagster(monkeypatch: pytest.MonkeyPatch, duckdb_job: Job) -> ModuleType:
    """The module of the definitions, as `dagster dev` loads it."""
    monkeypatch.setenv("DAGSTER_IS_DEV_CLI", "1")
    return definitions()


@functools.cache
def definitions() -> ModuleType:
    """Loads them once, because dbt parses the project meanwhile."""
    path = Path("docs/schedule/dagster_definitions.py")
    specification = importlib.util.spec_from_file_location("dagster_definitions", path)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.thorough
def test_assets_are_materialised(dagster: ModuleType, duckdb_job: Job, api: Simulator) -> None:
    failing, *others = api.world.fixture_ids()
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [failing]}])
    graph = dagster.definitions.resolve_asset_graph()
    before = dict(os.environ)
    try:
        with DagsterInstance.ephemeral() as instance:
            result = dagster.definitions.resolve_job_def(
                "extract_and_transform"
            ).execute_in_process(instance=instance, raise_on_error=False)
            made = {event.asset_key for event in result.get_asset_materialization_events()}
            checks = {
                check.check_name: check.passed for check in result.get_asset_check_evaluations()
            }
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert result.success
    assert {AssetKey(["sportmonks_raw", "fixtures"]), AssetKey("fixtures")} <= made
    assert [row["fixture_id"] for row in duckdb_job.records("fixtures")] == others
    assert checks["all_answered"] is False
    above = {AssetKey(["fixtures"])}
    while parents := {key for asset in above for key in graph.get(asset).parent_keys} - above:
        above |= parents
    assert AssetKey(["sportmonks_raw", "fixtures"]) in above


@pytest.mark.thorough
def test_the_schedule_waits_for_a_run_under_way(dagster: ModuleType) -> None:
    def requested_ids() -> int:
        context = build_schedule_context(instance=instance)
        tick = dagster.every_ten_minutes.evaluate_tick(context)
        assert tick.run_requests or tick.skip_message
        return len(tick.run_requests or ())

    with DagsterInstance.local_temp() as instance:
        assert requested_ids() == 1
        run = DagsterRun("extract_and_transform", status=DagsterRunStatus.STARTED)
        instance.add_run(run)
        assert requested_ids() == 0
        instance.report_run_failed(run)
        assert requested_ids() == 1


@pytest.mark.thorough
def test_dbt_waits_for_the_file(duckdb_job: Job, api: Simulator) -> None:
    """Dagster runs it in a process of its own, before which another one may open the file."""
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    dbt = str(Path(sys.executable).parent / "dbt")
    before = dict(os.environ)
    with write_lock_for_dbt(print):
        assert setting("API_TOKEN") not in os.environ
        assert os.environ["TARGET"] == "duckdb"
    assert dict(os.environ) == before
    with locked_by_other_process():
        build = subprocess.Popen(
            [dbt, "run", "--select", "+states", *PLACES],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # By then it has begun, and found the file in use.
        time.sleep(8)
    output, _ = build.communicate()
    assert build.returncode == 0, output
