"""`run`: extract, then transform, in one process."""

from collections.abc import Callable

import typer

from extract import interrupts
from extract.cli.arguments import read_selection
from extract.cli.commands.extract import new_messages, run_extract
from extract.cli.commands.transform import run_transform
from extract.cli.exit_codes import handle_errors
from extract.cli.options import (
    ChunkSize,
    FixtureIds,
    Force,
    IdsFile,
    LeagueId,
    MaxCalls,
    MaxMinutes,
    NoWait,
    Quiet,
    SeasonId,
    SeasonsOption,
    Since,
    Until,
    Verbose,
)

# Exit codes of the extract after which there is no transform.
_STOPPING = (2, interrupts.EXIT_CODE)


def run(
    context: typer.Context,
    fixture_ids: FixtureIds = None,
    ids_file: IdsFile = None,
    league_id: LeagueId = None,
    season_id: SeasonId = None,
    seasons: SeasonsOption = None,
    since: Since = None,
    until: Until = None,
    force: Force = False,
    chunk_size: ChunkSize = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    no_wait: NoWait = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run `extract`, then `transform`, in one process.

    If something fails during the extract (exit code 1), the transform still builds what was
    fetched, and the exit code stays 1. There is no transform after exit code 2 or 130, or if the
    extract could not begin, for example because another process uses the warehouse.

    Arguments after `--` are passed to dbt:

        sportmonks run

        sportmonks run --seasons all -- --full-refresh
    """

    extract_codes: list[int] = []

    def fetch() -> None:
        from extract.runs.run import Bounds

        messages = new_messages(quiet, verbose)
        selection = read_selection(
            fixture_ids, ids_file, league_id, season_id, seasons, since, until, force
        )
        bounds = Bounds(chunk_size, max_calls, max_minutes)
        try:
            run_extract(selection, bounds, messages, no_wait=no_wait)
        except typer.Exit as end:
            extract_codes.append(end.exit_code)
        else:
            extract_codes.append(0)

    def build() -> None:
        run_transform(context.args, no_wait=no_wait, quiet=quiet, verbose=verbose)

    error_code = _exit_code(fetch)
    if not extract_codes:
        # The extract could not begin.
        raise typer.Exit(error_code)
    (code,) = extract_codes
    if code not in _STOPPING:
        build_code = _exit_code(build)
        code = code or build_code
    raise typer.Exit(code)


def _exit_code(step: Callable[[], None]) -> int:
    """Runs a step and returns the exit code that it would have as a command of its own."""
    try:
        with handle_errors(alerting=True):
            step()
    except typer.Exit as stop:
        return stop.exit_code
    return 0
