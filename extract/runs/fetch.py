"""Fetches the work fixtures, chunk by chunk, through Ctrl-C."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from extract import interrupts
from extract.errors import AccessError, ExtractError
from extract.planning.chunks import Chunks, isolated_ids
from extract.planning.due import DueFixture
from extract.planning.work_list import WorkList
from extract.runs.context import RunContext
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


def fetch(context: RunContext, work: WorkList) -> None:
    """Asks for the fixtures, and commits the answers of each chunk.

    Raises:
        ExtractError: the API is down, or the database cannot be reached.
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    summary, client, warehouse = context.summary, context.client, context.warehouse
    summary.due, summary.known = len(work.due), work.known
    summary.resumed = work.resumed
    if client.down:
        raise client.down
    known_types = {id for (id,) in warehouse.query(f"select id from {warehouse.raw}.types")}
    chunks = Chunks(
        warehouse,
        work.due,
        context.settings.chunk_size,
        context.settings.batch_size,
        lambda: client.stopped,
    )
    context.eta.begin()
    with context.progress.fetching(len(work.due), work.known):
        for chunk in chunks:
            summary.fetched_elsewhere = chunks.fetched_elsewhere
            try:
                _fetch_chunk(context, chunk, known_types or None)
            except AccessError as error:
                if summary.requested:
                    raise ExtractError(str(error)) from error
                raise
            context.progress.committed(summary.requested, len(work.due))
            if client.down:
                raise client.down
            if client.refusal:
                raise ExtractError(client.refusal)
            if client.stopped:
                break
    summary.fetched_elsewhere = chunks.fetched_elsewhere


def _fetch_chunk(
    context: RunContext, chunk: Sequence[DueFixture], known_types: set[int] | None
) -> None:
    summary, began = context.summary, time.monotonic()
    ids = [fixture.id for fixture in chunk]
    source = context.source(
        fixture_ids=ids,
        isolated=isolated_ids(chunk),
        stored=WarehouseFixtures(context.warehouse, ids),
        known_types=known_types,
        on_type_lookup=context.progress.looking_up_types,
        run_row=summary.row,
    )
    seasons = list(dict.fromkeys(fixture.season_id for fixture in chunk))
    summary.chunks.append(Chunk(seasons))
    try:
        loading = context.load(
            source.with_resources(*_RESOURCES),
            lambda: context.progress.loading(summary.chunks[-1].requested),
        )
    except (ExtractError, KeyboardInterrupt):
        summary.chunks.pop()
        raise
    hashes = dict(
        context.warehouse.query(
            f"select id, payload_hash from {context.warehouse.raw}.fixtures "
            f"where id in ({id_list(ids)})"
        )
    )
    if superseded := summary.chunks[-1].compare(hashes):
        context.progress.warning(
            f"{superseded:,} fixtures are not stored as they were fetched: another run has stored "
            "newer payloads of them."
        )
    summary.loading_seconds += loading
    summary.fetching_seconds += time.monotonic() - began - loading


@contextmanager
def stopping_in_order(context: RunContext) -> Iterator[None]:
    """Lets the first Ctrl-C end the requests only, so that what was answered is committed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed again, which breaks off whatever is under way.
    """
    presses = 0

    def on_interrupt() -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            context.is_interrupted = True
            context.client.stop("interrupted")
            context.progress.line(
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
