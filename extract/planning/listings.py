"""Decides which lists of fixtures have to be read, 1,000 rows in a call and without payloads.

A season is listed as a whole from time to time, including deleted fixtures. In between, only ids
above the highest known one are listed. The API does not guarantee ascending ids (Sportmonks docs,
best practices): the next listing of the whole season finds what such a list has missed.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from extract.api.fixture_lists import Discovery, Listing
from extract.config.recheck_schedule import DELETED
from extract.config.settings import Settings
from extract.planning.due import PAYLOAD_IS_NEWER
from extract.warehouse.base import Warehouse, id_list

# Half of the 50 that the API allows in a filter: page numbers end at 20,000 rows (Sportmonks
# changelog, 2026-06-23), which the fixtures of 50 seasons may exceed.
_SEASONS_IN_A_LIST = 25


def listing_times(warehouse: Warehouse, column: str = "listed_at") -> dict[str, datetime]:
    """The time of the last listing by scope: a season, some days, or reference data."""
    return dict(warehouse.query(f"select scope, {column} from {warehouse.raw}.listing_log"))


def is_old(at: datetime | None, max_age: float, now: datetime) -> bool:
    """Whether a time is at least `max_age` hours ago, or None."""
    return at is None or at <= now - timedelta(hours=max_age)


def discover_seasons(
    warehouse: Warehouse,
    settings: Settings,
    seasons: Mapping[int, bool],
    now: datetime,
    force: bool,
) -> Iterator[Discovery]:
    """The lists to read for the fixtures of some seasons.

    Args:
        warehouse: has the times of earlier listings.
        settings: how old a listing may be.
        seasons: whether a season is over, by its id.
        now: the time.
        force: list all seasons, even if their listing is new.
    """
    listed_at, new_fixtures_checked_at = (
        listing_times(warehouse),
        listing_times(warehouse, "new_fixtures_checked_at"),
    )
    whole: list[int] = []
    extended: list[int] = []
    for season_id, is_over in seasons.items():
        scope = _season(season_id)
        max_age = settings.finished_listing_max_age if is_over else settings.listing_max_age
        if force or is_old(listed_at.get(scope), max_age, now):
            whole.append(season_id)
        elif not is_over and is_old(
            new_fixtures_checked_at.get(scope), settings.new_fixtures_max_age, now
        ):
            extended.append(season_id)
    deleted = _known_deleted(warehouse) if whole else frozenset()
    for group in _groups(whole):
        yield Discovery(
            f"Listing the fixtures of {len(group)} season(s).",
            [
                Listing("football/fixtures", season_ids=group, must_be_complete=True),
                Listing("football/fixtures", "deleted", group, deleted),
            ],
            {id: {"scope": _season(id)} for id in group},
        )
    for group in _groups(extended):
        ((highest,),) = warehouse.query(
            f"select coalesce(max(id), 0) from {warehouse.raw}.fixture_index "
            f"where season_id in ({id_list(group)})"
        )
        yield Discovery(
            f"Looking for new fixtures of {len(group)} season(s).",
            [Listing("football/fixtures", f"idAfter:{highest}", group)],
            {id: {"scope": _season(id), "listed_at": listed_at[_season(id)]} for id in group},
        )


def discover_window(
    warehouse: Warehouse,
    settings: Settings,
    window: tuple[date, date],
    league_id: int | None,
    now: datetime,
    force: bool,
) -> Iterator[Discovery]:
    """The lists to read for the fixtures that kick off on some days, as above."""
    since, until = window
    filters = f"fixtureLeagues:{league_id}" if league_id else ""
    scope = f"days {since} to {until}" + (f" of league {league_id}" if league_id else "")
    if not force and not is_old(listing_times(warehouse).get(scope), settings.listing_max_age, now):
        return
    endpoint = f"football/fixtures/between/{since}/{until}"
    with_deleted = ";".join(filter(None, ["deleted", filters]))
    yield Discovery(
        f"Listing the fixtures of {since} to {until}.",
        [
            Listing(endpoint, filters, must_be_complete=True),
            Listing(endpoint, with_deleted, known=_known_deleted(warehouse)),
        ],
        {0: {"scope": scope}},
    )


def _known_deleted(warehouse: Warehouse) -> frozenset[int]:
    """Fixtures that are listed as deleted, without those that a later response contained."""
    rows = warehouse.query(
        f"select id from {warehouse.raw}.fixture_index as listed "
        f"left join {warehouse.raw}.fixture_checks as checks using (id) "
        f"where listed.state_id = {DELETED} and ({PAYLOAD_IS_NEWER}) is not true"
    )
    return frozenset(id for (id,) in rows)


def _season(season_id: int) -> str:
    return f"season {season_id}"


def _groups(season_ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    ids = list(season_ids)
    for start in range(0, len(ids), _SEASONS_IN_A_LIST):
        yield tuple(ids[start : start + _SEASONS_IN_A_LIST])
