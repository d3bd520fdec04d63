"""The endpoints of reference data: leagues, seasons, states and types."""

from __future__ import annotations

from collections.abc import Callable

from simulator.api.includes import empty_include
from simulator.api.query import Query
from simulator.api.result import Result, list_result
from simulator.data.clock import api_time
from simulator.data.source import Row, Source


def leagues(source: Source, query: Query) -> Result:
    """Handle `leagues`."""
    return _list(query, source.leagues(), _with_season(source, query))


def one_league(source: Source, query: Query) -> Result:
    """Handle `leagues/{id}`."""
    for league in source.leagues():
        if league["id"] == int(query.arguments["id"]):
            return Result(one=_with_season(source, query)(league))
    return Result()


def _with_season(source: Source, query: Query) -> Callable[[Row], Row]:
    if not query.includes:
        return lambda league: league
    all_seasons = source.seasons()

    def include(league: Row) -> Row:
        row = dict(league)
        own = [season for season in all_seasons if season.get("league_id") == league["id"]]
        for name in query.includes:
            if name == "currentseason":
                current = [season for season in own if season.get("is_current")]
                if source.as_saved:
                    # The newest, even if no saved season is current.
                    current = current or own
                row[name] = current[-1] if current else None
            elif name == "seasons":
                row[name] = own
            else:
                row[name] = empty_include(name)
        return row

    return include


def seasons(source: Source, query: Query) -> Result:
    """Handle `seasons`, with the filter `seasonLeagues`."""
    rows = source.seasons()
    league_ids = query.numbers("seasonleagues")
    if league_ids is not None:
        rows = [row for row in rows if row.get("league_id") in league_ids]
    return _list(query, rows, _with_league(source, query))


def one_season(source: Source, query: Query) -> Result:
    """Handle `seasons/{id}`."""
    for season in source.seasons():
        if season["id"] == int(query.arguments["id"]):
            return Result(one=_with_league(source, query)(season))
    return Result()


def _with_league(source: Source, query: Query) -> Callable[[Row], Row]:
    if not query.includes:
        return lambda season: season
    by_id = {league["id"]: league for league in source.leagues()}

    def include(season: Row) -> Row:
        row = dict(season)
        for name in query.includes:
            row[name] = by_id.get(row["league_id"]) if name == "league" else empty_include(name)
        return row

    return include


def states(source: Source, query: Query) -> Result:
    """Handle `states`."""
    return _list(query, source.states(), lambda row: row)


def one_state(source: Source, query: Query) -> Result:
    """Handle `states/{id}`."""
    return Result(one=source.state(int(query.arguments["id"])))


def types(source: Source, query: Query) -> Result:
    """Handle `core/types`."""
    return _list(query, source.types(), lambda row: row)


def one_type(source: Source, query: Query) -> Result:
    """Handle `core/types/{id}`, including types that the list omits."""
    return Result(one=source.type(int(query.arguments["id"])))


def types_by_entity(source: Source, query: Query) -> Result:
    """Handle `core/types/entities`: the types of the list by the entity that uses them."""
    by_entity: dict[str, Row] = {}
    for row in source.types():
        entity = "".join(word.capitalize() for word in row["model_type"].split("_"))
        group = by_entity.setdefault(entity, {"updated_at": api_time(source.now), "types": []})
        group["types"].append(row)
    return Result(one=by_entity)


def usage(source: Source, query: Query) -> Result:
    """Handle `my/usage`: the calls so far, summed over five minutes."""
    rows = query.usage.rows() if query.usage else []
    return list_result(range(len(rows)), query, None, lambda page: [rows[place] for place in page])


def _list(query: Query, rows: list[Row], finish: Callable[[Row], Row]) -> Result:
    by_id = {row["id"]: row for row in rows}
    return list_result(
        sorted(by_id), query, None, lambda page: [finish(by_id[row_id]) for row_id in page]
    )
