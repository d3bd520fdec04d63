"""The operations page: the state of the warehouse as one HTML page."""

from datetime import UTC, datetime
from pathlib import Path

from extract.errors import UsageError
from extract.report.operations.charts import draw
from extract.report.operations.data import ReportData, read_report_data
from extract.report.operations.page import render
from extract.transform.checks import find_failed_checks, find_failed_checks_in_copy
from extract.warehouse.base import OnWait
from extract.warehouse.query import open_query
from extract.warehouse.target import published_path


def write_page(path: Path, on_wait: OnWait, wait: bool = True) -> None:
    """Writes a page on what is stored, how fresh it is, what runs cost, and what checks found.

    The page is one file that needs no network. Its size does not grow with the fixtures: long
    tables show their newest rows and the number of all rows. It is read from the published copy if
    there is one, and from the warehouse otherwise.

    Args:
        path: the HTML file; it is replaced.
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another process that uses the warehouse.

    Raises:
        UsageError: there are no tables yet, a setting is wrong, or the file cannot be written.
        ExtractError: another process uses the warehouse, it cannot be reached, or dbt failed.
    """
    data = _read(on_wait, wait)
    page = render(data, draw(data))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def _read(on_wait: OnWait, wait: bool) -> ReportData:
    copy = published_path()
    if copy and copy.exists():
        with open_query() as query:
            published_at = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
            warnings = find_failed_checks_in_copy(query)
            return read_report_data(query, warnings, datetime.now(UTC), published_at)
    warnings = find_failed_checks(on_wait, wait)
    with open_query() as query:
        return read_report_data(query, warnings, datetime.now(UTC))
