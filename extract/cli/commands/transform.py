"""`transform` and `docs`: run dbt on the warehouse."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from extract import interrupts
from extract.cli.exit_codes import handle_errors, send_alert, write_line
from extract.cli.options import NoWait
from extract.errors import ArgumentError

if TYPE_CHECKING:
    from extract.transform.up_to_date import LastBuild

# The dbt test that checks whether live fixtures are up to date.
FRESHNESS = "live_fixtures_are_recent"


def transform(
    context: typer.Context,
    no_wait: NoWait = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", metavar="", help="Print only warnings and errors.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", metavar="", help="Print all output of dbt.")
    ] = False,
) -> None:
    """Build the final tables: `dbt build` on the warehouse that `TARGET` selects.

    Builds only the tables and checks whose input has changed. If nothing has, dbt is not started.
    Everything is built when it was last built more than an hour ago, after a failure, and after a
    change of the project.

    Other arguments are passed to dbt; with any of them, nothing is left out:

        sportmonks transform --select +fixtures

        sportmonks transform --full-refresh
    """
    with handle_errors(alerting=True):
        if quiet and verbose:
            raise ArgumentError("Give either --quiet or --verbose.")
        run_transform(context.args, no_wait=no_wait, quiet=quiet, verbose=verbose)


def docs(context: typer.Context, no_wait: NoWait = False) -> None:
    """Generate the documentation as a site: the documents, the diagram of the tables, the lineage.

    The columns and the lineage are those of `dbt docs generate`. Other arguments are passed to dbt.
    """
    with handle_errors():
        from extract.report.documents import write_documents
        from extract.transform.dbt import generate_docs

        code, lineage = generate_docs(context.args, write_line, wait=not no_wait)
        if not code:
            site = write_documents(lineage, lineage.parent / "docs")
            write_line(f"The documentation is {site}: open it in a browser.")
        raise typer.Exit(code)


def run_transform(arguments: Sequence[str], *, no_wait: bool, quiet: bool, verbose: bool) -> None:
    """Runs `dbt build` unless nothing has changed, and sends an alert if it needs attention.

    Args:
        arguments: passed to dbt.
        no_wait: do not wait for another process that uses the warehouse.
        quiet: print only warnings and errors.
        verbose: print all output of dbt.

    Raises:
        typer.Exit: with dbt's exit code, if dbt ran.
    """
    from extract.transform.up_to_date import find_current_build
    from extract.warehouse.target import is_spark

    # Checked before dbt is imported, which takes longer than the check.
    can_skip = not arguments and not verbose and not is_spark()
    if can_skip and (last := find_current_build(write_line, wait=not no_wait)):
        if not quiet:
            write_line(_up_to_date(last))
        return
    with _garbage_collection_disabled():
        from extract.transform.dbt import transform
        from extract.transform.progress_bar import BuildReporter

        reporter = BuildReporter(Console(), arguments, verbose, quiet)

        def end_failed(error: BaseException) -> None:
            def write_last_lines() -> None:
                reporter.thread_failed(error)
                send_alert("The transform failed.", {"exit_code": 1, "failed": []})

            interrupts.end_process(write_last_lines, code=1)

        built = transform(arguments, reporter, end_failed, wait=not no_wait)
    if built.code in (1, 2) and not built.has_wrong_arguments:
        send_alert("The transform failed.", {"exit_code": built.code, "failed": built.failed})
    warned = [check.name for check in built.checks if check.found]
    if not built.code and FRESHNESS in warned:
        send_alert("Fixtures that ended long ago are stored as live.", {"warned": warned})
    raise typer.Exit(built.code)


@contextmanager
def _garbage_collection_disabled() -> Iterator[None]:
    """Disables garbage collection: dbt keeps the parsed project until it ends.

    It would take an eighth of the time of a small transform.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _up_to_date(last: "LastBuild") -> str:
    from extract.transform.up_to_date import describe_provider_problems

    built_at = f"{last.built_at.astimezone(UTC):%H:%M:%S} UTC"
    text = f"Nothing has changed since the transform of {built_at}: dbt is skipped."
    for check in last.warned:
        if check.is_ours:
            text += f" {check.name} found {check.found:,}."
    if problems := [check for check in last.warned if not check.is_ours]:
        text += f" {describe_provider_problems(problems)}."
    return text
