"""Reading and checking the parameters that all endpoints share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.api.behaviour import Behaviour
from simulator.api.includes import Include, parse_includes
from simulator.api.pagination import Key, decode_cursor
from simulator.api.usage import Usage
from simulator.errors import FILTERING, incorrect

MAX_IDS = 50
"""Unique ids in one multi request, and values in one filter (documented)."""

NESTED_FILTERS = {
    "eventtypes": "events",
    "fixturestatistictypes": "statistics",
    "lineupdetailtypes": "lineups.details",
}
"""The path of the include whose rows a filter keeps by their type."""

_STATIC_FILTERS = frozenset({"populate", "deleted", "isdeleted", "todaydate"})
_FIXTURE_FILTERS = frozenset({"fixtureseasons", "fixtureleagues", "fixturestates", "fixtureids"})
_FILTERS_OF = {
    "Season": frozenset({"seasonleagues"}),
    "Topscorer": frozenset({"seasontopscorertypes"}),
}
# Documented, but for data that the generated world does not have: accepted, without effect.
_IGNORED_FILTERS = frozenset(
    {"participantsearch", "venues", "havingodds", "havingpremiumodds", "markets", "bookmakers"}
    | {"winningodds"}
)


@dataclass(slots=True)
class Query:
    """One request, checked, as an endpoint function gets it."""

    path: str
    arguments: Mapping[str, str]
    """The variable parts of the path: `id`, `ids`, `start`, `end`."""

    url: str
    """The URL without a query string, as `next_page` shows it."""

    entity: str
    parameters: dict[str, str]
    filters: dict[str, list[str]]
    includes: dict[str, Include]
    behaviour: Behaviour
    call: int
    """Number of this request since the start; each one shuffles arrays differently."""

    after: Key | None = None
    zone: ZoneInfo | None = None
    may_send_saved_text: bool = True
    """Whether a row may be the saved JSON text, which no fault can change any more."""

    is_complete: bool = False
    """Whether saved fixtures are served with everything in them, included or not."""

    is_paged: bool = False
    """Whether the endpoint serves a list in pages."""

    usage: Usage | None = None
    """The calls so far."""

    @property
    def populate(self) -> bool:
        """Whether the request wants large pages without includes."""
        return "populate" in self.filters

    @property
    def deleted(self) -> bool:
        """Whether the request wants deleted fixtures only."""
        return "deleted" in self.filters or "isdeleted" in self.filters

    def numbers(self, name: str) -> list[int] | None:
        """Return the whole numbers of a filter, or None if the request does not have it.

        Raises:
            ApiError: A value is not a whole number.
        """
        if name not in self.filters:
            return None
        values = self.filters[name]
        if not values or not all(is_id(value) for value in values):
            raise incorrect(link=FILTERING)
        return [int(value) for value in values]

    def included_types(self) -> dict[str, set[int]]:
        """Return the type ids that filters keep, by the path of their include.

        Raises:
            ApiError: A value is not a whole number.
        """
        types: dict[str, set[int]] = {}
        for name, path in NESTED_FILTERS.items():
            numbers = self.numbers(name)
            if numbers is not None:
                types[path] = set(numbers)
        return types


def read_query(
    path: str,
    arguments: Mapping[str, str],
    url: str,
    parameters: dict[str, str],
    *,
    entity: str,
    behaviour: Behaviour,
    call: int,
    is_multi: bool = False,
    is_complete: bool = False,
    is_paged: bool = False,
    usage: Usage | None = None,
) -> Query:
    """Read and check the parameters of a request to an endpoint of `entity`.

    Raises:
        ApiError: A parameter is wrong.
    """
    after: Key | None = None
    if "cursor" in parameters:
        for name in ("per_page", "order", "page"):
            if name in parameters:
                raise incorrect(f"{name} cannot be used together with cursor")
        parameters, after = decode_cursor(parameters["cursor"], path)
    filters = _read_filters(parameters.get("filters", ""), entity)
    includes: dict[str, Include] = {}
    if "populate" not in filters:
        include = parameters.get("include", "")
        includes = parse_includes(include, entity, is_multi, behaviour)
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
        arguments,
        url,
        entity,
        parameters,
        filters,
        includes,
        behaviour,
        call,
        after,
        zone,
        is_complete=is_complete,
        is_paged=is_paged,
        usage=usage,
    )


def _read_filters(text: str, entity: str) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for part in filter(None, text.split(";")):
        name, _, values = part.partition(":")
        name = name.strip().lower()
        known = name in ("populate", "idafter")
        if entity == "Fixture":
            known |= name in _STATIC_FILTERS or name in _FIXTURE_FILTERS
            known |= name in NESTED_FILTERS or name in _IGNORED_FILTERS
        else:
            known |= name in _FILTERS_OF.get(entity, ())
        if not known:
            raise incorrect(
                f"The filter '{name}' is not applicable on this endpoint", 5010, FILTERING
            )
        chosen = [value for value in values.split(",") if value]
        if len(chosen) > MAX_IDS:
            raise incorrect(
                f"The filter '{name}' takes a maximum of {MAX_IDS} values", 5006, FILTERING
            )
        filters[name] = chosen
    return filters


def is_id(text: str) -> bool:
    """Return whether a text is a whole number that can be an id."""
    return text.isascii() and text.isdigit() and len(text) < 19
