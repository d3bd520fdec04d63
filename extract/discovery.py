"""Discovery: which fixtures exist, from lists without payloads, 1,000 rows in a call.

A season is listed as a whole from time to time, deleted fixtures with it. In between, only ids
above the highest known one are asked for: the API does not promise that ids ascend (Sportmonks
docs, best practices), so that the next whole listing has the last word.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from extract.client import SportmonksClient, reading_rows
from extract.payload import Fixture, read_fixture
from extract.schedule import DELETED
from extract.settings import Settings
from extract.warehouse import Warehouse, id_list

# Half of the 50 that the API allows in a filter: page numbers end at 20,000 rows (Sportmonks
# changelog, 2026-06-23), which the fixtures of 50 seasons may exceed.
_SEASONS_IN_A_LIST = 25


@dataclass(frozen=True)
class Listing:
    """One list of fixtures to be read.

    Attributes:
        endpoint: path of the list.
        filters: of the API, without `populate` and the seasons.
        season_ids: seasons to list, none for all.
        known: fixtures that need not be written again.
        is_whole: whether it is to hold all fixtures, so that an empty one is suspicious.
    """

    endpoint: str
    filters: str = ""
    season_ids: tuple[int, ...] = ()
    known: frozenset[int] = frozenset()
    is_whole: bool = False


@dataclass(frozen=True)
class Discovery:
    """Lists that are committed together.

    Attributes:
        title: says to a person what is done.
        listings: the lists. An empty first one is asked for a second time, for Sportmonks' ways to
            say that nothing was found are also what a hiccup looks like.
        rows: the rows of `discoveries` that say that it is done, by season where there are any;
            without the times that are those of the listing.
    """

    title: str
    listings: Sequence[Listing]
    rows: Mapping[int, Mapping[str, Any]]

    def halves(self) -> "list[Discovery]":
        """The same of half as many seasons each; none where it cannot be halved."""
        seasons = self.listings[0].season_ids
        middle = len(seasons) // 2
        return [
            Discovery(
                self.title,
                [replace(listing, season_ids=half) for listing in self.listings],
                {season_id: self.rows[season_id] for season_id in half},
            )
            for half in (seasons[:middle], seasons[middle:])
            if middle
        ]


def listing_times(warehouse: Warehouse, column: str = "listed_at") -> dict[str, datetime]:
    """When something was listed last, by its scope: a season, some days, or reference data."""
    return dict(warehouse.query(f"select scope, {column} from {warehouse.raw}.discoveries"))


def is_old(at: datetime | None, max_age: float, now: datetime) -> bool:
    """Whether something happened at least so many hours ago, or never."""
    return at is None or at <= now - timedelta(hours=max_age)


def listed_now(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A row of `discoveries` with the time of the listing, where it has none."""
    return {"listed_at": now, "extended_at": now, **row}


def discover_seasons(
    warehouse: Warehouse,
    settings: Settings,
    seasons: Mapping[int, bool],
    now: datetime,
    force: bool,
) -> Iterator[Discovery]:
    """What has to be listed to know the fixtures of some seasons.

    Args:
        warehouse: says what was listed when.
        settings: how old a listing may be.
        seasons: whether a season is over, by its id.
        now: the time.
        force: list all of them, however new their listing is.
    """
    listed_at, extended_at = listing_times(warehouse), listing_times(warehouse, "extended_at")
    whole: list[int] = []
    extended: list[int] = []
    for season_id, is_over in seasons.items():
        scope = _season(season_id)
        max_age = settings.finished_listing_max_age if is_over else settings.listing_max_age
        if force or is_old(listed_at.get(scope), max_age, now):
            whole.append(season_id)
        elif not is_over and is_old(extended_at.get(scope), settings.new_fixtures_max_age, now):
            extended.append(season_id)
    deleted = _known_deleted(warehouse) if whole else frozenset()
    for group in _groups(whole):
        yield Discovery(
            f"Listing the fixtures of {len(group)} season(s).",
            [
                Listing("football/fixtures", season_ids=group, is_whole=True),
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
    """What has to be listed to know the fixtures that kick off on some days, as above."""
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
            Listing(endpoint, filters, is_whole=True),
            Listing(endpoint, with_deleted, known=_known_deleted(warehouse)),
        ],
        {0: {"scope": scope}},
    )


def read_discovery(client: SportmonksClient, discovery: Discovery) -> Iterator[Fixture]:
    """The fixtures of all lists. Rows that move between the pages of a list may come twice.

    Raises:
        RequestError: the API does not answer.
    """
    first, *others = discovery.listings
    found = list(read_listing(client, first))
    if first.is_whole:
        listed = {fixture.season_id for fixture in found}
        empty = tuple(id for id in first.season_ids if id not in listed)
        if empty or not found:
            found += read_listing(client, replace(first, season_ids=empty))
    yield from found
    for listing in others:
        yield from read_listing(client, listing)


def read_listing(client: SportmonksClient, listing: Listing) -> Iterator[Fixture]:
    """The fixtures of one list, page by page.

    Raises:
        RequestError: the API does not answer.
    """
    seasons = listing.season_ids
    of_seasons = f"fixtureSeasons:{','.join(map(str, seasons))}" if seasons else ""
    filters = ";".join(filter(None, ["populate", listing.filters, of_seasons]))
    for answer in client.pages(listing.endpoint, {"filters": filters}):
        for row in answer.rows:
            with reading_rows():
                fixture = read_fixture(bytes(row))
            if fixture and not (fixture.id in listing.known and fixture.state_id == DELETED):
                yield fixture


def _known_deleted(warehouse: Warehouse) -> frozenset[int]:
    rows = warehouse.query(
        f"select id from {warehouse.raw}.fixture_index where state_id = {DELETED}"
    )
    return frozenset(id for (id,) in rows)


def _season(season_id: int) -> str:
    return f"season {season_id}"


def _groups(season_ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    ids = list(season_ids)
    for start in range(0, len(ids), _SEASONS_IN_A_LIST):
        yield tuple(ids[start : start + _SEASONS_IN_A_LIST])
