"""The job as Dagster assets: `make dagster`, then open http://localhost:3000.

One graph has an asset per raw table, which dlt loads, and an asset per dbt model. Settings and the
token come from `.env` and `.dlt/` of the working directory. The schedule is off until you switch it
on under Automation. It starts no run while one is active; a run that is started by hand waits for
the write lock.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSelection,
    AssetSpec,
    DagsterRunStatus,
    Definitions,
    MaterializeResult,
    RunRequest,
    RunsFilter,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    multi_asset,
    schedule,
)
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets
from dagster_dlt import DagsterDltTranslator, build_dlt_asset_specs
from dagster_dlt.translator import DltResourceTranslatorData
from rich.console import Console

from extract.api.client import SportmonksClient
from extract.cli.messages import Messages
from extract.cli.progress_bar import ConsoleProgress
from extract.config.paths import dbt_project_dir
from extract.config.settings import UNUSED_TOKEN, load_settings
from extract.planning.selection import Selection
from extract.runs.run import Bounds, run
from extract.source.fixtures import sportmonks
from extract.transform.dbt import write_lock_for_dbt
from extract.warehouse.raw_tables import SCHEMAS

# The name of dbt's source, the raw tables.
_SOURCE = "sportmonks_raw"

_ACTIVE = [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]

# dbt is installed beside this Python, whose folder may not be on the PATH.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# Explicit, because variables for another dbt project may be set.
project = DbtProject(
    project_dir=dbt_project_dir(),
    profile="sportmonks",
    target=os.environ.get("TARGET") or "duckdb",
)
project.prepare_if_dev()


class _Translator(DagsterDltTranslator):
    """Gives dlt's tables the asset keys of dbt's sources."""

    def get_asset_spec(self, data: DltResourceTranslatorData) -> AssetSpec:
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(key=AssetKey([_SOURCE, data.resource.name]), deps=[])


def _specs() -> list[AssetSpec]:
    settings = load_settings(UNUSED_TOKEN)
    source = sportmonks(settings=settings, client=SportmonksClient(settings))
    described = build_dlt_asset_specs(
        source.with_resources(*SCHEMAS), dlt.pipeline("sportmonks"), _Translator()
    )
    # A view of the fixtures that are due.
    return [*described, AssetSpec([_SOURCE, "due_fixtures"])]


@multi_asset(
    name="extract",
    specs=_specs(),
    check_specs=[AssetCheckSpec("all_answered", asset=[_SOURCE, "fixtures"])],
)
def extract(context: AssetExecutionContext) -> Iterator[Any]:
    """Fetches due fixtures into the raw tables.

    If a fixture fails, the check `all_answered` fails, the others are still transformed, and the
    next run requests it again.
    """
    summary = run(Selection(), Bounds(), ConsoleProgress(Messages(Console(stderr=True))))
    for key in context.selected_asset_keys:
        yield MaterializeResult(asset_key=key, metadata=summary.counts())
    yield AssetCheckResult(
        check_name="all_answered",
        asset_key=[_SOURCE, "fixtures"],
        passed=summary.outcome == "completed",
        metadata={"outcome": summary.outcome, "failed_ids": str(summary.failed_ids)},
    )


@dbt_assets(manifest=project.manifest_path, project=project)
def transform(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Builds the final tables; dbt's tests are their asset checks."""
    with write_lock_for_dbt(context.log.info):
        command = ["build", "--exclude-resource-type", "unit_test"]
        yield from dbt.cli(command, context=context).stream()


job = define_asset_job("extract_and_transform", AssetSelection.all())


@schedule(job=job, cron_schedule="*/10 * * * *")
def every_ten_minutes(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    """Starts a run unless one is active: a first run may wait hours for quota."""
    active = RunsFilter(job_name=job.name, statuses=_ACTIVE)
    if context.instance.get_runs_count(active):
        return SkipReason("The last run is still active.")
    return RunRequest()


definitions = Definitions(
    assets=[extract, transform],
    jobs=[job],
    schedules=[every_ten_minutes],
    resources={"dbt": DbtCliResource(project_dir=project)},
)
