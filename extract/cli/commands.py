"""The command line: `python -m extract`."""

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from csv import writer
from dataclasses import asdict
from datetime import UTC
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from dotenv import load_dotenv
from rich.console import Console

from extract import interrupts
from extract.cli.arguments import read_selection
from extract.cli.exit_codes import handle_errors, say, send_alert
from extract.cli.messages import Level, Messages
from extract.cli.options import (
    EXIT_CODES,
    AsJson,
    ChunkSize,
    FixtureIds,
    Force,
    IdsFile,
    LeagueId,
    LogFormat,
    NoCall,
    NoWait,
    Offline,
    Quiet,
    SeasonId,
    SeasonsOption,
    Since,
    Until,
    Verbose,
)
from extract.errors import ArgumentError, UsageError
from extract.text import printable

if TYPE_CHECKING:
    from extract.planning.selection import Selection
    from extract.runs.run import Bounds
    from extract.transform.up_to_date import LastBuild


PROJECT = Path(__file__).resolve().parents[2]

app = typer.Typer(
    help="Sportmonks football data into a warehouse, as raw JSON and as final tables.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

# Rows of a query that a terminal shows by default.
_ROWS_ON_A_TERMINAL = 500

# The test in dbt that says whether what is stored is fresh.
FRESHNESS = "live_fixtures_are_recent"


@app.callback()
def read_dotenv() -> None:
    """Sets what stands in `.env` and is not in the environment already."""
    file = PROJECT / ".env"
    with handle_errors():
        try:
            load_dotenv(file)
        except ValueError as error:
            # Bytes that are no text, or a NUL, which no variable can hold.
            raise UsageError(f"{file} is not a text file: see .env.example.") from error
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from error


@app.command(epilog=EXIT_CODES)
def run(
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
            help="Fetch no fixture: the same as `plan`, within the same bounds.",
        ),
    ] = False,
    chunk_size: ChunkSize = None,
    max_calls: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Stop in order after so many API calls."),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(metavar="N", min=0, help="Stop in order after so many minutes."),
    ] = None,
    no_wait: NoWait = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: LogFormat = "text",
    as_json: AsJson = False,
) -> None:
    """Fetch the fixtures that are due and merge their raw JSON into the warehouse.

    Without a selection: what is due of the current seasons of your plan, and of everything that is
    stored already. `plan` shows what that is. `TARGET` (duckdb or postgres) says where to,
    `SOURCES__SPORTMONKS__API_TOKEN` holds the token, `.dlt/config.toml` explains the settings and
    the schedule by which a fixture is due.

        python -m extract run

        python -m extract run --seasons 2019..2025 --max-minutes 50

        python -m extract run --fixture-ids 19146701,19146702

        psql -Atc "select …" | python -m extract run --ids-file -
    """
    logs = log_format == "json"
    with handle_errors(alerting=not dry_run, logs=logs):
        from extract.runs.run import Bounds

        messages = _messages(quiet, verbose, logs, as_json)
        selection = read_selection(
            fixture_ids, ids_file, league_id, season_id, seasons, since, until, force
        )
        bounds = Bounds(chunk_size, max_calls, max_minutes)
        if dry_run:
            _plan(selection, bounds, messages, no_wait=no_wait, as_json=as_json, offline=False)
        else:
            _run(selection, bounds, messages, no_wait=no_wait, as_json=as_json, logs=logs)


@app.command(epilog=EXIT_CODES)
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
    """Show what `run` with the same selection would ask for, and what that costs.

    Lists of fixtures and reference data that are too old are fetched first, a few calls that the
    run does not need again then; `--offline` spends none.

        python -m extract plan

        python -m extract plan --seasons all
    """
    logs = log_format == "json"
    with handle_errors(logs=logs):
        from extract.runs.run import Bounds

        messages = _messages(quiet, verbose, logs, as_json)
        selection = read_selection(
            fixture_ids, ids_file, league_id, season_id, seasons, since, until, force
        )
        bounds = Bounds(chunk_size)
        _plan(selection, bounds, messages, no_wait=no_wait, as_json=as_json, offline=offline)


def _messages(quiet: bool, verbose: bool, logs: bool, as_json: bool) -> Messages:
    if quiet and verbose:
        raise ArgumentError("Give either --quiet or --verbose.")
    least: Level = "warning" if quiet else "debug" if verbose else "info"
    return Messages(Console(stderr=logs or as_json), least, logs)


