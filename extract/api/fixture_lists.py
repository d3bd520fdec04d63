"""Lists of fixtures without payloads, 1,000 rows in a call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from extract.api.client import SportmonksClient
from extract.api.responses import reading_rows
from extract.config.recheck_schedule import DELETED
from extract.payload.fixture import Fixture, read_fixture


@dataclass(frozen=True)
class Listing:
    """One list of fixtures to be read.

    Attributes:
        endpoint: path of the list.
        filters: of the API, without `populate` and the seasons.
        season_ids: seasons to list; empty for all.
        known: deleted fixtures that need not be written again.
        must_be_complete: whether the list must contain all fixtures, so that an empty response is
            suspicious.
    """

    endpoint: str
    filters: str = ""
    season_ids: tuple[int, ...] = ()
    known: frozenset[int] = frozenset()
    must_be_complete: bool = False


@dataclass(frozen=True)
class Discovery:
    """Lists that are committed together.

    Attributes:
        title: a line for people.
        listings: the lists. If the first one is empty, it is requested a second time: an empty
            response may be a transient error.
        rows: the rows of `listing_log` to write, by season if there are any; times that are
            missing are those of the listing.
    """

    title: str
    listings: Sequence[Listing]
    rows: Mapping[int, Mapping[str, Any]]

    def split(self) -> "list[Discovery]":
        """Two discoveries with half of the seasons each; none for a single season."""
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


def listed_now(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A row of `listing_log`; missing times are set to `now`."""
    return {"listed_at": now, "new_fixtures_checked_at": now, **row}


def read_discovery(client: SportmonksClient, discovery: Discovery) -> Iterator[Fixture]:
    """Reads all lists. Fixtures that move between the pages of a list may come twice.

    Raises:
        RequestError: a list cannot be read.
    """
    first, *others = discovery.listings
    found = list(read_listing(client, first))
    if first.must_be_complete:
        listed = {fixture.season_id for fixture in found}
        empty = tuple(id for id in first.season_ids if id not in listed)
        if empty or not found:
            found += read_listing(client, replace(first, season_ids=empty))
    yield from found
    for listing in others:
        yield from read_listing(client, listing)


def read_listing(client: SportmonksClient, listing: Listing) -> Iterator[Fixture]:
    """Reads one list, page by page.

    Raises:
        RequestError: a list cannot be read.
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
