"""Serves the pages on this machine, and writes them again when a transform has ended."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from extract import interrupts
from extract.errors import BusyError, ExtractError, UsageError
from extract.warehouse.query import open_query
from extract.warehouse.target import (
    final_schema,
    is_duckdb,
    published_path,
    readable_duckdb_path,
)

ADDRESS = "127.0.0.1"
# Seconds between two looks at the warehouse.
_POLL = 5
_HEADERS = {
    # The rest of the policy is in the pages, which state it when they are opened from disk, too.
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The files change when they are written again.
    "Cache-Control": "no-cache",
}


def serve(
    folder: Path,
    port: int,
    write: Callable[[], object],
    on_line: Callable[[str], None],
) -> None:
    """Writes the pages, and serves them until Ctrl-C.

    Args:
        folder: the pages.
        port: the port on 127.0.0.1; 0 chooses a free one.
        write: writes the pages.
        on_line: called with lines about what happens.

    Raises:
        UsageError: the port is in use, or as in `write`.
        ExtractError: as in `write`.
    """
    try:
        # Before the pages are written, which takes a while. Requests wait until then.
        server = ThreadingHTTPServer((ADDRESS, port), partial(_Pages, directory=str(folder)))
    except OSError as error:
        raise UsageError(
            f"Port {port} cannot be used: {error.strerror}. --port names another."
        ) from error
    stopped = threading.Event()
    with server:
        watch = _Watch()
        with suppress(BusyError):
            # Before the pages are written: a transform may end meanwhile.
            watch.has_changed()
        # Ctrl-C still ends the process at once.
        write()
        watch.note()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        on_line(f"Serving the report on http://{ADDRESS}:{server.server_port} until Ctrl-C.")
        problem = ""
        with interrupts.handling(stopped.set):
            while not stopped.wait(_POLL):
                try:
                    if watch.has_changed():
                        write()
                        watch.note()
                    problem = ""
                except BusyError:
                    # A run writes the DuckDB file: the next look is in a moment.
                    continue
                except ExtractError as error:
                    if problem != (problem := str(error)):
                        on_line(f"The report was not written again: {problem}")
        server.shutdown()


class _Pages(SimpleHTTPRequestHandler):
    """The files of a folder, to pages of this machine only."""

    server_version = "sportmonks"
    sys_version = ""

    def send_head(self) -> Any:
        """Answers with a file. Another host's name for this machine may be an attack."""
        port = self.connection.getsockname()[1]
        if self.headers.get("Host") not in (f"{ADDRESS}:{port}", f"localhost:{port}"):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """Lists nothing."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        """Adds the headers of all responses."""
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Writes no line for a request."""


class _Watch:
    """Tells when a transform has ended since the pages were written.

    Raises:
        BusyError: another process uses the DuckDB file.
        ExtractError: the warehouse cannot be read.
    """

    def __init__(self) -> None:
        self._file: int | None = None
        self._seen: tuple[str, str] | None = None
        self._written: tuple[str, str] | None = None

    def has_changed(self) -> bool:
        """Whether the tables are newer than the pages."""
        file = _file_time()
        if file is None or file != self._file:
            note, tables = _find_version()
            # No note while a transform runs on PostgreSQL.
            if not note and self._seen:
                note = self._seen[0]
            self._seen = note, tables
            self._file = file
        return self._seen != self._written

    def note(self) -> None:
        """The pages were written from the tables as they are."""
        self._written = self._seen


def _file_time() -> int | None:
    """When the DuckDB file changed, which is cheaper to ask than the file; None on PostgreSQL."""
    return readable_duckdb_path().stat().st_mtime_ns if is_duckdb() else None


def _find_version() -> tuple[str, str]:
    """The note of the last transform, if there is one, and what changes with the tables."""
    copy = published_path()
    if copy and copy.exists():
        return "", str(copy.stat().st_mtime_ns)
    with open_query() as query:
        staging = f"{final_schema()}_staging"
        found = "select 1 from information_schema.tables where table_schema = '{}'"
        found = f"{found} and table_name = '{{}}'"
        note = tables = ""
        # A transform with arguments leaves none, and the role need not see it.
        if query(found.format(staging, "last_transform")).rows:
            note = str(query(f"select built_at from {staging}.last_transform").rows)
        if is_duckdb():
            # The file cannot be read while a transform writes it.
            tables = "" if note else str(_file_time())
        elif query(found.format(final_schema(), "fixture_quality")).rows:
            # The table that dbt builds last. A full refresh makes another one of the same rows.
            last = "max(loaded_at), count(*), 'fixture_quality'::regclass::oid"
            tables = str(query(f"select {last} from fixture_quality").rows)
        return note, tables
