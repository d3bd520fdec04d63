"""`demo` and `simulator`: the job and the API on simulated data."""

import os

import typer

from extract import interrupts
from extract.errors import command_line


def demo() -> None:
    """Run the whole job on simulated data: plan, extract, transform, and a few queries.

    Needs no token and no network. Writes `demo.duckdb` into the working directory.
    """
    # Settings of the real job, perhaps in files of this folder, must not apply.
    os.environ |= {
        "SPORTMONKS_SCHEMA": "sportmonks",
        "SOURCES__SPORTMONKS__PUBLISH": "",
        "SOURCES__SPORTMONKS__ALERT_URL": "",
        "LAKE_URL": "",
    }
    # Ctrl-C reaches the step that is running, which ends the demo with its exit code.
    with interrupts.handling(lambda: None):
        from simulator.demo import main

        code = main(command_line)
    # Negative: a signal ended a step that was not ready to handle it.
    raise typer.Exit(128 - code if code < 0 else code)


def simulator(context: typer.Context) -> None:
    """Serve a simulated Sportmonks API on this machine; `--help` lists its options."""
    # It handles Ctrl-C itself.
    with interrupts.handling(lambda: None):
        from simulator.__main__ import app

        app(context.args, prog_name=context.command_path)
