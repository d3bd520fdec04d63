"""The step after the fixtures: lists of seasons, such as standings and topscorers.

Fixtures come first, because a backfill may need thousands of these lists. A run that is cut short
leaves the rest of them to the next one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from extract.config.endpoints import Endpoint, season_endpoints
from extract.errors import AccessError, DownError, RefusedError, RequestError
from extract.planning.season_lists import due_season_lists
from extract.planning.seasons import Season
from extract.runs.context import RunContext
from extract.source.reference import SeasonLists, listed_resource, reference_source
from extract.stop_reason import StopReason

# Seasons whose lists are committed together: a killed run loses at most these.
_SEASONS_IN_A_LOAD = 25
_AFTER_THE_END = timedelta(days=7)


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
    due_lists = {each: due[each.table] for each in season_endpoints() if due.get(each.table)}
    if due_lists:
        titles = [f"{each.table} of {_seasons(ids)}" for each, ids in due_lists.items()]
        with context.progress.working("Season lists", f"Fetching {', '.join(titles)}."):
            _fetch(context, due_lists, {id for id in seasons if _just_ended(seasons[id], now)})


def _just_ended(season: Season, now: datetime) -> bool:
    """Whether the season ended in the last seven days."""
    return season.ends_at is not None and timedelta(0) <= now - season.ends_at < _AFTER_THE_END


def _fetch(
    context: RunContext, due_lists: Mapping[Endpoint, Sequence[int]], just_ended: set[int]
) -> None:
    """Fetches lists, of all endpoints in one load: each load takes a quarter of a second."""
    refused: dict[tuple[Endpoint, str], list[int]] = {}

    def failed(endpoint: Endpoint, ids: Sequence[int], error: RequestError) -> None:
        if isinstance(error, DownError):
            context.stop(StopReason.from_error(error))
            context.progress.error(str(error))
        elif isinstance(error, AccessError | RefusedError):
            refused.setdefault((endpoint, str(error)), []).extend(ids)
        else:
            context.fail(f"Fetching {endpoint.table} of {_seasons(ids)} failed: {error}")

    remaining = dict(due_lists)
    while remaining and not context.client.stop_reason:
        lists = {
            endpoint.table: _season_lists(ids, _stored(context, endpoint), just_ended)
            for endpoint, ids in remaining.items()
        }
        source = reference_source(context.settings, context.client, failed, lists)
        context.load(source.with_resources(*lists, *map(listed_resource, remaining)))
        context.summary.season_lists += sum(each.read for each in lists.values())
        refused_lists = {(endpoint, id) for (endpoint, _), ids in refused.items() for id in ids}
        later = {
            endpoint: [
                id for id in lists[endpoint.table].later if (endpoint, id) not in refused_lists
            ]
            for endpoint in remaining
        }
        remaining = {endpoint: ids for endpoint, ids in later.items() if ids}
    for (endpoint, error), ids in refused.items():
        context.progress.warning(
            f"No {endpoint.table} of {_seasons(ids)}: {error} Going on without."
        )


def _season_lists(ids: Sequence[int], stored: set[int], just_ended: set[int]) -> SeasonLists:
    now, later = ids[:_SEASONS_IN_A_LOAD], ids[_SEASONS_IN_A_LOAD:]
    return SeasonLists(now, later, stored, must_have_rows=stored & just_ended)


def _stored(context: RunContext, endpoint: Endpoint) -> set[int]:
    warehouse = context.warehouse
    return {id for (id,) in warehouse.query(f"select id from {warehouse.raw}.{endpoint.table}")}


def _seasons(ids: Sequence[int]) -> str:
    return f"season {ids[0]}" if len(ids) == 1 else f"{len(ids):,} seasons"
