"""The command line: `python -m extract`."""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from extract.errors import ArgumentError, ExtractError, UnreadableSettingsError, UsageError
from extract.lines import Level, Lines, printable

if TYPE_CHECKING:
    from extract.reporter import Reporter
    from extract.run import Bounds
    from extract.selection import Selection
    from extract.standing import Standing

PROJECT = Path(__file__).resolve().parent.parent

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

NoWait = Annotated[
    bool,
    typer.Option(
        "--no-wait",
        metavar="",
        help="Stop with exit code 1 if another process uses the warehouse, instead of waiting.",
    ),
]
EXIT_CODES = (
    "Exit codes: **0** everything was answered, **1** something failed and the same command takes "
    "it up again, **2** something you gave is wrong, **130** stopped by Ctrl-C."
)


@app.callback()
def read_dotenv() -> None:
    """Sets what stands in `.env` and is not in the environment already."""
    file = PROJECT / ".env"
    with _errors_in_one_line():
        try:
            load_dotenv(file)
        except ValueError as error:
            # Bytes that are no text, or a NUL, which no variable can hold.
            raise UsageError(f"{file} is not a text file: see .env.example.") from error
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from error


FixtureIds = Annotated[
    str | None, typer.Option(metavar="ID,ID,…", help="Exactly these fixtures, due or not.")
]
IdsFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="The fixtures in this file, or in standard input: ids between commas, blanks or "
        "line ends.",
    ),
]
LeagueId = Annotated[
    int | None,
    typer.Option(
        metavar="ID",
        min=1,
        help="Only this league: its current season, or those that `--seasons` names.",
    ),
]
SeasonId = Annotated[int | None, typer.Option(metavar="ID", min=1, help="This season.")]
SeasonsOption = Annotated[
    str | None,
    typer.Option(
        metavar="all|YEARS|IDS",
        help="Seasons of the plan: `all`, those that start in some years (`2024`, `2019..2025`), "
        "or ids between commas.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="Fixtures that kick off on this day or later (YYYY-MM-DD, UTC), at most 100 days.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The last of these days; today if it is left out."),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        metavar="",
        help="Ask for every fixture of the selection, due or not, and for lists and reference "
        "data.",
    ),
]
ChunkSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=100_000,
        help="Fixtures that are committed together, instead of the setting.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar="",
        help="Print the result as JSON; everything else to standard error.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", metavar="", help="Say only what went wrong; a result is shown still."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", metavar="", help="Print a line for each call of the API.")
]
LogFormat = Annotated[
    Literal["text", "json"],
    typer.Option(
        metavar="text|json",
        help="`json`: all that is said is a JSON object in a line of standard error.",
    ),
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        metavar="",
        help="Spend no call: plan with what the warehouse knows.",
    ),
]


NoCall = Annotated[
    bool,
    typer.Option("--offline", metavar="", help="Spend no call: leave the API out."),
]


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
    with _errors_in_one_line(alerting=not dry_run, logs=logs):
        from extract.run import Bounds

        reporter = _reporter(quiet, verbose, logs, as_json)
        selection = _selection(
            fixture_ids, ids_file, league_id, season_id, seasons, since, until, force
        )
        bounds = Bounds(chunk_size, max_calls, max_minutes)
        if dry_run:
            _plan(selection, bounds, reporter, no_wait=no_wait, as_json=as_json, offline=False)
        else:
            _run(selection, bounds, reporter, no_wait=no_wait, as_json=as_json, logs=logs)


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
    with _errors_in_one_line(logs=logs):
        from extract.run import Bounds

        reporter = _reporter(quiet, verbose, logs, as_json)
        selection = _selection(
            fixture_ids, ids_file, league_id, season_id, seasons, since, until, force
        )
        bounds = Bounds(chunk_size)
        _plan(selection, bounds, reporter, no_wait=no_wait, as_json=as_json, offline=offline)


def _reporter(quiet: bool, verbose: bool, logs: bool, as_json: bool) -> "Reporter":
    from extract.reporter import Reporter

    if quiet and verbose:
        raise ArgumentError("Give either --quiet or --verbose.")
    least: Level = "warning" if quiet else "debug" if verbose else "info"
    return Reporter(Console(stderr=logs or as_json), least, logs)


