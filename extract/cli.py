"""The command line: `python -m extract`."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from dotenv import load_dotenv
from rich.console import Console
from rich.markup import escape

from extract.errors import ExtractError, UsageError

PROJECT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    help="Sportmonks football data into a warehouse, as raw JSON and as final tables.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

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
    load_dotenv(PROJECT / ".env")


@app.command(epilog=EXIT_CODES)
def run(
    fixture_ids: Annotated[
        str | None, typer.Option(metavar="ID,ID,…", help="Exactly these fixtures.")
    ] = None,
    ids_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|-",
            help="The fixtures in this file, or in standard input: ids between commas, blanks or "
            "line ends.",
        ),
    ] = None,
    league_id: Annotated[
        int | None, typer.Option(metavar="ID", help="The current season of this league.")
    ] = None,
    season_id: Annotated[int | None, typer.Option(metavar="ID", help="This season.")] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            metavar="",
            help="Ask again: for fixtures that an interrupted run has fetched already, and for "
            "types, states, leagues and seasons.",
        ),
    ] = False,
    no_wait: NoWait = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            metavar="",
            help="Print the closing summary as JSON; everything else to standard error.",
        ),
    ] = False,
) -> None:
    """Fetch fixtures and merge their raw JSON into the warehouse.

    Without ids, league or season: all current seasons of your plan. `TARGET` (duckdb or postgres)
    says where to, `SOURCES__SPORTMONKS__API_TOKEN` holds the token, `.dlt/config.toml` explains
    the settings.

        python -m extract run --season-id 23614

        python -m extract run --fixture-ids 19146701,19146702

        psql -Atc "select …" | python -m extract run --ids-file -
    """
    with _errors_in_one_line():
        ids = _fixture_ids(fixture_ids, ids_file, league_id or season_id)

        from extract.report import Reporter
        from extract.run import Selection
        from extract.run import run as run_extract

        reporter = Reporter(Console(stderr=as_json))
        selection = Selection(ids, league_id, season_id, force)
        summary = run_extract(selection, reporter, wait=not no_wait)
        reporter.summary(summary)
        if as_json:
            document = {
                "run_id": summary.run_id,
                "outcome": summary.outcome,
                **summary.counts(),
                "failed_ids": summary.failed_ids,
            }
            print(json.dumps(document))
        if summary.outcome == "interrupted":
            raise typer.Exit(130)
        if summary.outcome == "failed":
            raise typer.Exit(1)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, epilog=EXIT_CODES
)
def transform(context: typer.Context, no_wait: NoWait = False) -> None:
    """Build the final tables: `dbt build` on the warehouse that `TARGET` names.

    Further arguments go to dbt:

        python -m extract transform --select fixtures

        python -m extract transform --full-refresh
    """
    with _errors_in_one_line():
        from extract.transform import transform as run_transform

        console = Console(stderr=True, highlight=False)

        def say(line: str) -> None:
            console.print(escape(line), soft_wrap=True)

        code = run_transform(context.args, say, wait=not no_wait)
        raise typer.Exit(code)


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    try:
        yield
    except ExtractError as error:
        Console(stderr=True).print(f"[red]Error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _fixture_ids(listed: str | None, file: str | None, other: int | None) -> list[int] | None:
    """The ids that were given in one of two ways; None if in neither."""
    if (listed is not None) + (file is not None) + (other is not None) > 1:
        raise UsageError(
            "Give either --fixture-ids, or --ids-file, or --league-id and --season-id."
        )
    if listed is not None:
        return _parse_ids(listed, "--fixture-ids")
    if file == "-":
        return _parse_ids(sys.stdin.read(), "Standard input")
    if file is not None:
        try:
            return _parse_ids(Path(file).read_text(), file)
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{file} is no text file.") from error
    return None


def _parse_ids(text: str, where: str) -> list[int]:
    ids = []
    for number, line in enumerate(text.splitlines(), start=1):
        for word in filter(None, re.split(r"[\s,;]+", line)):
            if not re.fullmatch(r"[0-9]{1,18}", word) or int(word) == 0:
                raise UsageError(f"{where}, line {number}: {word!r} is no fixture id.")
            ids.append(int(word))
    if not ids:
        raise UsageError(f"{where} holds no fixture id.")
    return ids
