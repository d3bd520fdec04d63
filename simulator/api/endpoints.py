"""The endpoints: one table of paths, the entity that each uses, and its function."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from simulator.api import fixtures, reference, standings, topscorers
from simulator.api.query import Query
from simulator.api.result import Result
from simulator.data.source import Source
from simulator.errors import ApiError

_TEXTS = frozenset({"ids", "start", "end", "date", "name"})
"""Variables of a path that are texts; the others are ids."""


@dataclass(frozen=True)
class Endpoint:
    """A path below `/v3/`, the entity whose quota it uses, and its function.

    Attributes:
        path: With variables in braces, such as `football/leagues/{id}`.
        entity: `requested_entity` of the responses: each has its own quota.
        rows: What the rows are, which decides the includes and filters; usually the entity.
        is_paged: Whether responses have a `pagination` object.
        is_multi: Whether the documented include rules of the multi endpoint apply.
        is_complete: Whether saved fixtures are served with everything in them.
        is_computed: Whether the rows are counted from a generated world. Saved responses are served
            as they are, and have no result here.
    """

    path: str
    entity: str
    find: Callable[[Source, Query], Result]
    rows: str = ""
    is_paged: bool = False
    is_multi: bool = False
    is_complete: bool = False
    is_computed: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return what a path of this endpoint matches; a slash may follow."""

        def variable(match: re.Match[str]) -> str:
            name = match[1]
            return rf"(?P<{name}>[^/]+)" if name in _TEXTS else rf"(?P<{name}>\d{{1,18}})"

        return re.compile(re.sub(r"\{(\w+)\}", variable, self.path) + r"/?\Z")

    def result(self, source: Source, query: Query) -> Result:
        """Return what this endpoint finds."""
        if self.is_computed and source.as_saved:
            return Result()
        return self.find(source, query)


_F = "football"
_FIXTURES = "football/fixtures"
ENDPOINTS = [
    # Fixtures
    Endpoint(
        f"{_FIXTURES}/multi/{{ids}}", "Fixture", fixtures.multi, is_multi=True, is_complete=True
    ),
    Endpoint(_FIXTURES, "Fixture", fixtures.fixtures, is_paged=True),
    Endpoint(f"{_FIXTURES}/between/{{start}}/{{end}}", "Fixture", fixtures.between, is_paged=True),
    Endpoint(f"{_FIXTURES}/date/{{start}}", "Fixture", fixtures.on_date, is_paged=True),
    Endpoint(f"{_FIXTURES}/latest", "Fixture", fixtures.latest),
    Endpoint(f"{_FIXTURES}/{{id}}", "Fixture", fixtures.one_fixture, is_complete=True),
    # Lists of reference data
    Endpoint(f"{_F}/leagues", "League", reference.leagues, is_paged=True),
    Endpoint(f"{_F}/leagues/{{id}}", "League", reference.one_league),
    Endpoint(f"{_F}/seasons", "Season", reference.seasons, is_paged=True),
    Endpoint(f"{_F}/seasons/{{id}}", "Season", reference.one_season),
    Endpoint(f"{_F}/states", "State", reference.states, is_paged=True),
    Endpoint(f"{_F}/states/{{id}}", "State", reference.one_state),
    Endpoint("core/types", "Type", reference.types, is_paged=True),
    Endpoint("core/types/{id}", "Type", reference.one_type),
    # What a season comes to
    Endpoint(f"{_F}/standings/seasons/{{id}}", "Standing", standings.of_season, is_computed=True),
    Endpoint(
        f"{_F}/standings/live/leagues/{{id}}",
        "LiveStanding",
        standings.live,
        rows="Standing",
        is_computed=True,
    ),
    Endpoint(
        f"{_F}/topscorers/seasons/{{id}}",
        "Topscorer",
        topscorers.of_season,
        is_paged=True,
        is_computed=True,
    ),
]


def find_endpoint(path: str) -> tuple[Endpoint, dict[str, str]]:
    """Return the endpoint of a path below `/v3/`, and the variable parts of the path.

    Raises:
        ApiError: There is no such endpoint (404).
    """
    for endpoint in ENDPOINTS:
        match = endpoint.pattern.match(path)
        if match is not None:
            return endpoint, match.groupdict()
    raise ApiError(404, "The requested endpoint does not exist", link=None)
