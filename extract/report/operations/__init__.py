"""The operations page: the state of the warehouse for the engineer, as one HTML file."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from extract.report.operations.data import read_operations_data
from extract.report.operations.page import render
from extract.warehouse.base import OnWait
from extract.warehouse.query import open_query_when_free
from extract.warehouse.target import published_path


def write_page(
    path: Path,
    on_wait: OnWait,
    wait: bool = True,
    football: str | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> None:
    """Writes a page on what needs attention, how fresh the data are, what runs cost, and more.

    The page is one file that needs no network. Its size does not grow with the fixtures: long
    tables show their newest rows and the number of all rows. It is read from the published copy if
    there is one, and from the warehouse otherwise, and only read: a role that may read the final
    tables can make it, without the parts that need others.

    Args:
        path: the HTML file; it is replaced.
        on_wait: called with a line when waiting begins.
        wait: whether to wait for another process that uses the warehouse.
        football: the address of the football pages, relative to the file; None without them.
        on_step: called with what is read now.

    Raises:
        UsageError: there are no tables yet, or a setting is wrong.
        OSError: the file cannot be written.
        ExtractError: another process uses the warehouse, or it cannot be reached.
    """
    copy = published_path()
    published_at = None
    if copy and copy.exists():
        published_at = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
    with open_query_when_free(on_wait, wait) as query:
        data = read_operations_data(query, datetime.now(UTC), on_step, published_at)
    on_step("the page")
    path.write_text(render(data, football), encoding="utf-8")
