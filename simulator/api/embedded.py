"""Objects that only fixtures contain: teams, venues, stages and rounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.data.source import Row, Source
from simulator.world.season_facts import whole_number


def related_objects(source: Source, name: str, season_id: int | None) -> dict[int, Row]:
    """Return the `stage`, `round`, `venue` or other object of every fixture of a season, by id.

    Without a season, those of all fixtures.
    """
    found: dict[int, Row] = {}
    key = f"{name}_id"
    for fixture_id in source.fixture_ids(season_id):
        if whole_number(source.base(fixture_id), key) in found:
            continue
        row = source.view(fixture_id, (name,)).get(name)
        if isinstance(row, dict) and whole_number(row, "id") is not None:
            found[row["id"]] = row
    return dict(sorted(found.items()))


def find_object(source: Source, name: str, object_id: int | None) -> Row | None:
    """Return the `stage`, `round`, `venue` or other object with this id."""
    key = f"{name}_id"
    for fixture_id in source.fixture_ids():
        if object_id is not None and source.base(fixture_id).get(key) == object_id:
            row = source.view(fixture_id, (name,)).get(name)
            if isinstance(row, dict):
                return row
    return None


def teams_of_season(source: Source, season_id: int) -> dict[int, Row]:
    """Return the teams of a season's fixtures by id, without the teams "to be confirmed"."""
    return teams_of_fixtures(source, source.fixture_ids(season_id))


def teams_of_fixtures(source: Source, fixture_ids: Iterable[int]) -> dict[int, Row]:
    """Return the teams of some fixtures by id, without the teams "to be confirmed"."""
    found: dict[int, Row] = {}
    for fixture_id in fixture_ids:
        for team in participants_of(source, fixture_id):
            if team["id"] not in found and not team.get("placeholder"):
                found[team["id"]] = without_meta(team)
    return dict(sorted(found.items()))


def participants_of(source: Source, fixture_id: int) -> list[Row]:
    """Return the participants of a fixture that have an id, whatever a correction did to it."""
    rows = source.view(fixture_id, ("participants",)).get("participants")
    return [
        row
        for row in (rows if isinstance(rows, list) else [])
        if whole_number(row, "id") is not None
    ]


def without_meta(team: dict[str, Any]) -> Row:
    """Return a participant as a team: without what concerns one fixture."""
    return {key: value for key, value in team.items() if key != "meta"}


def find_season(source: Source, season_id: int | None) -> Row | None:
    """Return one season."""
    return next((row for row in source.seasons() if row["id"] == season_id), None)


def find_league(source: Source, league_id: int | None) -> Row | None:
    """Return one league."""
    return next((row for row in source.leagues() if row["id"] == league_id), None)
