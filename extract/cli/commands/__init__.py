"""The commands of `sportmonks`, one group a module. Heavy imports wait until a command runs."""

import os
from pathlib import Path
from typing import Annotated

import typer
from dotenv import load_dotenv

from extract import __version__
from extract.cli.commands import diagnose, extract, lake, look, run, simulate, transform
from extract.cli.exit_codes import handle_errors
from extract.cli.options import EXIT_CODES
from extract.errors import UsageError

# dbt's and simulator's own options pass through.
_PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True}
_JOB, _RESULTS, _CHECKS, _TRIAL = "The job", "Results", "Diagnostics", "Simulated data"

app = typer.Typer(
    help="Load Sportmonks football data into DuckDB or PostgreSQL: raw JSON and final tables.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _print_version(is_given: bool) -> None:
    if is_given:
        print(f"sportmonks {__version__}")
        raise typer.Exit


@app.callback()
def configure(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Sets the variables of `.env` in the working directory that are not set yet."""
    file = Path(".env")
    with handle_errors():
        try:
            load_dotenv(file)
        except ValueError as error:
            # Bytes that are not UTF-8, or a NUL, which no variable can contain.
            raise UsageError(f"{file.resolve()} is not a text file: see .env.example.") from error
        except OSError as error:
            raise UsageError(f"{file.resolve()} cannot be read: {error.strerror}.") from error
    # dlt starts its telemetry when it is imported, before it knows this project's defaults.
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")


app.command(epilog=EXIT_CODES, rich_help_panel=_JOB)(extract.extract)
app.command(epilog=EXIT_CODES, rich_help_panel=_JOB)(extract.plan)
app.command(
    epilog=EXIT_CODES,
    rich_help_panel=_JOB,
    context_settings=_PASS_THROUGH,
    options_metavar="[OPTIONS] [DBT OPTIONS]",
)(transform.transform)
app.command(
    epilog=EXIT_CODES,
    rich_help_panel=_JOB,
    context_settings={"allow_extra_args": True},
    options_metavar="[OPTIONS] [-- DBT OPTIONS]",
)(run.run)
app.command(epilog=EXIT_CODES, rich_help_panel=_JOB)(lake.lake)
app.command(rich_help_panel=_RESULTS)(look.query)
app.command(rich_help_panel=_RESULTS)(look.report)
app.command(rich_help_panel=_RESULTS, context_settings=_PASS_THROUGH)(transform.docs)
app.command(epilog=diagnose.DOCTOR_EXIT_CODES, rich_help_panel=_CHECKS)(diagnose.doctor)
app.command(epilog=EXIT_CODES, rich_help_panel=_CHECKS)(diagnose.compare)
app.command(rich_help_panel=_TRIAL)(simulate.demo)
app.command(
    rich_help_panel=_TRIAL,
    # `--help` is the simulator's too.
    context_settings={**_PASS_THROUGH, "help_option_names": []},
)(simulate.simulator)