def _run(
    selection: "Selection",
    bounds: "Bounds",
    messages: Messages,
    *,
    no_wait: bool,
    as_json: bool,
    logs: bool,
) -> None:
    from extract.cli.progress_bar import ConsoleProgress
    from extract.cli.tables import print_summary
    from extract.runs.run import run as run_extract

    began = time.monotonic()
    summary = run_extract(selection, bounds, ConsoleProgress(messages), wait=not no_wait)
    print_summary(messages, summary, time.monotonic() - began)
    document = {
        "run_id": summary.run_id,
        "outcome": summary.outcome,
        **summary.counts(),
        "failed_ids": summary.failed_ids,
        "failures": dict(summary.failure_notes.most_common()),
    }
    if as_json:
        print(json.dumps(document))
    held = summary.outcomes["unconfirmed"]
    # What Ctrl-C keeps from being confirmed is held, too.
    if summary.outcome == "failed" or (held and summary.outcome != "interrupted"):
        send_alert(
            f"Run {summary.run_id} into the {summary.warehouse} {summary.outcome}: "
            f"{summary.requested:,} of {summary.due:,} due fixtures asked for, "
            f"{len(summary.failed_ids):,} failed, {held:,} held.",
            document,
            logs,
        )
    if summary.stop_reason and (code := summary.stop_reason.exit_code):
        raise typer.Exit(code)


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
    from extract.runs.run import plan as plan_run
    from extract.runs.run import plan_offline

    find_out = plan_offline if offline else plan_run
    found = find_out(selection, bounds, ConsoleProgress(messages), wait=not no_wait)
    print_plan(messages, found)
    if as_json:
        print(json.dumps(found.to_dict()))
    if code := found.stop_reason.exit_code:
        raise typer.Exit(code)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, epilog=EXIT_CODES
)
def transform(
    context: typer.Context,
    no_wait: NoWait = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", metavar="", help="Print all that dbt says.")
    ] = False,
) -> None:
    """Build the final tables: `dbt build` on the warehouse that `TARGET` names.

    Where nothing has changed since one in the past hour, there is nothing to build.

    Further arguments go to dbt, which builds in any case then. With `--quiet` it says only what
    went wrong:

        python -m extract transform --select fixtures

        python -m extract transform --full-refresh
    """
    with handle_errors(alerting=True):
        from extract.transform.up_to_date import find_current_build

        # Before dbt is imported, which takes longer than this.
        is_plain = not context.args and not verbose
        if is_plain and (standing := find_current_build(say, wait=not no_wait)):
            say(_nothing_to_build(standing))
            return

        from extract.transform.dbt import transform as run_transform
        from extract.transform.progress_bar import BuildReporter

        reporter = BuildReporter(Console(), context.args, verbose)

        def end_failed(error: BaseException) -> None:
            def say() -> None:
                reporter.lost(error)
                send_alert("The transform failed.", {"exit_code": 1, "failed": []})

            interrupts.end_process(say, code=1)

        built = run_transform(context.args, reporter, end_failed, wait=not no_wait)
        if built.code in (1, 2) and not built.has_wrong_arguments:
            send_alert("The transform failed.", {"exit_code": built.code, "failed": built.failed})
        warned = [check.name for check in built.checks if check.found]
        if not built.code and FRESHNESS in warned:
            send_alert("Matches are stored as live that ended long ago.", {"warned": warned})
        raise typer.Exit(built.code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def docs(context: typer.Context, no_wait: NoWait = False) -> None:
    """Describe the final tables in a site of one file: `dbt docs generate`.

    Further arguments go to dbt.
    """
    with handle_errors():
        from extract.transform.dbt import generate_docs

        code, site = generate_docs(context.args, say, wait=not no_wait)
        if not code:
            say(f"The documentation is {site}: open it in a browser.")
        raise typer.Exit(code)


@app.command()
def report(
    output: Annotated[Path, typer.Option(metavar="FILE", help="The page; it is replaced.")] = Path(
        "report.html"
    ),
    no_wait: NoWait = False,
) -> None:
    """Show the state of the warehouse in one HTML page, which needs no network.

    What is stored and how fresh it is, runs and what they cost, corrections, checks that warn, and
    what is due next.
    """
    with handle_errors():
        from extract.report import write_report

        write_report(output, say, wait=not no_wait)
        say(f"The report is {output.resolve()}: open it in a browser.")


@app.command()
def query(
    sql: Annotated[str | None, typer.Argument(metavar="[SQL]", help="What to ask.")] = None,
    csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            metavar="",
            help="Print the rows as CSV in UTF-8, not as a table. Values are as they are: a "
            "spreadsheet may take text that begins with =, +, - or @ for a formula.",
        ),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help=f"Rows to print at most, 0 for all: {_ROWS_ON_A_TERMINAL} on a terminal and all "
            "elsewhere by default.",
        ),
    ] = None,
) -> None:
    """Ask the final tables in SQL; without a query, open a shell: harlequin, duckdb or psql.

    A query is one statement that reads; the shell cannot change the warehouse. Times are in UTC.

        python -m extract query "select * from league_table limit 5"
    """
    with handle_errors():
        from extract.warehouse.query import query as run_query
        from extract.warehouse.query import shell_command, shell_environment

        if sql is None:
            command = shell_command()
            os.execvpe(command[0], command, shell_environment())  # noqa: S606 - a program by name
        is_terminal = sys.stdout.isatty()
        if limit is None and is_terminal:
            limit = _ROWS_ON_A_TERMINAL
        names, rows, has_more = run_query(sql, limit or None)
        if csv:
            _print_csv([names, *rows], is_terminal)
        else:
            from extract.cli.tables import print_rows

            print_rows(Console(), names, rows)
        if has_more:
            say(f"Only the first {limit:,} row(s) are printed: --limit 0 prints all of them.")