def _run(
    selection: "Selection",
    bounds: "Bounds",
    reporter: "Reporter",
    *,
    no_wait: bool,
    as_json: bool,
    logs: bool,
) -> None:
    from extract.run import run as run_extract

    summary = run_extract(selection, bounds, reporter, wait=not no_wait)
    reporter.summary(summary)
    document = {
        "run_id": summary.run_id,
        "outcome": summary.outcome,
        **summary.counts(),
        "failed_ids": summary.failed_ids,
        "failures": dict(summary.failure_notes.most_common()),
    }
    if as_json:
        print(json.dumps(document))
    held = summary.outcomes["held"]
    # What Ctrl-C keeps from being confirmed is held, too.
    if summary.outcome == "failed" or (held and summary.outcome != "interrupted"):
        _alert(
            f"Run {summary.run_id} into the {summary.warehouse} {summary.outcome}: "
            f"{summary.asked:,} of {summary.due:,} due fixtures asked for, "
            f"{len(summary.failed_ids):,} failed, {held:,} held.",
            document,
            logs,
        )
    if summary.outcome == "interrupted":
        raise typer.Exit(interrupts.EXIT_CODE)
    if summary.outcome == "failed":
        raise typer.Exit(1)


def _plan(
    selection: "Selection",
    bounds: "Bounds",
    reporter: "Reporter",
    *,
    no_wait: bool,
    as_json: bool,
    offline: bool,
) -> None:
    from extract.run import plan as plan_run
    from extract.run import plan_offline

    find_out = plan_offline if offline else plan_run
    found = find_out(selection, bounds, reporter, wait=not no_wait)
    reporter.plan(found)
    if as_json:
        print(json.dumps(found.document()))
    if not found.is_complete:
        raise typer.Exit(1)


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
    with _errors_in_one_line(alerting=True):
        from extract.standing import find_standing

        # Before dbt is imported, which takes longer than this.
        is_plain = not context.args and not verbose
        if is_plain and (standing := find_standing(_say, wait=not no_wait)):
            _say(_nothing_to_build(standing))
            return

        from extract.build_reporter import BuildReporter
        from extract.transform import transform as run_transform

        reporter = BuildReporter(Console(), context.args, verbose)

        def end_failed(error: BaseException) -> None:
            def say() -> None:
                reporter.lost(error)
                _alert("The transform failed.", {"exit_code": 1, "failed": []})

            interrupts.end_process(say, code=1)

        built = run_transform(context.args, reporter, end_failed, wait=not no_wait)
        if built.code in (1, 2) and not built.has_wrong_arguments:
            _alert("The transform failed.", {"exit_code": built.code, "failed": built.failed})
        warned = [check.name for check in built.checks if check.found]
        if not built.code and FRESHNESS in warned:
            _alert("Matches are stored as live that ended long ago.", {"warned": warned})
        raise typer.Exit(built.code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def docs(context: typer.Context, no_wait: NoWait = False) -> None:
    """Describe the final tables in a site of one file: `dbt docs generate`.

    Further arguments go to dbt.
    """
    with _errors_in_one_line():
        from extract.transform import document

        code, site = document(context.args, _say, wait=not no_wait)
        if not code:
            _say(f"The documentation is {site}: open it in a browser.")
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
    with _errors_in_one_line():
        from extract.report import write_report

        write_report(output, _say, wait=not no_wait)
        _say(f"The report is {output.resolve()}: open it in a browser.")


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
    with _errors_in_one_line():
        from extract.query import query as run_query
        from extract.query import shell_command, shell_environment
        from extract.reporter import Reporter

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
            Reporter(Console()).rows(names, rows)
        if has_more:
            _say(f"Only the first {limit:,} row(s) are printed: --limit 0 prints all of them.")


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
    with _errors_in_one_line():
        from extract.compare import Options
        from extract.compare import compare as run_compare
        from extract.reporter import Reporter

        reporter = Reporter(Console(stderr=as_json), "debug" if verbose else "info")
        found = run_compare(
            Options(test, batch_size, league_id, season_id, fixture_count, max_calls),
            reporter,
        )
        reporter.comparison(found)
        if as_json:
            print(json.dumps(found.document()))
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
    with _errors_in_one_line():
        from extract.doctor import examine
        from extract.reporter import Reporter

        reporter = Reporter(Console(stderr=as_json))
        findings = []
        for finding in examine(offline):
            reporter.finding(finding)
            findings.append(finding)
        if as_json:
            print(json.dumps([asdict(finding) for finding in findings]))
        if any(finding.status == "fail" for finding in findings):
            raise typer.Exit(1)


def _nothing_to_build(standing: "Standing") -> str:
    from extract.standing import describe_oddities

    built_at = f"{standing.built_at.astimezone(UTC):%H:%M:%S} UTC"
    text = f"Nothing has changed since the transform of {built_at}: there is nothing to build."
    for check in standing.warned:
        if check.is_ours:
            text += f" {check.name} found {check.found:,}."
    if oddities := [check for check in standing.warned if not check.is_ours]:
        text += f" {describe_oddities(oddities)}."
    return text


def _say(line: str) -> None:
    Lines(Console(stderr=True)).say("info", line)


def _alert(text: str, details: Mapping[str, Any], logs: bool = False) -> None:
    lines = Lines(Console(stderr=True), as_json=logs)
    try:
        from extract.alert import alert
    except (ImportError, MemoryError) as error:
        # Where memory is short, what failed is said already.
        lines.say("warning", f"The alert could not be sent ({type(error).__name__}).")
        return
    alert(text, details, lambda line: lines.say("warning", line))


@contextmanager
def _errors_in_one_line(alerting: bool = False, logs: bool = False) -> Iterator[None]:
    lines = Lines(Console(stderr=True), as_json=logs)

    def say_stopped() -> None:
        lines.say("info", "Stopped by Ctrl-C.")

    try:
        with interrupts.handling(lambda: interrupts.end_process(say_stopped)):
            yield
    except ExtractError as error:
        lines.say("error", str(error))
        # The address for alerts is a setting, too.
        if alerting and not isinstance(error, ArgumentError | UnreadableSettingsError):
            _alert(str(error), {}, logs)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        # Such as a full disk.
        text = ": ".join(filter(None, [error.strerror or str(error), error.filename]))
        lines.say("error", f"{text}.")
        if alerting:
            _alert(f"{text}.", {}, logs)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        say_stopped()
        raise typer.Exit(interrupts.EXIT_CODE) from None


def _selection(
    fixture_ids: str | None,
    ids_file: str | None,
    league_id: int | None,
    season_id: int | None,
    seasons: str | None,
    since: str | None,
    until: str | None,
    force: bool,
) -> "Selection":
    from extract.selection import Selection, parse_seasons, parse_window

    if season_id is not None and seasons is not None:
        raise ArgumentError("Give either --season-id or --seasons.")
    if fixture_ids is not None and ids_file is not None:
        raise ArgumentError("Give either --fixture-ids or --ids-file.")
    chosen = (season_id,) if season_id is not None else None
    return Selection(
        fixture_ids=_fixture_ids(fixture_ids, ids_file),
        league_id=league_id,
        seasons=parse_seasons(seasons) if seasons is not None else chosen,
        window=parse_window(since, until),
        force=force,
    )


def _fixture_ids(listed: str | None, file: str | None) -> list[int] | None:
    """The ids that were given in one of two ways; None if in neither."""
    if listed is not None:
        return _parse_ids(listed, "--fixture-ids")
    if file is None:
        return None
    where = "Standard input" if file == "-" else file
    try:
        if file == "-":
            text = sys.stdin.read().removeprefix("\ufeff")
        else:
            text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ArgumentError(f"{where} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{where} is not a text file.") from error
    return _parse_ids(text, where, is_file=True)


def _parse_ids(text: str, where: str, is_file: bool = False) -> list[int]:
    ids = []
    for number, line in enumerate(text.splitlines(), start=1):
        for word in filter(None, re.split(r"[\s,;]+", line)):
            if not re.fullmatch(r"[0-9]{1,18}", word) or int(word) == 0:
                # A file that was named by mistake may hold a secret.
                shown = "a hidden value" if is_file else repr(word)
                raise ArgumentError(f"{where}, line {number}: {shown} is no fixture id.")
            ids.append(int(word))
    if not ids:
        raise ArgumentError(f"{where} holds no fixture id.")
    return ids
