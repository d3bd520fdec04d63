"""The endpoints: from a request's path and parameters to the rows of its answer."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from simulator.api.behaviour import Settings
from simulator.api.includes import Include, absent, included_rows, parse_includes, selected
from simulator.api.pagination import Key, decode_cursor, paginate, pagination_object, read_place
from simulator.data.clock import DAY, day_start
from simulator.data.source import Row, Source
from simulator.errors import FILTERING, ApiError, incorrect
from simulator.randomness import generator, mix
from simulator.world.world import ARRAYS, RELATIONS

MOST_IDS = 50
"""Unique ids in one multi request, and values in one filter (documented)."""

LONGEST_RANGE = 100
"""Days of one between request (documented)."""

_RELATIONS = frozenset(RELATIONS)
_ARRAYS = frozenset(ARRAYS)
_STATIC_FILTERS = frozenset({"populate", "deleted", "isdeleted", "todaydate"})
_FIXTURE_FILTERS = frozenset({"fixtureseasons", "fixtureleagues", "fixturestates", "fixtureids"})
_NESTED_FILTERS = {"eventtypes": "events", "fixturestatistictypes": "statistics"}
# Documented, but about things that this world does not make: accepted and without effect.
_IDLE_FILTERS = frozenset(
    {"participantsearch", "venues", "havingodds", "havingpremiumodds", "markets", "bookmakers"}
    | {"winningodds"}
)


@dataclass(slots=True)
class Query:
    """One request as an endpoint sees it."""

    path: str
    url: str
    """The address without a query, as `next_page` shows it."""

    entity: str
    parameters: dict[str, str]
    filters: dict[str, list[str]]
    includes: dict[str, Include]
    call: int
    """The number of this request since the start: shuffles arrays differently each time."""

    after: Key | None = None
    zone: ZoneInfo | None = None
    verbatim: bool = True
    """Whether rows may be texts that nobody looks into any more."""

    whole: bool = False
    """Whether saved fixtures are served with all that they hold, asked for or not."""

    @property
    def populate(self) -> bool:
        """Whether the request asks for large pages without includes."""
        return "populate" in self.filters

    @property
    def deleted(self) -> bool:
        """Whether the request asks for deleted fixtures only."""
        return "deleted" in self.filters or "isdeleted" in self.filters

    def numbers(self, name: str) -> list[int] | None:
        """Return the whole numbers of a filter, or None where it is not given."""
        if name not in self.filters:
            return None
        values = self.filters[name]
        if not values or not all(is_whole(value) for value in values):
            raise incorrect(link=FILTERING)
        return [int(value) for value in values]


@dataclass(slots=True)
class Result:
    """What an endpoint found: one row or None, or rows and perhaps a pagination object."""

    one: Row | None = None
    rows: list[Row] | None = None
    pagination: dict[str, Any] | None = None
    empty_is_found: bool = False
    """Whether no rows are a normal answer (`data: []`) rather than "no result"."""


@dataclass(frozen=True, slots=True)
class Route:
    """An address, the entity that its quota belongs to, and what answers it."""

    pattern: re.Pattern[str]
    entity: str
    answer: Callable[[Endpoints, Query, re.Match[str]], Result]
    multi: bool = False
    whole: bool = False


@dataclass
class Endpoints:
    """All endpoints over one source."""

    source: Source
    settings: Settings = field(default_factory=Settings)

    # ------------------------------------------------------------------ reading a request

    def read(
        self, route: Route, path: str, url: str, parameters: dict[str, str], call: int
    ) -> Query:
        """Read and check the parameters that all endpoints share."""
        after: Key | None = None
        if "cursor" in parameters:
            for name in ("per_page", "order", "page"):
                if name in parameters:
                    raise incorrect(f"{name} cannot be used together with cursor")
            parameters, after = decode_cursor(parameters["cursor"], path)
        filters = _read_filters(parameters.get("filters", ""), route.entity)
        includes: dict[str, Include] = {}
        if "populate" not in filters:
            includes = parse_includes(
                parameters.get("include", ""), route.entity, route.multi, self.settings
            )
        if parameters.get("order", "asc") not in ("asc", "desc"):
            raise incorrect("The order parameter must be asc or desc.")
        zone: ZoneInfo | None = None
        if parameters.get("timezone", "UTC") != "UTC":
            try:
                zone = ZoneInfo(parameters["timezone"])
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise incorrect("The timezone is invalid.") from None
        return Query(
            path,
            url,
            route.entity,
            parameters,
            filters,
            includes,
            call,
            after,
            zone,
            whole=route.whole,
        )

    # ------------------------------------------------------------------ fixtures

    def multi(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `fixtures/multi/{ids}`."""
        texts = match["ids"].split(",")
        if not all(is_whole(text) for text in texts):
            raise incorrect()
        ids = list(dict.fromkeys(int(text) for text in texts))
        if len(ids) > MOST_IDS:
            if self.settings.too_many_ids == "refuse":
                raise incorrect(f"You can request a maximum of {MOST_IDS} fixtures by their ids.")
            del ids[MOST_IDS:]
        found = [fixture_id for fixture_id in ids if self._there(fixture_id, query)]
        found = self._with_filters(found, query)
        generator(query.call, len(found)).shuffle(found)
        return Result(rows=self._shape(found, query))

    def one_fixture(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `fixtures/{id}`."""
        fixture_id = int(match["id"])
        if not self._there(fixture_id, query):
            return Result()
        return Result(one=self._shape([fixture_id], query)[0])

    def fixtures(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `fixtures`: by id."""
        return self._fixture_page(self._candidates(query), query, by_start=False)

    def between(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `fixtures/between/{start}/{end}`: by kick-off, both days included."""
        start, end = _day(match["start"]), _day(match["end"])
        if end < start:
            raise incorrect("The end date must not be before the start date.")
        if (end - start).days > LONGEST_RANGE:
            raise incorrect(f"The date range can not be more than {LONGEST_RANGE} days.")
        return self._days(query, start, end)

    def on_date(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `fixtures/date/{date}`: by kick-off."""
        day = _day(match["start"])
        return self._days(query, day, day)

    def latest(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `fixtures/latest`: the world stands still between two moves of its clock."""
        return Result(rows=[], empty_is_found=True)

    def _days(self, query: Query, start: date, end: date) -> Result:
        ids = self.source.ids_between(
            day_start(start), day_start(end) + DAY, self._candidates(query)
        )
        return self._fixture_page(ids, query, by_start=True)

    def _there(self, fixture_id: int, query: Query) -> bool:
        source = self.source
        return (
            (fixture_id in source.deleted) is query.deleted
            and fixture_id not in source.withdrawn
            and source.knows(fixture_id)
        )

    def _candidates(self, query: Query) -> Sequence[int]:
        """Return the fixtures that the filters leave, ascending by id."""
        ids: Sequence[int]
        seasons = query.numbers("fixtureseasons")
        leagues = query.numbers("fixtureleagues")
        if query.deleted:
            ids = sorted(self.source.deleted - self.source.withdrawn)
        elif seasons is not None:
            ids = sorted(
                fixture_id
                for season_id in set(seasons)
                for fixture_id in self.source.fixture_ids(season_id)
            )
        elif leagues is not None:
            ids = self.source.league_fixture_ids(leagues)
        else:
            ids = self.source.fixture_ids()
        after = query.numbers("idafter")
        if after is not None:
            ids = ids[bisect.bisect_right(ids, after[0]) :]
        return self._with_filters(ids, query)

    def _with_filters(self, ids: Sequence[int], query: Query) -> list[int]:
        checks: list[tuple[str, set[int]]] = []
        for name, column in (
            ("fixtureids", "id"),
            ("fixtureseasons", "season_id"),
            ("fixtureleagues", "league_id"),
            ("fixturestates", "state_id"),
        ):
            wanted = query.numbers(name)
            if wanted is not None:
                checks.append((column, set(wanted)))
        chosen = list(ids)
        if "todaydate" in query.filters:
            today = self.source.now // DAY * DAY
            chosen = self.source.ids_between(today, today + DAY, chosen)
        for column, values in checks:
            if column == "id":
                chosen = [fixture_id for fixture_id in chosen if fixture_id in values]
            else:
                base = self.source.base
                chosen = [
                    fixture_id for fixture_id in chosen if base(fixture_id).get(column) in values
                ]
        return chosen

    def _fixture_page(self, ids: Sequence[int], query: Query, *, by_start: bool) -> Result:
        sort_by = query.parameters.get("sortBy") or ("starting_at" if by_start else None)
        if sort_by not in (None, "starting_at", "name"):
            raise incorrect(
                "Only the usage of the field(s): name or starting_at; is supported for custom "
                "sorting on the Fixture entity. You may leave the sortBy parameter empty to use "
                "the default sort"
            )
        key: Callable[[int], Key] | None = None
        if sort_by is not None:
            column = "starting_at_timestamp" if sort_by == "starting_at" else "name"
            keys: dict[int, Key] = {}
            for fixture_id in ids:
                value = self.source.base(fixture_id).get(column)
                keys[fixture_id] = (value is not None, value, fixture_id)
            key = keys.__getitem__
        return self._page(ids, query, key, lambda page: self._shape(page, query))

    def _page(
        self,
        ids: Sequence[int],
        query: Query,
        key: Callable[[int], Key] | None,
        build: Callable[[Sequence[int]], list[Row]],
    ) -> Result:
        place = read_place(query.parameters, query.populate, query.after)
        page, has_more = paginate(ids, place, key, query.parameters.get("order") == "desc")
        last: Key | None = None
        if page:
            last = key(page[-1]) if key else (page[-1],)
        pagination = pagination_object(
            self.settings, place, len(page), has_more, query.url, query.path, query.parameters, last
        )
        return Result(rows=build(page), pagination=pagination)

    # ------------------------------------------------------------------ shaping fixtures

    def _shape(self, ids: Sequence[int], query: Query) -> list[Any]:
        """Return the rows of some fixtures with what the request wants of them."""
        wanted = [name for name in query.parameters.get("select", "").split(",") if name]
        whole = self.source.as_saved and (query.whole or bool(query.includes))
        rows: list[Any] = []
        for fixture_id in ids:
            text = self.source.saved_text(fixture_id) if whole and not wanted else None
            if text is not None and query.verbatim and query.zone is None:
                rows.append(orjson.Fragment(text))
                continue
            if whole:
                row = self.source.serve(fixture_id, ())
            elif not query.includes:
                row = self.source.base(fixture_id)
            else:
                row = self._included(fixture_id, query)
            if wanted:
                for name in wanted:
                    if name not in row:
                        raise incorrect(
                            f"The select field '{name}' does not exist on this resource."
                        )
                row = selected(row, wanted)
            kickoff = row.get("starting_at_timestamp")
            if query.zone is not None and row.get("starting_at") and isinstance(kickoff, int):
                local = datetime.fromtimestamp(kickoff, UTC).astimezone(query.zone)
                row = {**row, "starting_at": local.strftime("%Y-%m-%d %H:%M:%S")}
            rows.append(row)
        return rows

    def _included(self, fixture_id: int, query: Query) -> Row:
        includes = query.includes
        full = self.source.serve(fixture_id, includes)
        is_base = self.source.is_base_field
        row = {key: value for key, value in full.items() if is_base(key, value)}
        turn = mix(fixture_id, query.call)
        for name, include in includes.items():
            if name not in full:
                # A known include that this world does not make; a dropped key stays away.
                if name not in _ARRAYS and name not in _RELATIONS:
                    row[name] = absent(name)
                continue
            value = full[name]
            if isinstance(value, list):
                value = included_rows(value, name, include, self.source.type)
                for filter_name, filtered in _NESTED_FILTERS.items():
                    types = query.numbers(filter_name) if filtered == name else None
                    if types is not None:
                        value = [item for item in value if item.get("type_id") in types]
                value = disordered(value, turn)
            row[name] = value
        return row

    # ------------------------------------------------------------------ reference data

    def leagues(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `leagues`."""
        return self._reference(query, self.source.leagues(), self._with_season(query))

    def one_league(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `leagues/{id}`."""
        for league in self.source.leagues():
            if league["id"] == int(match["id"]):
                return Result(one=self._with_season(query)(league))
        return Result()

    def _with_season(self, query: Query) -> Callable[[Row], Row]:
        if not query.includes:
            return lambda league: league
        seasons = self.source.seasons()

        def include(league: Row) -> Row:
            row = dict(league)
            own = [season for season in seasons if season.get("league_id") == league["id"]]
            for name in query.includes:
                if name == "currentseason":
                    current = [season for season in own if season.get("is_current")]
                    if self.source.as_saved:
                        # The newest, also where the saved seasons call none current.
                        current = current or own
                    row[name] = current[-1] if current else None
                elif name == "seasons":
                    row[name] = own
                else:
                    row[name] = absent(name)
            return row

        return include

    def seasons(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `seasons`, with the filter `seasonLeagues`."""
        rows = self.source.seasons()
        leagues = query.numbers("seasonleagues")
        if leagues is not None:
            rows = [row for row in rows if row.get("league_id") in leagues]
        return self._reference(query, rows, self._with_league(query))

    def one_season(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `seasons/{id}`."""
        for season in self.source.seasons():
            if season["id"] == int(match["id"]):
                return Result(one=self._with_league(query)(season))
        return Result()

    def _with_league(self, query: Query) -> Callable[[Row], Row]:
        if not query.includes:
            return lambda season: season
        leagues = {league["id"]: league for league in self.source.leagues()}

        def include(season: Row) -> Row:
            row = dict(season)
            for name in query.includes:
                row[name] = leagues.get(row["league_id"]) if name == "league" else absent(name)
            return row

        return include

    def states(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `states`."""
        return self._reference(query, self.source.states(), lambda row: row)

    def one_state(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `states/{id}`."""
        return Result(one=self.source.state(int(match["id"])))

    def types(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `core/types`."""
        return self._reference(query, self.source.types(), lambda row: row)

    def one_type(self, query: Query, match: re.Match[str]) -> Result:
        """Answer `core/types/{id}`, also for types that the list does not hold."""
        return Result(one=self.source.type(int(match["id"])))

    def _reference(self, query: Query, rows: list[Row], finish: Callable[[Row], Row]) -> Result:
        by_id = {row["id"]: row for row in rows}
        ids = sorted(by_id)
        after = query.numbers("idafter")
        if after is not None:
            ids = ids[bisect.bisect_right(ids, after[0]) :]
        return self._page(ids, query, None, lambda page: [finish(by_id[row_id]) for row_id in page])


def disordered(rows: list[Row], turn: int) -> list[Row]:
    """Return the rows in one of many orders; consumers must not depend on any of them.

    Cutting and dealing in three hands: a real shuffle costs as much as the rest of an answer.
    """
    if len(rows) < 2:
        return rows
    cut = turn % len(rows)
    cut_rows = rows[cut:] + rows[:cut]
    first = turn // len(rows) % 3
    hands = (cut_rows[first::3], cut_rows[(first + 1) % 3 :: 3], cut_rows[(first + 2) % 3 :: 3])
    return hands[0] + hands[1] + hands[2]


def _read_filters(text: str, entity: str) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for part in filter(None, text.split(";")):
        name, _, values = part.partition(":")
        name = name.strip().lower()
        known = name in ("populate", "idafter")
        if entity == "Fixture":
            known |= name in _STATIC_FILTERS or name in _FIXTURE_FILTERS
            known |= name in _NESTED_FILTERS or name in _IDLE_FILTERS
        elif entity == "Season":
            known |= name == "seasonleagues"
        if not known:
            raise incorrect(
                f"The filter '{name}' is not applicable on this endpoint", 5010, FILTERING
            )
        chosen = [value for value in values.split(",") if value]
        if len(chosen) > MOST_IDS:
            raise incorrect(
                f"The filter '{name}' takes a maximum of {MOST_IDS} values", 5006, FILTERING
            )
        filters[name] = chosen
    return filters


def is_whole(text: str) -> bool:
    """Say whether a text is a whole number that an id can be."""
    return text.isascii() and text.isdigit() and len(text) < 19


def _day(text: str) -> date:
    try:
        if len(text) != len("2026-03-14"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise incorrect("The date must have the form YYYY-MM-DD.") from None


def _route(
    pattern: str,
    entity: str,
    answer: Callable[[Endpoints, Query, re.Match[str]], Result],
    *,
    multi: bool = False,
    whole: bool = False,
) -> Route:
    return Route(re.compile(pattern + r"/?\Z"), entity, answer, multi, whole)


_ID = r"(?P<id>\d{1,18})"
ROUTES = [
    _route(
        r"football/fixtures/multi/(?P<ids>[^/]+)",
        "Fixture",
        Endpoints.multi,
        multi=True,
        whole=True,
    ),
    _route(r"football/fixtures", "Fixture", Endpoints.fixtures),
    _route(
        r"football/fixtures/between/(?P<start>[^/]+)/(?P<end>[^/]+)", "Fixture", Endpoints.between
    ),
    _route(r"football/fixtures/date/(?P<start>[^/]+)", "Fixture", Endpoints.on_date),
    _route(r"football/fixtures/latest", "Fixture", Endpoints.latest),
    _route(rf"football/fixtures/{_ID}", "Fixture", Endpoints.one_fixture, whole=True),
    _route(r"football/leagues", "League", Endpoints.leagues),
    _route(rf"football/leagues/{_ID}", "League", Endpoints.one_league),
    _route(r"football/seasons", "Season", Endpoints.seasons),
    _route(rf"football/seasons/{_ID}", "Season", Endpoints.one_season),
    _route(r"football/states", "State", Endpoints.states),
    _route(rf"football/states/{_ID}", "State", Endpoints.one_state),
    _route(r"core/types", "Type", Endpoints.types),
    _route(rf"core/types/{_ID}", "Type", Endpoints.one_type),
]


def find_route(path: str) -> tuple[Route, re.Match[str]]:
    """Return the endpoint of a path below `/v3/`."""
    for route in ROUTES:
        match = route.pattern.match(path)
        if match is not None:
            return route, match
    raise ApiError(404, "The requested endpoint does not exist", link=None)
