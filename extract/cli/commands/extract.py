"""`extract` and `plan`: fetch due fixtures, or show what that would cost."""

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from extract.cli.arguments import read_selection
from extract.cli.exit_codes import handle_errors, send_alert
from extract.cli.messages import Level, Messages
from extract.cli.options import (
    AsJson,
    ChunkSize,
    FixtureIds,
    Force,
    IdsFile,
    LeagueId,
    LogFormat,
    MaxCalls,
    MaxMinutes,
    NoWait,
    Offline,
    Quiet,
    SeasonId,
    SeasonsOption,
    Since,
    Until,
    Verbose,
)
from extract.config.lake_url import has_lake
from extract.errors import ArgumentError, ExtractError, UsageError

if TYPE_CHECKING:
    from extract.lake.sync import Copied
    from extract.planning.selection import Selection
    from extract.runs.run import Bounds


def extract(
    fixture_ids: FixtureIds = None,
    ids_file: IdsFile = None,
    league_id: LeagueId = None,
    season_id: SeasonId = None,
    seasons: SeasonsOption = None,
    since: Since = None,
    until: Until = None,
    force: Force = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            metavar="",
            help="Fetch no fixture. Same as `plan`, within the same limits.",
        ),
    ] = False,
    chunk_size: ChunkSize = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    no_wait: NoWait = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: LogFormat = "text",
    as_json: AsJson = False,
) -> None:
    """Fetch the fixtures that are due and merge their raw JSON into the warehouse.

    Without a selection, it fetches the due fixtures of the current seasons of your plan, and those
    of every stored season. `plan` lists them. `TARGET` (duckdb or postgres) selects the warehouse,
    `SOURCES__SPORTMONKS__API_TOKEN` holds the token, and `.dlt/config.toml` holds the settings,
    among them the schedule that decides when a fixture is due.

        sportmonks extract

        sportmonks extract --seasons 2019..2025 --max-minutes 50

        sportmonks extract --fixture-ids 19146701,19146702

        psql -Atc "select …" | sportmonks extract --ids-file -
    """
    logs = log_format == "json"
    with handle_errors(alerting=not dry_run, logs=logs):
        from extract.runs.run import Bounds

        messages = new_messages(quiet, verbose, logs, as_json)
        selection = read_selection(
            fixture_ids, ids_file, league_id, season_id, seasons, since, until, force
        )
        bounds = Bounds(chunk_size, max_calls, max_minutes)
        if dry_run:
            _plan(selection, bounds, messages, no_wait=no_wait, as_json=as_json, offline=False)
        else:
            run_extract(selection, bounds, messages, no_wait=no_wait, as_json=as_json, logs=logs)


def plan(
    fixture_ids: FixtureIds = None,
    ids_file: IdsFile = None,
    league_id: LeagueId = None,
    season_id: SeasonId = None,
    seasons: SeasonsOption = None,
    since: Since = None,
    until: Until = None,
    force: Force = False,
    chunk_size: ChunkSize = None,
    offline: Offline = False,
    no_wait: NoWait = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: LogFormat = "text",
    as_json: AsJson = False,
) -> None:
    """Show what `extract` with the same selection would fetch, and what that costs.

    Outdated fixture lists and reference data are fetched first. These few calls are not repeated by
    the next `extract`. `--offline` makes no call.

        sportmonks plan

        sportmonks plan --seasons all
    """
    logs = log_format == "json"
    with handle_errors(logs=logs):
        from extract.runs.run import Bounds

        messages = new_messages(quiet, verbose, logs, as_json)
        selection = read_selection(
            fixture_ids, ids_file, league_id, season_id, seasons, since, until, force
        )
        bounds = Bounds(chunk_size)
        _plan(selection, bounds, messages, no_wait=no_wait, as_json=as_json, offline=offline)


