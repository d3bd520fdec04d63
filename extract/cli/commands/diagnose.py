"""`doctor` and `compare`: check the installation, and measure what batches save."""

import json
from dataclasses import asdict
from typing import Annotated, Literal

import typer
from rich.console import Console

from extract.cli.exit_codes import handle_errors
from extract.cli.messages import Messages
from extract.cli.options import AsJson, NoCall, SeasonId, Verbose

DOCTOR_EXIT_CODES = (
    "Exit codes: **0** no check failed, **1** a check failed, **2** invalid option, "
    "**130** stopped by Ctrl-C."
)


def doctor(offline: NoCall = False, as_json: AsJson = False) -> None:
    """Check this installation, and print how to fix what is wrong.

    Checks versions, settings, token, API (one call), database, tables, the dbt project and disk
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


def compare(
    test: Annotated[
        Literal["single", "chunk", "compare", "all"],
        typer.Option(
            metavar="single|chunk|compare|all",
            help="`single`: one batch; `chunk`: batches; `compare`: one call per fixture, then "
            "batches; `all`: all three.",
        ),
    ] = "compare",
    batch_size: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=100, help="Fixtures per call; overrides the setting."),
    ] = None,
    league_id: Annotated[
        int | None, typer.Option(metavar="ID", min=1, help="Fixtures of this league.")
    ] = None,
    season_id: SeasonId = None,
    fixture_count: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="Number of fixtures.")
    ] = 50,
    max_calls: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Send no request if more calls would be needed."),
    ] = 500,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Measure what batches save: fetch the same fixtures one per call and in batches.

    Nothing is written. It uses the newest fixtures in the warehouse, or the first that the API
    lists.

        sportmonks compare --fixture-count 200
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
