"""Decides which lists of seasons have to be read, such as standings: one per endpoint and season.

Lists are read for the seasons of the selection, and not for given fixture ids. The list of a
finished season is read once more after its end; then it rarely changes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from extract.config.endpoints import Endpoint, season_endpoints
from extract.config.settings import Settings
from extract.planning.listings import is_old, listing_times
from extract.planning.seasons import Season, chosen_seasons
from extract.planning.selection import Selection
from extract.warehouse.base import Warehouse


def due_season_lists(
    warehouse: Warehouse,
    settings: Settings,
    selection: Selection,
    seasons: Mapping[int, Season],
    now: datetime,
) -> dict[str, list[int]]:
    """The seasons whose list is missing or too old, by raw table, newest season first.

    Args:
        warehouse: has the times of earlier requests.
        settings: how old a list may be.
        selection: whose seasons count. With `force`, all of their lists are read.
        seasons: the seasons of the plan.
        now: the time.

    Raises:
        UsageError: a league or season of the selection does not exist.
    """
    if selection.fixture_ids is not None:
        return {}
    listed_at = listing_times(warehouse)
    chosen = {season.id: season for season in _chosen(warehouse, selection, seasons)}
    followed = {season.id: season for season in _followed(selection, seasons)}
    due: dict[str, list[int]] = {}
    for endpoint in season_endpoints():

        def is_due(season: Season, endpoint: Endpoint = endpoint) -> bool:
            at = listed_at.get(endpoint.scope(season.id))
            is_final = season.is_over and not _is_before_end(season, at)
            if season.id not in chosen and (at is None or is_final):
                return False
            is_forced = selection.force and season.id in chosen
            return is_forced or is_old(at, endpoint.hours(settings, is_final), now)

        found = [id for id, season in (followed | chosen).items() if is_due(season)]
        if found:
            due[endpoint.table] = sorted(found, reverse=True)
    return due


def _chosen(
    warehouse: Warehouse, selection: Selection, seasons: Mapping[int, Season]
) -> list[Season]:
    if selection.window is None:
        return chosen_seasons(selection, seasons)
    found = warehouse.query(
        f"select distinct season_id from {warehouse.raw}.fixture_index where {selection.scope([])}"
    )
    return [seasons[id] for (id,) in found if id in seasons]


def _followed(selection: Selection, seasons: Mapping[int, Season]) -> Iterator[Season]:
    """Finished seasons, whose list a run without seasons and days reads once after their end."""
    if selection.seasons is None and selection.window is None:
        for season in seasons.values():
            if season.is_over and selection.league_id in (None, season.league_id):
                yield season


def _is_before_end(season: Season, at: datetime | None) -> bool:
    return bool(at and season.ends_at and at < season.ends_at)
