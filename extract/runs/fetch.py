"""Fetches the wanted fixtures, chunk by chunk, through Ctrl-C."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from extract import interrupts
from extract.errors import AccessError, ExtractError
from extract.planning.chunks import Chunks, asked_apart
from extract.planning.due import DueFixture
from extract.planning.work_list import Wanted
from extract.runs.context import Session
from extract.runs.summary import Chunk
from extract.source.stored_fixtures import WarehouseFixtures
from extract.warehouse.base import id_list

_RESOURCES = (
    "fixtures",
    "fixture_versions",
    "fixture_checks",
    "api_calls",
    "runs",
    "unlisted_types",
)


def fetch(session: Session, wanted: Wanted) -> None:
    """Asks for the fixtures, and commits the answers of each chunk.

    Raises:
        ExtractError: the API is down, or the database cannot be reached.
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    summary, client, warehouse = session.summary, session.client, session.warehouse
    summary.due, summary.known = len(wanted.due), wanted.known
    summary.resumed = wanted.resumed
    if client.down:
        raise client.down
    known_types = {id for (id,) in warehouse.query(f"select id from {warehouse.raw}.types")}
    chunks = Chunks(
        warehouse,
        wanted.due,
        session.settings.chunk_size,
        session.settings.batch_size,
        lambda: client.stopped,
    )
    session.pace.begin()
    with session.reporter.fetching(len(wanted.due), wanted.known):
        for chunk in chunks:
            summary.asked_by_others = chunks.asked_by_others
            try:
                _fetch_chunk(session, chunk, known_types or None)
            except AccessError as error:
                if summary.asked:
                    raise ExtractError(str(error)) from error
                raise
            session.reporter.committed(summary.asked, len(wanted.due))
            if client.down:
                raise client.down
            if client.refusal:
                raise ExtractError(client.refusal)
            if client.stopped:
                break
    summary.asked_by_others = chunks.asked_by_others


def _fetch_chunk(
    session: Session, chunk: Sequence[DueFixture], known_types: set[int] | None
) -> None:
    summary, began = session.summary, time.monotonic()
    ids = [fixture.id for fixture in chunk]
    source = session.source(
        fixture_ids=ids,
        apart=asked_apart(chunk),
        stored=WarehouseFixtures(session.warehouse, ids),
        known_types=known_types,
        on_type_lookup=session.reporter.looking_up_types,
        run_row=summary.row,
    )
    seasons = list(dict.fromkeys(fixture.season_id for fixture in chunk))
    summary.chunks.append(Chunk(seasons))
    try:
        loading = session.load(
            source.with_resources(*_RESOURCES),
            lambda: session.reporter.loading(summary.chunks[-1].asked),
        )
    except (ExtractError, KeyboardInterrupt):
        summary.chunks.pop()
        raise
    hashes = dict(
        session.warehouse.query(
            f"select id, payload_hash from {session.warehouse.raw}.fixtures "
            f"where id in ({id_list(ids)})"
        )
    )
    if superseded := summary.chunks[-1].compare(hashes):
        session.reporter.warning(
            f"{superseded:,} fixtures are not stored as they were fetched: another run has stored "
            "newer payloads of them."
        )
    summary.loading_seconds += loading
    summary.fetching_seconds += time.monotonic() - began - loading


@contextmanager
def stopping_in_order(session: Session) -> Iterator[None]:
    """Lets the first Ctrl-C end the requests only, so that what was answered is committed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed again, which breaks off whatever is under way.
    """
    presses = 0

    def on_interrupt() -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            session.is_interrupted = True
            session.client.stop("interrupted")
            session.reporter.line(
                "Stopping: what was answered is committed. Ctrl-C again: at once."
            )
        elif presses == 2:
            interrupts.raise_in_main()
        else:
            interrupts.end_process(lambda: None)

    try:
        with interrupts.handling(on_interrupt):
            yield
    except Exception as error:
        if presses > 1:
            # What was broken off fails with an error of its own, such as DuckDB's queries.
            raise KeyboardInterrupt from error
        raise
