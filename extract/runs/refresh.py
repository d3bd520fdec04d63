"""The steps before the first fixture: unfinished loads, reference data, lists of fixtures."""

from collections.abc import Iterator, Sequence

import dlt
from dlt.extract import DltResource

from extract.api.fixture_lists import Discovery, listed_now
from extract.config.endpoints import ENDPOINT, Endpoint, reference_endpoints
from extract.config.includes import include_parts, is_default
from extract.config.recheck_schedule import read_schedule
from extract.errors import (
    AccessError,
    DownError,
    DroppedError,
    IncludeRefusedError,
    RefusedError,
    RequestError,
    TokenError,
)
from extract.planning.due import due_view
from extract.planning.includes import added_include, refused_includes
from extract.planning.listings import discover_seasons, discover_window, is_old, listing_times
from extract.planning.seasons import Season, chosen_seasons, plan_seasons
from extract.runs.context import RunContext
from extract.source.listing import listing_source
from extract.source.reference import listed_resource, reference_source
from extract.source.requested_include import refused_row
from extract.source.stored_fixtures import sample_ids
from extract.stop_reason import StopReason
from extract.warehouse import raw_tables as tables


def refresh(context: RunContext) -> dict[int, Season]:
    """Refreshes reference data and the lists of the selected fixtures, where they are too old.

    A list that cannot be read makes the run fail in the end, but it goes on with known fixtures.

    Returns:
        The seasons of the plan.

    Raises:
        UsageError: the token is wrong, or a league or season does not exist.
        ExtractError: the database cannot be reached.
    """
    _finish_abandoned(context)
    context.check_times()
    _refresh_references(context)
    _recheck_refused_includes(context)
    create_due_view(context)
    seasons = plan_seasons(context.warehouse)
    for discovery in _discoveries(context, seasons):
        with context.progress.working("Lists", discovery.title):
            _discover(context, discovery)
    return seasons


def _finish_abandoned(context: RunContext) -> None:
    """Loads what unfinished runs had fetched, before the first request."""
    try:
        context.loader.finish_abandoned(
            lambda: context.progress.line("Loading what a run had fetched that was cut short.")
        )
    except DroppedError as error:
        context.progress.warning(str(error))


def _refresh_references(context: RunContext) -> None:
    settings, now = context.settings, context.client.clock.now()
    listed_at = listing_times(context.warehouse)

    def is_due(endpoint: Endpoint) -> bool:
        table = f"{context.warehouse.raw}.{endpoint.table}"
        rows = context.warehouse.query(f"select 1 from {table} limit 1")
        return (
            context.selection.force
            or not rows
            or is_old(listed_at.get(endpoint.scope()), endpoint.hours(settings), now)
        )

    def failed(endpoint: Endpoint, _: Sequence[int], error: RequestError) -> None:
        if isinstance(error, DownError):
            context.stop(StopReason.from_error(error))  # reported when it ends the run
        elif isinstance(error, AccessError | RefusedError):
            context.progress.warning(f"No {endpoint.table}: {error} Going on without.")
        else:
            context.fail(f"Fetching {endpoint.table} failed: {error}")

    due = list(filter(is_due, reference_endpoints()))
    names = [endpoint.table for endpoint in due]
    missing = [] if context.warehouse.has_tables() else _empty_tables()
    if not names and not missing:
        return
    title = f"Fetching {', '.join(names)}." if names else "Making tables."
    with context.progress.working("Reference data", title):
        source = reference_source(settings, context.client, failed)
        source.resources.add(*missing)
        listed = map(listed_resource, due)
        context.load(source.with_resources(*names, *listed, *(each.name for each in missing)))


def _empty_tables() -> list[DltResource]:
    """Every raw table, so that dbt finds all of them, whatever was fetched so far."""
    return [
        dlt.resource(
            schema.empty_table(), name=f"empty_{name}", table_name=name, **tables.hints(name)
        )
        for name, schema in tables.SCHEMAS.items()
    ]


def _recheck_refused_includes(context: RunContext) -> None:
    """Requests default includes again that the plan refused some time ago, for one fixture."""
    warehouse, settings, now = context.warehouse, context.settings, context.client.clock.now()
    old = {
        part
        for part, at in refused_includes(warehouse).items()
        if context.selection.force or is_old(at, settings.type_max_age, now)
    }
    parts = [part for part in include_parts(settings.include) if part in old and is_default(part)]
    stored = sample_ids(warehouse)[:1] if parts else []
    rows = []
    for part in parts if stored else []:
        refused_at = None
        try:
            context.client.get(ENDPOINT, {"include": part}, stored)
            context.progress.line(f"The plan has the include {part} now.")
        except IncludeRefusedError:
            refused_at = context.client.clock.now()
        except (TokenError, DownError):
            raise
        except RequestError:
            continue
        rows.append(refused_row(part, refused_at, context.client.clock.now()))
    if rows:
        context.record({"listing_log": rows})


def create_due_view(context: RunContext) -> None:
    """Creates the view on the due fixtures anew."""
    warehouse = context.warehouse
    # With every run, as the schedule may have changed.
    settings = context.settings
    view = due_view(
        warehouse.raw, read_schedule(settings.schedule), added_include(warehouse, settings)
    )
    statement = f"create or replace view {warehouse.raw}.{tables.DUE} as {view}"
    warehouse.write("extract", lambda: warehouse.execute(statement))


def _discoveries(context: RunContext, seasons: dict[int, Season]) -> Iterator[Discovery]:
    """The lists of fixtures that are too old, or missing."""
    selection, now = context.selection, context.client.clock.now()
    if selection.fixture_ids is not None:
        return iter(())
    chosen = chosen_seasons(selection, seasons)
    arguments = (context.warehouse, context.settings)
    if selection.window is not None:
        return discover_window(
            *arguments, selection.window, selection.league_id, now, selection.force
        )
    if not chosen and not context.stop_reason:
        context.progress.warning("The plan has no league with a current season.")
    is_over = {season.id: season.is_over for season in chosen}
    return discover_seasons(*arguments, is_over, now, selection.force)


def _discover(context: RunContext, discovery: Discovery) -> None:
    try:
        context.load(listing_source(discovery, context.settings, context.client))
        # After the load, because each table of a load is committed by itself: after a kill in
        # between, the lists would count as read.
        now = context.client.clock.now()
        context.record({"listing_log": [listed_now(row, now) for row in discovery.rows.values()]})
    except (TokenError, DownError):
        raise
    except RequestError as error:
        # A refusal may be due to too many pages, too many seasons, or a season outside the plan.
        refused = isinstance(error, AccessError | RefusedError)
        halves = discovery.split() if refused else []
        for half in halves:
            _discover(context, half)
        if not halves:
            context.fail(f"{discovery.title.rstrip('.')} failed: {error}")