def _print_csv(rows: Iterable[Sequence[Any]], is_terminal: bool) -> None:
    text = StringIO()
    writer(text, lineterminator="\n").writerows(rows)
    if is_terminal:
        print(printable(text.getvalue()), end="")
        return
    # Whatever the locale is: no other encoding has all characters.
    sys.stdout.buffer.write(text.getvalue().encode())
    sys.stdout.buffer.flush()


@app.command(epilog=EXIT_CODES)
def compare(
    test: Annotated[
        Literal["single", "chunk", "compare", "all"],
        typer.Option(
            metavar="single|chunk|compare|all",
            help="`single`: one batch; `chunk`: batches; `compare`: one call per fixture, then "
            "batches; `all`: all of it.",
        ),
    ] = "compare",
    batch_size: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=100, help="Fixtures in a call, not the setting."),
    ] = None,
    league_id: Annotated[
        int | None, typer.Option(metavar="ID", min=1, help="Fixtures of this league.")
    ] = None,
    season_id: SeasonId = None,
    fixture_count: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="How many fixtures.")
    ] = 50,
    max_calls: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Ask for nothing if it would take more calls."),
    ] = 500,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Show what batches save: the same fixtures by one call each and in batches.

    Nothing is written. Fixtures are the newest that the warehouse knows, or the first that the API
    lists.

        python -m extract compare --fixture-count 200
    """
    with handle_errors():
        from extract.cli.progress_bar import ConsoleProgress
        from extract.cli.tables import print_comparison
        from extract.diagnostics.batch_benchmark import Options
        from extract.diagnostics.batch_benchmark import compare as run_compare

        messages = Messages(Console(stderr=as_json), "debug" if verbose else "info")
        options = Options(test, batch_size, league_id, season_id, fixture_count, max_calls)
        found = run_compare(options, ConsoleProgress(messages))
        print_comparison(messages, found)
        if as_json:
            print(json.dumps(found.to_dict()))
        if any(each.failed for each in found.measured):
            raise typer.Exit(1)


@app.command(
    epilog="Exit codes: **0** no check failed, **1** one did, **2** an option is wrong, "
    "**130** stopped by Ctrl-C."
)
def doctor(offline: NoCall = False, as_json: AsJson = False) -> None:
    """Check this installation, and say what to do where something is wrong.

    Looks at versions, settings, token, API (one call), database, tables, the dbt project and disk
    space. Changes nothing.
    """
    with handle_errors():
        from extract.cli.tables import print_check
        from extract.diagnostics.doctor import run_checks

        console = Console(stderr=as_json)
        results = []
        for result in run_checks(offline):
            print_check(console, result)
            results.append(result)
        if as_json:
            print(json.dumps([asdict(result) for result in results]))
        if any(result.status == "fail" for result in results):
            raise typer.Exit(1)


def _nothing_to_build(standing: "LastBuild") -> str:
    from extract.transform.up_to_date import describe_oddities

    built_at = f"{standing.built_at.astimezone(UTC):%H:%M:%S} UTC"
    text = f"Nothing has changed since the transform of {built_at}: there is nothing to build."
    for check in standing.warned:
        if check.is_ours:
            text += f" {check.name} found {check.found:,}."
    if oddities := [check for check in standing.warned if not check.is_ours]:
        text += f" {describe_oddities(oddities)}."
    return text
