"""Fetches the due fixtures, chunk by chunk, and handles Ctrl-C."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from extract import interrupts
from extract.config.declared_columns import Declaration, read_declaration
from extract.errors import AccessError, ExtractError, UsageError
from extract.planning.chunks import Chunks, isolated_ids
from extract.planning.due import DueFixture
from extract.planning.includes import starting_sizes
from extract.planning.work_list import WorkList
from extract.runs.context import RunContext
from extract.runs.refresh import create_due_view
from extract.runs.summary import Chunk
from extract.source.fixtures import RunRecord, fixtures_source
from extract.source.outcome import Batch
from extract.source.reference import TypeLookup
from extract.source.stored_fixtures import WarehouseFixtures, sample_ids
from extract.stop_reason import INTERRUPTED, StopReason
from extract.warehouse.base import id_list


def fetch(context: RunContext, work: WorkList) -> None:
    """Requests the due fixtures, and commits the responses of each chunk.

    Raises:
        ExtractError: the API refuses all requests, or the database cannot be reached.
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    summary, client, warehouse = context.summary, context.client, context.warehouse
    summary.due, summary.known = len(work.due), work.known
    summary.resumed = work.resumed
    _raise_error(client.stop_reason)
    known_types = _known_types(context)
    # Until the first list of types is read, every type would be looked up.
    lookup = TypeLookup(client, known_types, context.progress.looking_up_types)
    types = lookup if known_types else None
    context.learn_from_warehouse()
    known_include = context.include.text
    chunks = Chunks(
        warehouse,
        work.due,
        *starting_sizes(warehouse, context.settings),
        lambda: client.stop_reason,
    )
    sample: list[int] = []
    declaration = _read_declaration(context) if work.due else None
    context.eta.begin()
    with context.progress.fetching(len(work.due), work.known):
        for due in chunks:
            summary.fetched_elsewhere = chunks.fetched_elsewhere
            # Read here and not by the requests that may need it: their threads share the warehouse.
            sample = sample or sample_ids(warehouse)
            try:
                chunk = _fetch_chunk(context, due, types, sample, declaration)
            except AccessError as error:
                if summary.requested:
                    raise ExtractError(str(error)) from error
                raise
            context.progress.committed(summary.requested, len(work.due))
            _raise_error(client.stop_reason)
            _raise_error(chunk.stop_reason)
            if client.stop_reason:
                break
    summary.fetched_elsewhere = chunks.fetched_elsewhere
    if context.include.text != known_include:
        # What the plan refuses makes no fixture due.
        create_due_view(context)


def _known_types(context: RunContext) -> set[int]:
    """The types that are not looked up: the stored ones, and those that were not found lately."""
    since = context.client.clock.now() - timedelta(hours=context.settings.type_max_age)
    rows = context.warehouse.query(
        f"select id from {context.warehouse.raw}.types "
        f"where payload is not null or fetched_at > timestamptz '{since.isoformat()}'"
    )
    return {id for (id,) in rows}


def _read_declaration(context: RunContext) -> Declaration | None:
    try:
        return read_declaration()
    except UsageError as error:
        context.progress.warning(
            f"The columns of the dbt project are not understood: {error}. Transforms read what is "
            "fetched more slowly."
        )
    return None


def _raise_error(reason: StopReason | None) -> None:
    if reason and reason.error:
        # Of the same text: an AccessError would mean that nothing was fetched.
        raise ExtractError(reason.text) from reason.error


def _fetch_chunk(
    context: RunContext,
    due: Sequence[DueFixture],
    types: TypeLookup | None,
    sample: Sequence[int],
    declaration: Declaration | None,
) -> Chunk:
    """Fetches and commits one chunk.

    Args:
        context: of the run.
        due: its fixtures.
        types: fetches types that the fixtures refer to.
        sample: a few stored fixtures.
        declaration: the columns that dbt reads, if they are known.
    """
    summary, began = context.summary, time.monotonic()
    ids = [fixture.id for fixture in due]
    seasons = list(dict.fromkeys(fixture.season_id for fixture in due))
    stored = WarehouseFixtures(context.warehouse, ids, sample)
    with summary.new_chunk(seasons) as chunk:

        def on_batch(batch: Batch) -> None:
            context.count_batch(chunk, batch)

        source = fixtures_source(
            ids,
            isolated_ids(due),
            settings=context.settings,
            client=context.client,
            batch_size=context.batch_size,
            include=context.include,
            stored=stored,
            types=types,
            declaration=declaration,
            run=RunRecord(summary.run_id, summary.row, on_batch, chunk.correct),
        )
        loading = context.load(source, lambda: context.progress.loading(chunk.requested))
    hashes = dict(
        context.warehouse.query(
            f"select id, payload_hash from {context.warehouse.raw}.fixtures "
            f"where id in ({id_list(ids)})"
        )
    )
    if superseded := chunk.compare(hashes):
        context.progress.warning(
            f"{superseded:,} fixtures are not stored as they were fetched: another run has stored "
            "newer payloads of them."
        )
    if chunk.failures:
        context.stop(StopReason("failed", f"{len(chunk.failures):,} fixtures failed"))
    summary.loading_seconds += loading
    summary.fetching_seconds += time.monotonic() - began - loading
    return chunk


@contextmanager
def stopping_in_order(context: RunContext) -> Iterator[None]:
    """On the first Ctrl-C, ends the requests only, so that received responses are committed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed a second time, which cancels the current step.
    """
    presses = 0

    def on_interrupt() -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            context.client.stop(INTERRUPTED)
            context.progress.line(
                "Stopping: received responses are committed. Ctrl-C again: at once."
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
            # A cancelled step may fail with an error of its own, as DuckDB's queries do.
            raise KeyboardInterrupt from error
        raise
