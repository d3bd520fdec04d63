"""The seasons of the Sportmonks plan, and those of a selection."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from extract.errors import ArgumentError
from extract.payload.fixture import as_int64
from extract.planning.selection import Selection
from extract.warehouse.base import Warehouse


@dataclass(frozen=True)
class Season:
    """A season of the plan.

    Attributes:
        year: the year in which it starts; None if unknown.
        is_over: whether the API says that it is finished.
        ends_at: the end of its last day; None if unknown.
    """

    id: int
    name: str
    league_id: int | None
    league: str
    year: int | None
    is_over: bool
    is_current: bool
    ends_at: datetime | None = None


def plan_seasons(warehouse: Warehouse) -> dict[int, Season]:
    """The seasons of the plan by id, from the reference data in the warehouse."""
    leagues = _payloads(warehouse, "leagues")
    seasons = _payloads(warehouse, "seasons")
    current = {
        id
        for id, season in seasons.items()
        if season.get("is_current") and season.get("league_id") in leagues
    }
    for league_id, league in leagues.items():
        season = league.get("currentseason") or {}
        if (id := as_int64(season.get("id"))) is not None:
            seasons.setdefault(id, {"league_id": league_id, **season})
            current.add(id)
    return {
        id: _season(id, season, leagues.get(season.get("league_id", 0), {}), id in current)
        for id, season in seasons.items()
    }


def chosen_seasons(selection: Selection, seasons: Mapping[int, Season]) -> list[Season]:
    """The seasons of a selection, newest first.

    Raises:
        ArgumentError: a league or season does not exist.
    """
    of_league = [
        season for season in seasons.values() if selection.league_id in (None, season.league_id)
    ]
    if not of_league and selection.league_id is not None:
        raise ArgumentError(f"League {selection.league_id} does not exist or is not in your plan.")
    chosen = _named(selection, of_league, seasons)
    return sorted(chosen, key=lambda season: season.id, reverse=True)


def _named(
    selection: Selection, of_league: Sequence[Season], seasons: Mapping[int, Season]
) -> list[Season]:
    named = selection.seasons
    if named is None:
        return [season for season in of_league if season.is_current]
    if named == "all":
        return list(of_league)
    if isinstance(named, range):
        chosen = [season for season in of_league if season.year in named]
        if not chosen:
            raise ArgumentError(f"No season of your plan starts in {named[0]} to {named[-1]}.")
        return chosen
    for id in named:
        season = seasons.get(id)
        if season is None and seasons:
            raise ArgumentError(
                f"Season {id} does not exist or is not in your plan. (--force refreshes the "
                "list of seasons.)"
            )
        if season and selection.league_id not in (None, season.league_id):
            raise ArgumentError(
                f"Season {id} belongs to league {season.league_id}, not {selection.league_id}."
            )
    return [seasons.get(id) or _season(id, {}, {}, current=True) for id in named]


def _season(id: int, season: Mapping[str, Any], league: Mapping[str, Any], current: bool) -> Season:
    name = str(season.get("name") or id)
    begins = re.search(r"(19|20)[0-9]{2}", str(season.get("starting_at") or name))
    return Season(
        id=id,
        name=name,
        league_id=season.get("league_id"),
        league=str(league.get("name") or season.get("league_id") or "?"),
        year=int(begins[0]) if begins else None,
        is_over=bool(season.get("finished")),
        is_current=current,
        ends_at=_end_of_day(season.get("ending_at")),
    )


def _end_of_day(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)[:10]).replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def _payloads(warehouse: Warehouse, table: str) -> dict[int, dict[str, Any]]:
    found = warehouse.query(
        f"select id, cast(payload as text) from {warehouse.raw}.{table} where payload is not null"
    )
    rows = {id: msgspec.json.decode(payload) for id, payload in found}
    return {id: row for id, row in rows.items() if isinstance(row, dict)}
