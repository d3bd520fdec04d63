"""The endpoints of the parts of a season: stages, rounds, venues and the schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.api.embedded import find_league, find_object, find_season, related_objects
from simulator.api.fixture_search import of_teams
from simulator.api.includes import empty_include
from simulator.api.query import Query
from simulator.api.result import Result, list_result
from simulator.data.reference_data import SPORT
from simulator.data.source import Row, Source
from simulator.world.season_facts import whole_number

_IN_SCHEDULE = ("participants", "scores")


def stages_of_season(source: Source, query: Query) -> Result:
    """Handle `stages/seasons/{id}`, not paged."""
    return _of_season(source, query, "stage")


def one_stage(source: Source, query: Query) -> Result:
    """Handle `stages/{id}`."""
    return _one(source, query, "stage")


def rounds_of_season(source: Source, query: Query) -> Result:
    """Handle `rounds/seasons/{id}`, not paged."""
    return _of_season(source, query, "round")


def one_round(source: Source, query: Query) -> Result:
    """Handle `rounds/{id}`."""
    return _one(source, query, "round")


def venues_of_season(source: Source, query: Query) -> Result:
    """Handle `venues/seasons/{id}`, not paged."""
    return _of_season(source, query, "venue")


def one_venue(source: Source, query: Query) -> Result:
    """Handle `venues/{id}`."""
    return _one(source, query, "venue")


def schedule_of_season(source: Source, query: Query) -> Result:
    """Handle `schedules/seasons/{season}`."""
    season_id = int(query.arguments["season"])
    return Result(rows=_schedule(source, season_id, source.fixture_ids(season_id)))


def schedule_of_season_and_team(source: Source, query: Query) -> Result:
    """Handle `schedules/seasons/{season}/teams/{team}`: only one team's fixtures."""
    season_id = int(query.arguments["season"])
    ids = of_teams(source, source.fixture_ids(season_id), {int(query.arguments["team"])})
    return Result(rows=_schedule(source, season_id, ids))


def _schedule(source: Source, season_id: int, fixture_ids: Sequence[int]) -> list[Row]:
    """Return stages, with rounds in them, with fixtures in them.

    As on the live API, a stage without rounds is listed without its fixtures.
    """
    stages: dict[int, Row] = {}
    rounds: dict[int, dict[int, Row]] = {}
    all_stages = related_objects(source, "stage", season_id)
    all_rounds = related_objects(source, "round", season_id)
    for fixture_id in fixture_ids:
        base = source.base(fixture_id)
        stage = all_stages.get(whole_number(base, "stage_id") or 0)
        if stage is None:
            continue
        stages.setdefault(stage["id"], stage)
        found = rounds.setdefault(stage["id"], {})
        round_row = all_rounds.get(whole_number(base, "round_id") or 0)
        if round_row is None:
            continue
        entry = found.setdefault(round_row["id"], {**round_row, "fixtures": []})
        full = source.view(fixture_id, _IN_SCHEDULE)
        entry["fixtures"].append(
            {**base, **{name: full.get(name, []) for name in _IN_SCHEDULE}},
        )
    return [
        {**stages[stage_id], "rounds": list(rounds[stage_id].values()), "aggregates": []}
        for stage_id in sorted(stages)
    ]


def _of_season(source: Source, query: Query, name: str) -> Result:
    found = related_objects(source, name, int(query.arguments["id"]))
    include = _includer(source, query, name)
    return list_result(
        list(found), query, None, lambda page: [include(found[row_id]) for row_id in page]
    )


def _one(source: Source, query: Query, name: str) -> Result:
    row = find_object(source, name, int(query.arguments["id"]))
    return Result(one=None if row is None else _includer(source, query, name)(row))


def _includer(source: Source, query: Query, kind: str) -> Callable[[Row], Row]:
    """Return a function that adds the includes of a request to a stage, a round or a venue."""

    def fixtures_of(row: Row) -> list[Row]:
        bases = map(source.base, source.fixture_ids(row.get("season_id")))
        return [base for base in bases if base.get(f"{kind}_id") == row["id"]]

    def rounds_of(row: Row) -> list[Row]:
        rounds = related_objects(source, "round", row.get("season_id"))
        return [
            round_row for round_row in rounds.values() if round_row.get("stage_id") == row["id"]
        ]

    def include(row: Row) -> Row:
        full = dict(row)
        for name in query.includes:
            if name == "season":
                full[name] = find_season(source, row.get("season_id"))
            elif name == "league":
                full[name] = find_league(source, row.get("league_id"))
            elif name == "sport":
                full[name] = SPORT
            elif name == "type":
                full[name] = source.type(row["type_id"]) if row.get("type_id") else None
            elif name == "stage":
                full[name] = find_object(source, "stage", row.get("stage_id"))
            elif name == "rounds":
                full[name] = rounds_of(row)
            elif name == "currentround":
                current = [part for part in rounds_of(row) if part["is_current"]]
                full[name] = current[0] if current else None
            elif name == "fixtures":
                full[name] = fixtures_of(row)
            else:
                full[name] = empty_include(name)
        return full

    return include
