"""The endpoints: which path belongs to which entity and which function."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator.api import fixtures, reference
from simulator.api.query import Query
from simulator.api.result import Result
from simulator.data.source import Source
from simulator.errors import ApiError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path below `/v3/`, the entity whose quota it uses, and its function.

    Attributes:
        is_multi: Whether the documented include rules of the multi endpoint apply.
        is_complete: Whether saved fixtures are served with everything in them.
    """

    pattern: re.Pattern[str]
    entity: str
    find: Callable[[Source, Query], Result]
    is_multi: bool = False
    is_complete: bool = False


def _endpoint(
    pattern: str,
    entity: str,
    find: Callable[[Source, Query], Result],
    *,
    is_multi: bool = False,
    is_complete: bool = False,
) -> Endpoint:
    return Endpoint(re.compile(pattern + r"/?\Z"), entity, find, is_multi, is_complete)


_ID = r"(?P<id>\d{1,18})"
_FIXTURES = "football/fixtures"
ENDPOINTS = [
    _endpoint(
        rf"{_FIXTURES}/multi/(?P<ids>[^/]+)",
        "Fixture",
        fixtures.multi,
        is_multi=True,
        is_complete=True,
    ),
    _endpoint(_FIXTURES, "Fixture", fixtures.fixtures),
    _endpoint(rf"{_FIXTURES}/between/(?P<start>[^/]+)/(?P<end>[^/]+)", "Fixture", fixtures.between),
    _endpoint(rf"{_FIXTURES}/date/(?P<start>[^/]+)", "Fixture", fixtures.on_date),
    _endpoint(rf"{_FIXTURES}/latest", "Fixture", fixtures.latest),
    _endpoint(rf"{_FIXTURES}/{_ID}", "Fixture", fixtures.one_fixture, is_complete=True),
    _endpoint("football/leagues", "League", reference.leagues),
    _endpoint(rf"football/leagues/{_ID}", "League", reference.one_league),
    _endpoint("football/seasons", "Season", reference.seasons),
    _endpoint(rf"football/seasons/{_ID}", "Season", reference.one_season),
    _endpoint("football/states", "State", reference.states),
    _endpoint(rf"football/states/{_ID}", "State", reference.one_state),
    _endpoint("core/types", "Type", reference.types),
    _endpoint(rf"core/types/{_ID}", "Type", reference.one_type),
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
