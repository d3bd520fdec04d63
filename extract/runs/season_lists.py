"""The step after the fixtures: lists of seasons, such as standings and topscorers.

Fixtures come first, because a backfill may need thousands of these lists. A run that is cut short
leaves the rest of them to the next one.
"""

from collections.abc import Mapping, Sequence

from extract.config.endpoints import Endpoint, season_endpoints
from extract.errors import AccessError, DownError, RefusedError, RequestError
from extract.planning.season_lists import due_season_lists
from extract.planning.seasons import Season
from extract.runs.context import RunContext
from extract.source.reference import SeasonLists, listed_resource, reference_source
from extract.stop_reason import StopReason

# Lists that are committed together: a killed run loses at most these.
_LISTS_IN_A_LOAD = 50


def fetch_season_lists(context: RunContext, seasons: Mapping[int, Season]) -> None:
    """Fetches the lists of the selected seasons that are missing or too old.

    A list that cannot be read makes the run fail in the end, but the others are fetched. A list
    that the API refuses is reported in one line, and requested again when it is too old.

    Raises:
        ExtractError: the token is wrong, or the database cannot be reached.
    """
    if context.client.stop_reason:
        return
    now = context.client.clock.now()
    due = due_season_lists(context.warehouse, context.settings, context.selection, seasons, now)
    for endpoint in season_endpoints():
        if season_ids := due.get(endpoint.table):
            title = f"Fetching {endpoint.table} of {_seasons(season_ids)}."
            with context.progress.working("Season lists", title):
                _fetch(context, endpoint, season_ids)


def _fetch(context: RunContext, endpoint: Endpoint, season_ids: Sequence[int]) -> None:
    refused: dict[str, list[int]] = {}

    def failed(_: Endpoint, ids: Sequence[int], error: RequestError) -> None:
        if isinstance(error, DownError):
            context.stop(StopReason.from_error(error))
            context.progress.error(str(error))
        elif isinstance(error, AccessError | RefusedError):
            refused.setdefault(str(error), []).extend(ids)
        else:
            context.fail(f"Fetching {endpoint.table} of {_seasons(ids)} failed: {error}")

    left = list(season_ids)
    while left and not context.client.stop_reason:
        group, left = left[:_LISTS_IN_A_LOAD], left[_LISTS_IN_A_LOAD:]
        lists = SeasonLists(group, left, _stored(context, endpoint))
        source = reference_source(context.settings, context.client, failed, {endpoint.table: lists})
        context.load(source.with_resources(endpoint.table, listed_resource(endpoint)))
        context.summary.season_lists += lists.read
        left = [id for id in left if not any(id in ids for ids in refused.values())]
    for error, ids in refused.items():
        context.progress.warning(
            f"No {endpoint.table} of {_seasons(ids)}: {error} Going on without."
        )


def _stored(context: RunContext, endpoint: Endpoint) -> set[int]:
    warehouse = context.warehouse
    return {id for (id,) in warehouse.query(f"select id from {warehouse.raw}.{endpoint.table}")}


def _seasons(ids: Sequence[int]) -> str:
    return f"season {ids[0]}" if len(ids) == 1 else f"{len(ids):,} seasons"
