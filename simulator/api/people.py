"""The endpoints of players, coaches and referees, each by id."""

from __future__ import annotations

from simulator.api.includes import empty_include
from simulator.api.query import Query
from simulator.api.result import Result
from simulator.data.reference_data import SPORT
from simulator.data.source import Row, Source


def one_player(source: Source, query: Query) -> Result:
    """Handle `players/{id}`."""
    return _one(source, query, source.people.player(int(query.arguments["id"])))


def one_coach(source: Source, query: Query) -> Result:
    """Handle `coaches/{id}`."""
    return _one(source, query, source.people.coach(int(query.arguments["id"])))


def one_referee(source: Source, query: Query) -> Result:
    """Handle `referees/{id}`."""
    return _one(source, query, source.people.referee(int(query.arguments["id"])))


def _one(source: Source, query: Query, person: Row | None) -> Result:
    if person is None:
        return Result()
    full = dict(person)
    for name in query.includes:
        if name == "sport":
            full[name] = SPORT
        elif name in ("position", "detailedposition"):
            type_id = person["position_id" if name == "position" else "detailed_position_id"]
            full[name] = None if type_id is None else source.type(type_id)
        else:
            full[name] = empty_include(name)
    return Result(one=full)
