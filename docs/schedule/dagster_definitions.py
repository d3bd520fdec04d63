"""Extract and transform as Dagster assets: `make dagster`, then open http://localhost:3000.

One graph has an asset per raw table, which dlt loads, and one per dbt model. Settings and the token
come from `.env` and `.dlt/`. The schedule is off until you switch it on under Automation. It skips
a tick while a run is in progress. A run that is started by hand waits for the write lock.
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
from extract.source.fixtures import fixtures_source
from extract.source.listing import listing_source
from extract.source.reference import reference_source
from extract.transform.dbt import write_lock_for_dbt
from extract.warehouse.raw_tables import SCHEMAS

# dbt's name for the source that extract loads.
_SOURCE = "sportmonks_raw"

_IN_PROGRESS = [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]

# The dbt program is beside this Python, whose folder may not be on the PATH.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# Otherwise dbt would read them from variables that may be meant for another project.
project = DbtProject(
    project_dir=dbt_project_dir(),
    profile="sportmonks",
    target=os.environ.get("TARGET") or "duckdb",
)
project.prepare_if_dev()


class _Translator(DagsterDltTranslator):
    """Gives dlt's tables the asset keys that dbt uses for its sources."""

    def get_asset_spec(self, data: DltResourceTranslatorData) -> AssetSpec:
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(key=AssetKey([_SOURCE, data.resource.name]), deps=[])


def _specs() -> list[AssetSpec]:
    settings = load_settings(UNUSED_TOKEN)
    client = SportmonksClient(settings)
    sources = [
        fixtures_source(settings=settings, client=client),
        listing_source(settings=settings, client=client),
        reference_source(settings=settings, client=client),
    ]
    described = {
        spec.key: spec
        for source in sources
        for spec in build_dlt_asset_specs(
            source.with_resources(*(SCHEMAS.keys() & source.resources.keys())),
            dlt.pipeline("sportmonks"),
            _Translator(),
        )
    }
    # When lists were read, and a view on what is due.
    others = [AssetSpec([_SOURCE, name]) for name in ("listing_log", "due_fixtures")]
    return [*described.values(), *others]


@multi_asset(
    name="extract",
    specs=_specs(),
    check_specs=[AssetCheckSpec("all_answered", asset=[_SOURCE, "fixtures"])],
)
def extract(context: AssetExecutionContext) -> Iterator[Any]:
    """Fetches due fixtures into the raw tables.

    If a fixture fails, the others are transformed all the same. The check `all_answered` fails, and
    the next run requests the fixture again.
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
    """Builds the final tables, with dbt's tests as asset checks."""
    with write_lock_for_dbt(context.log.info):
        command = ["build", "--exclude-resource-type", "unit_test"]
        yield from dbt.cli(command, context=context).stream()


job = define_asset_job("extract_and_transform", AssetSelection.all())


@schedule(job=job, cron_schedule="*/10 * * * *")
def every_ten_minutes(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    """Starts a run, unless one is in progress: a first run may wait hours for the quota."""
    in_progress = RunsFilter(job_name=job.name, statuses=_IN_PROGRESS)
    if context.instance.get_runs_count(in_progress):
        return SkipReason("The last run is still in progress.")
    return RunRequest()


definitions = Definitions(
    assets=[extract, transform],
    jobs=[job],
    schedules=[every_ten_minutes],
    resources={"dbt": DbtCliResource(project_dir=project)},
)
