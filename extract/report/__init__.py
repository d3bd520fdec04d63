"""The state of the warehouse as one page: `make report`."""

from datetime import UTC, datetime
from pathlib import Path

from extract.errors import UsageError
from extract.report.charts import draw
from extract.report.figures import read_report_data
from extract.report.page import render
from extract.transform.checks import find_failed_checks
from extract.warehouse.base import OnWait
from extract.warehouse.query import open_query


def write_report(path: Path, on_wait: OnWait, wait: bool = True) -> None:
    """Writes a page that shows what is stored, how fresh it is, what it costs and what warns.

    The page is one file that needs no network. Its size does not grow with the fixtures: long
    tables show their newest rows and say how many there are.

    Args:
        path: of the HTML file; it is replaced.
        on_wait: told who or what is waited for.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Raises:
        UsageError: there is nothing to show yet, or the file cannot be written.
        ExtractError: another process holds the warehouse, or it does not answer.
    """
    warnings = find_failed_checks(on_wait, wait)
    with open_query() as query:
        figures = read_report_data(query, warnings, datetime.now(UTC))
    page = render(figures, draw(figures))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
