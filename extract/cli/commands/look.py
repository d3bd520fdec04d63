"""`query` and `report`: read the final tables."""

import os
import sys
from collections.abc import Iterable, Sequence
from csv import writer
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from extract.cli.exit_codes import handle_errors, write_line
from extract.cli.options import NoWait
from extract.text import plain, printable

# Rows of a query that a terminal shows by default.
_ROWS_ON_A_TERMINAL = 500


def query(
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="The query; without it, a shell opens.")
    ] = None,
    csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            metavar="",
            help="Print the rows as CSV in UTF-8. Values are not escaped for spreadsheets, which "
            "may take text that begins with =, +, - or @ for a formula.",
        ),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help=f"Print at most this many rows, 0 for all. Default: {_ROWS_ON_A_TERMINAL} on a "
            "terminal, all elsewhere.",
        ),
    ] = None,
) -> None:
    """Query the final tables in SQL, or open a SQL shell: harlequin, duckdb or psql.

    A query is one statement that only reads. The shell is read-only, too. Times are in UTC.

        sportmonks query "select * from league_table limit 5"
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
            write_line(f"Only the first {limit:,} row(s) are printed. Use --limit 0 to print all.")


def report(
    output: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="The folder to write. A report that is there is replaced."
        ),
    ] = Path("report"),
    serve: Annotated[
        bool,
        typer.Option(
            "--serve",
            metavar="",
            help="Also serve the pages on this machine until Ctrl-C, and write them again when a "
            "transform has ended.",
        ),
    ] = False,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65_535, help="Port of --serve, 0 for a free one.")
    ] = 8750,
    no_wait: NoWait = False,
) -> None:
    """Write pages on football and on the job: a folder that needs no server and no network.

    The football pages show competitions, tables, teams, matches and players. They are made from the
    final tables alone. The operations page shows what needs attention, what is missing and due, and
    what runs cost.
    """
    with handle_errors():
        from extract.report.site import Site, write_site

        console = Console(stderr=True)

        def write() -> Site:
            with console.status("Opening the warehouse") as status:
                site = write_site(
                    output,
                    write_line,
                    wait=not no_wait,
                    on_step=lambda step: status.update(plain(f"Reading {step}")),
                )
            counts = site.counts
            write_line(f"The report is {site.index}: open it in a browser.")
            write_line(
                f"{counts.seasons:,} season(s), {counts.teams:,} team(s), {counts.matches:,} "
                f"match(es) and {counts.players:,} player(s): {site.files:,} files, "
                f"{site.size / 1e6:,.1f} MB, in {site.seconds:.1f} s."
            )
            if site.problem:
                write_line(site.problem)
            return site

        if not serve:
            if write().problem:
                raise typer.Exit(1)
        else:
            from extract.report.serve import serve as serve_folder

            serve_folder(output.resolve(), port, write, write_line)


def _print_csv(rows: Iterable[Sequence[Any]], is_terminal: bool) -> None:
    text = StringIO()
    writer(text, lineterminator="\n").writerows(rows)
    if is_terminal:
        print(printable(text.getvalue()), end="")
        return
    # UTF-8 in any locale: other encodings lack characters.
    sys.stdout.buffer.write(text.getvalue().encode())
    sys.stdout.buffer.flush()
