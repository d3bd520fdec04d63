"""`demo` and `simulator`: the job and the API on simulated data."""

import os

import typer

from extract import interrupts
from extract.errors import command_line


def demo() -> None:
    """Run the whole job on simulated data: plan, extract, transform, and a few queries.

    Needs no token and no network. Writes `demo.duckdb` into the working directory.
    """
    # Settings of the real job that must not apply here.
    for name in ("PUBLISH", "ALERT_URL"):
        os.environ[f"SOURCES__SPORTMONKS__{name}"] = ""
    # Ctrl-C reaches the step that is running, which ends the demo with its exit code.
    with interrupts.handling(lambda: None):
        from simulator.demo import main

        raise typer.Exit(main(command_line))


def simulator(context: typer.Context) -> None:
    """Serve a simulated Sportmonks API on this machine; `--help` lists its options."""
    # It handles Ctrl-C itself.
    with interrupts.handling(lambda: None):
        from simulator.__main__ import app

        app(context.args, prog_name=context.command_path)
