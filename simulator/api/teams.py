"""The endpoints of teams and squads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.api.embedded import find_object, find_season, teams_of_fixtures, teams_of_season
from simulator.api.fixture_search import of_teams, search_text
from simulator.api.includes import empty_include
from simulator.api.query import Query
from simulator.api.result import Result, list_result
from simulator.data.source import Row, Source
from simulator.randomness import mix
from simulator.world.season_facts import player_counts

_FIRST_SQUAD_ID = 900_000
_FIRST_SEASON_SQUAD_ID = 1_860_000_000
_LATEST = 10


def teams(source: Source, query: Query) -> Result:
    """Handle `teams`."""
    return _list(source, query, _all_teams(source))


def one_team(source: Source, query: Query) -> Result:
    """Handle `teams/{id}`."""
    team = _find_team(source, int(query.arguments["id"]))
    return Result(one=None if team is None else _included(source, query, team))


def search(source: Source, query: Query) -> Result:
    """Handle `teams/search/{name}`: teams whose name contains a text."""
    text = search_text(query)
    found = _all_teams(source).items()
    return _list(source, query, {key: row for key, row in found if text in row["name"].lower()})


def of_season(source: Source, query: Query) -> Result:
    """Handle `teams/seasons/{id}`, not paged."""
    return _list(source, query, teams_of_season(source, int(query.arguments["id"])))


def squad(source: Source, query: Query) -> Result:
    """Handle `squads/teams/{team}`: the current squad, not paged."""
    team_id = int(query.arguments["team"])
    rows = []
    for number, player in enumerate(source.squad(team_id), 1):
        draw = mix(player["id"], 41)
        row: Row = {
            "id": _FIRST_SQUAD_ID + player["id"],
            "transfer_id": None if draw % 100 < 54 else 200_000 + draw % 100_000,
            "player_id": player["id"],
            "team_id": team_id,
            "position_id": player["position_id"],
            "detailed_position_id": player["detailed_position_id"],
            "start": f"{2018 + draw % 8}-07-01",
            "end": f"{2027 + draw % 4}-06-30",
            "captain": number == 2,
            "jersey_number": number,
        }
        rows.append(_with_player(source, query, row, player))
    return Result(rows=rows)


def season_squad(source: Source, query: Query) -> Result:
    """Handle `squads/seasons/{season}/teams/{team}`, not paged."""
    season_id, team_id = int(query.arguments["season"]), int(query.arguments["team"])
    if team_id not in teams_of_season(source, season_id):
        return Result(rows=[])
    players_with_values = {
        player_id
        for _, player_id, participant_id in player_counts(source, season_id)
        if participant_id == team_id
    }
    season_number = source.season_ids().index(season_id)
    rows = []
    for player in source.squad(team_id):
        row: Row = {
            "id": _FIRST_SEASON_SQUAD_ID + season_number * 100_000_000 + player["id"],
            "player_id": player["id"],
            "team_id": team_id,
            "season_id": season_id,
            "has_values": player["id"] in players_with_values,
            "position_id": player["position_id"],
            "jersey_number": None,
        }
        rows.append(_with_player(source, query, row, player))
    return Result(rows=rows)


def _with_player(source: Source, query: Query, row: Row, player: Row) -> Row:
    full = dict(row)
    for name in query.includes:
        if name == "player":
            full[name] = player
        elif name == "team":
            full[name] = _find_team(source, row["team_id"])
        elif name == "season":
            full[name] = find_season(source, row["season_id"])
        elif name in ("position", "detailedposition"):
            type_id = player["position_id" if name == "position" else "detailed_position_id"]
            full[name] = None if type_id is None else source.type(type_id)
        else:
            full[name] = empty_include(name)
    return full


def _newest_seasons(source: Source) -> Iterator[int]:
    return reversed(source.season_ids())


def _all_teams(source: Source) -> dict[int, Row]:
    found: dict[int, Row] = {}
    for season_id in _newest_seasons(source):
        found = teams_of_season(source, season_id) | found
    return dict(sorted(found.items()))


def _find_team(source: Source, team_id: int) -> Row | None:
    for season_id in _newest_seasons(source):
        for fixture_id in source.fixture_ids(season_id):
            team = teams_of_fixtures(source, [fixture_id]).get(team_id)
            if team is not None:
                return team
    return None


def _list(source: Source, query: Query, found: dict[int, Row]) -> Result:
    def build(page: Sequence[int]) -> list[Row]:
        return [_included(source, query, found[team_id]) for team_id in page]

    return list_result(list(found), query, None, build)


def _included(source: Source, query: Query, team: Row) -> Row:
    full = dict(team)
    for name in query.includes:
        if name in ("latest", "upcoming"):
            full[name] = _fixtures_of_team(source, team["id"], is_upcoming=name == "upcoming")
        elif name == "players":
            inner = [
                {"player_id": player["id"], "team_id": team["id"], "jersey_number": number}
                for number, player in enumerate(source.squad(team["id"]), 1)
            ]
            full[name] = [{"id": _FIRST_SQUAD_ID + row["player_id"], **row} for row in inner]
        elif name == "venue" and team.get("venue_id") is not None:
            full[name] = find_object(source, "venue", team["venue_id"])
        else:
            full[name] = empty_include(name)
    return full


def _fixtures_of_team(source: Source, team_id: int, *, is_upcoming: bool) -> list[Row]:
    bases = map(source.base, of_teams(source, source.fixture_ids(), {team_id}))
    played = [base for base in bases if base.get("starting_at_timestamp")]
    wanted = [row for row in played if (row["starting_at_timestamp"] > source.now) is is_upcoming]
    wanted.sort(key=lambda row: row["starting_at_timestamp"], reverse=not is_upcoming)
    return wanted[:_LATEST]
