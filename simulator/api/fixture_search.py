"""The endpoints that find fixtures by their teams, by name, or because they are live."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.api.embedded import participants_of
from simulator.api.fixtures import candidates, fixture_page, ids_between_days
from simulator.api.query import Query
from simulator.api.result import Result
from simulator.data.clock import DAY
from simulator.data.source import Row, Source
from simulator.errors import incorrect
from simulator.world.season_facts import LIVE, is_in

_MINUTE = 60
_BEFORE_KICKOFF, _AFTER_END = 15 * _MINUTE, 15 * _MINUTE
_LONGEST_MATCH = 4 * 3_600
_IN_PLAY = LIVE - {11, 26}
_MIN_SEARCH_LETTERS = 3


def between_for_team(source: Source, query: Query) -> Result:
    """Handle `fixtures/between/{start}/{end}/{team}`: one team's fixtures, by kick-off."""
    team_id = int(query.arguments["team"])
    days = ids_between_days(source, query)
    return fixture_page(source, of_teams(source, days, {team_id}), query, by_start=True)


def head_to_head(source: Source, query: Query) -> Result:
    """Handle `fixtures/head-to-head/{first}/{second}`: the fixtures of two teams, not paged."""
    teams = {int(query.arguments["first"]), int(query.arguments["second"])}
    found = of_teams(source, candidates(source, query), teams)
    return fixture_page(source, found, query, by_start=True)


def search(source: Source, query: Query) -> Result:
    """Handle `fixtures/search/{name}`: fixtures whose name contains a text."""
    text = search_text(query)
    found = [
        fixture_id
        for fixture_id in candidates(source, query)
        if text in str(source.base(fixture_id).get("name")).lower()
    ]
    return fixture_page(source, found, query)


def livescores(source: Source, query: Query) -> Result:
    """Handle `livescores`: from 15 minutes before kick-off until 15 minutes after the end."""

    def is_shown(base: Row) -> bool:
        kickoff = base["starting_at_timestamp"]
        if kickoff - _BEFORE_KICKOFF <= source.now < kickoff or is_in(base, _IN_PLAY):
            return True
        # The end of a match follows from its periods.
        if not kickoff <= source.now <= kickoff + _LONGEST_MATCH:
            return False
        periods = source.view(base["id"], ("periods",)).get("periods") or []
        ends = [period["ended"] for period in periods if period.get("ended")]
        return bool(ends) and source.now <= max(ends) + _AFTER_END

    return fixture_page(source, _around_now(source, query, is_shown), query)


def in_play(source: Source, query: Query) -> Result:
    """Handle `livescores/inplay`: the matches that are being played."""
    found = _around_now(source, query, lambda base: is_in(base, _IN_PLAY))
    return fixture_page(source, found, query)


def latest_livescores(source: Source, query: Query) -> Result:
    """Handle `livescores/latest`: nothing changes unless the clock is moved."""
    return Result(rows=[], empty_is_found=True)


def _around_now(source: Source, query: Query, is_shown: Callable[[Row], bool]) -> list[int]:
    near = source.ids_between(source.now - DAY, source.now + DAY, candidates(source, query))
    bases = map(source.base, near)
    return [base["id"] for base in bases if is_shown(base)]


def of_teams(source: Source, fixture_ids: Sequence[int], teams: set[int]) -> list[int]:
    """Return the fixtures in which all of these teams play."""
    found = []
    for fixture_id in fixture_ids:
        if teams <= {team["id"] for team in participants_of(source, fixture_id)}:
            found.append(fixture_id)
    return found


def search_text(query: Query) -> str:
    """Return the text to search for, in lower case.

    Raises:
        ApiError: It is too short.
    """
    text = query.arguments["name"].strip().lower()
    if len(text) < _MIN_SEARCH_LETTERS:
        raise incorrect(f"The search query must have at least {_MIN_SEARCH_LETTERS} characters.")
    return text