def new_messages(quiet: bool, verbose: bool, logs: bool = False, as_json: bool = False) -> Messages:
    """The output of a command, by its options.

    Raises:
        ArgumentError: it is to be both quiet and verbose.
    """
    if quiet and verbose:
        raise ArgumentError("Give either --quiet or --verbose.")
    level: Level = "warning" if quiet else "debug" if verbose else "info"
    return Messages(Console(stderr=logs or as_json), level, logs)


def run_extract(
    selection: "Selection",
    bounds: "Bounds",
    messages: Messages,
    *,
    no_wait: bool,
    as_json: bool = False,
    logs: bool = False,
) -> None:
    """Runs the extract, prints its summary and sends an alert if it needs attention.

    With `LAKE_URL`, what it has fetched is then copied to the lake, also if it failed or stopped
    early; not after Ctrl-C.

    Args:
        selection: fixtures to fetch, if they are due.
        bounds: when to stop early.
        messages: where lines go.
        no_wait: do not wait for another process that uses the warehouse.
        as_json: print the summary on standard output as JSON.
        logs: write problems with the alert as JSON.

    Raises:
        typer.Exit: the run was interrupted or failed.
    """
    from extract.cli.progress_bar import ConsoleProgress
    from extract.cli.tables import print_summary
    from extract.runs.run import run

    copies = has_lake()
    began = time.monotonic()
    summary = run(selection, bounds, ConsoleProgress(messages), wait=not no_wait)
    print_summary(messages, summary, time.monotonic() - began)
    document = {
        "run_id": summary.run_id,
        "outcome": summary.outcome,
        **summary.counts(),
        "failed_ids": summary.failed_ids,
        "failures": dict(summary.failure_notes.most_common()),
    }
    copied = None
    if copies and summary.outcome != "interrupted":
        copied = _copy_to_lake(messages, no_wait=no_wait, logs=logs)
        document["lake"] = copied.to_dict() if copied else None
    if as_json:
        print(json.dumps(document))
    unconfirmed = summary.outcomes["unconfirmed"]
    # After Ctrl-C, fixtures may be unconfirmed only because the run stopped.
    if summary.outcome == "failed" or (unconfirmed and summary.outcome != "interrupted"):
        send_alert(
            f"Run {summary.run_id} into the {summary.warehouse} {summary.outcome}: "
            f"{summary.requested:,} of {summary.due:,} due fixtures requested, "
            f"{len(summary.failed_ids):,} failed, {unconfirmed:,} unconfirmed.",
            document,
            logs,
        )
    if summary.stop_reason and (code := summary.stop_reason.exit_code):
        raise typer.Exit(code)
    if "lake" in document and copied is None:
        raise typer.Exit(1)


def _copy_to_lake(messages: Messages, *, no_wait: bool, logs: bool) -> "Copied | None":
    """Copies to the lake; None after a failure, which is reported."""
    from extract.cli.progress_bar import ConsoleProgress
    from extract.cli.tables import print_copied
    from extract.lake.sync import copy_to_lake

    try:
        copied = copy_to_lake(ConsoleProgress(messages), wait=not no_wait)
    except ExtractError as error:
        hint = "" if isinstance(error, UsageError) else " The next extract copies what is missing."
        messages.write("error", f"{error}{hint}")
        send_alert(str(error), {}, logs)
        return None
    print_copied(messages, copied, with_tables=False)
    return copied


def _plan(
    selection: "Selection",
    bounds: "Bounds",
    messages: Messages,
    *,
    no_wait: bool,
    as_json: bool,
    offline: bool,
) -> None:
    from extract.cli.progress_bar import ConsoleProgress
    from extract.cli.tables import print_plan
    from extract.runs.run import plan as make_plan
    from extract.runs.run import plan_offline

    make = plan_offline if offline else make_plan
    found = make(selection, bounds, ConsoleProgress(messages), wait=not no_wait)
    print_plan(messages, found)
    if as_json:
        print(json.dumps(found.to_dict()))
    if code := found.stop_reason.exit_code:
        raise typer.Exit(code)
