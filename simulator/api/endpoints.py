"""The endpoints: one table of paths, the entity that each uses, and its function."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from simulator.api import (
    fixture_search,
    fixtures,
    people,
    reference,
    season_parts,
    standings,
    teams,
    topscorers,
)
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
    Endpoint(
        f"{_FIXTURES}/between/{{start}}/{{end}}/{{team}}",
        "Fixture",
        fixture_search.between_for_team,
        is_paged=True,
    ),
    Endpoint(
        f"{_FIXTURES}/head-to-head/{{first}}/{{second}}", "Fixture", fixture_search.head_to_head
    ),
    Endpoint(f"{_FIXTURES}/search/{{name}}", "Fixture", fixture_search.search, is_paged=True),
    Endpoint(f"{_FIXTURES}/latest", "Fixture", fixtures.latest),
    Endpoint(f"{_FIXTURES}/{{id}}", "Fixture", fixtures.one_fixture, is_complete=True),
    Endpoint(f"{_F}/livescores", "Fixture", fixture_search.livescores),
    Endpoint(f"{_F}/livescores/inplay", "Fixture", fixture_search.in_play),
    Endpoint(f"{_F}/livescores/latest", "Fixture", fixture_search.latest_livescores),
    # Lists of reference data
    Endpoint(f"{_F}/leagues", "League", reference.leagues, is_paged=True),
    Endpoint(f"{_F}/leagues/{{id}}", "League", reference.one_league),
    Endpoint(f"{_F}/seasons", "Season", reference.seasons, is_paged=True),
    Endpoint(f"{_F}/seasons/{{id}}", "Season", reference.one_season),
    Endpoint(f"{_F}/states", "State", reference.states, is_paged=True),
    Endpoint(f"{_F}/states/{{id}}", "State", reference.one_state),
    Endpoint("core/types", "Type", reference.types, is_paged=True),
    Endpoint("core/types/{id}", "Type", reference.one_type),
    Endpoint("core/types/entities", "Type", reference.types_by_entity),
    Endpoint("my/usage", "Resource", reference.usage, is_paged=True),
    # Teams and people
    Endpoint(f"{_F}/teams", "Team", teams.teams, is_paged=True),
    Endpoint(f"{_F}/teams/{{id}}", "Team", teams.one_team),
    Endpoint(f"{_F}/teams/search/{{name}}", "Team", teams.search, is_paged=True),
    Endpoint(f"{_F}/teams/seasons/{{id}}", "Team", teams.of_season),
    Endpoint(f"{_F}/squads/teams/{{team}}", "PlayerTeam", teams.squad, rows="Squad"),
    Endpoint(
        f"{_F}/squads/seasons/{{season}}/teams/{{team}}",
        "PlayerStatistic",
        teams.season_squad,
        rows="SeasonSquad",
        is_computed=True,
    ),
    Endpoint(f"{_F}/players/{{id}}", "Player", people.one_player),
    Endpoint(f"{_F}/coaches/{{id}}", "Coach", people.one_coach),
    Endpoint(f"{_F}/referees/{{id}}", "Referee", people.one_referee),
    # Parts of a season
    Endpoint(f"{_F}/stages/seasons/{{id}}", "Stage", season_parts.stages_of_season),
    Endpoint(f"{_F}/stages/{{id}}", "Stage", season_parts.one_stage),
    Endpoint(f"{_F}/rounds/seasons/{{id}}", "Round", season_parts.rounds_of_season),
    Endpoint(f"{_F}/rounds/{{id}}", "Round", season_parts.one_round),
    Endpoint(f"{_F}/venues/seasons/{{id}}", "Venue", season_parts.venues_of_season),
    Endpoint(f"{_F}/venues/{{id}}", "Venue", season_parts.one_venue),
    Endpoint(
        f"{_F}/schedules/seasons/{{season}}",
        "Stage",
        season_parts.schedule_of_season,
        rows="Schedule",
    ),
    Endpoint(
        f"{_F}/schedules/seasons/{{season}}/teams/{{team}}",
        "Stage",
        season_parts.schedule_of_season_and_team,
        rows="Schedule",
    ),
    # What a season comes to
    Endpoint(f"{_F}/standings/seasons/{{id}}", "Standing", standings.of_season),
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
