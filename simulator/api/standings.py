"""The endpoints of standings: the table of a season, and the table while matches are played.

The table is counted from the finished matches of the league stage, as the API serves them, so that
it follows corrections. A season has no standings before its first match is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.api.embedded import find_league, find_season, related_objects, teams_of_season
from simulator.api.includes import empty_include, included_value, shuffled
from simulator.api.query import Query
from simulator.api.result import Result
from simulator.data.reference_data import SPORT
from simulator.data.source import Row, Source
from simulator.randomness import mix
from simulator.world.match_outline import FINISHED
from simulator.world.season_facts import LIVE, MatchResult, is_in, league_matches
from simulator.world.standings import AWAY, HOME, Standing, Tally, make_table

# Real ids of details are from 3.4 to 11.9 billion, those of form about 5.6 billion.
_FIRST_DETAIL_ID = 3_400_000_000
_FIRST_FORM_ID = 5_600_000_000
_STANDINGS_PER_SEASON = 10_000_000
_DETAILS_PER_STANDING = 64
_MATCHES_PER_STANDING = 100
_CHAMPIONS_LEAGUE, _EUROPA_LEAGUE, _RELEGATION = 180, 181, 182


def of_season(source: Source, query: Query) -> Result:
    """Handle `standings/seasons/{id}`."""
    season_id = int(query.arguments["id"])
    if source.as_saved:
        return Result(rows=source.saved_rows("standing", season_id))
    return Result(rows=_standings(source, query, season_id, FINISHED))


def live(source: Source, query: Query) -> Result:
    """Handle `standings/live/leagues/{id}`: matches in progress count with their current score."""
    league_id = int(query.arguments["id"])
    rows: list[Row] = []
    for season in source.seasons():
        if season["league_id"] == league_id and season["is_current"]:
            rows += _standings(source, query, season["id"], FINISHED | LIVE)
    return Result(rows=rows)


def _standings(
    source: Source, query: Query, season_id: int, counted_states: frozenset[int]
) -> list[Row]:
    if season_id not in source.season_ids():
        return []
    groups: dict[tuple[int, int | None], list[tuple[Row, MatchResult]]] = {}
    for base, match in league_matches(source, season_id):
        groups.setdefault((match.stage_id, match.group_id), []).append((base, match))
    rows: list[Row] = []
    for matches in groups.values():
        team_ids = {team_id for _, match in matches for team_id in match.teams}
        counted = [
            match for base, match in matches
            if is_in(base, counted_states) and match.is_known
        ]  # fmt: skip
        if counted:
            rows += _rows(source, query, season_id, team_ids, counted)
    return shuffled(rows, mix(season_id, query.call))


def _rows(
    source: Source, query: Query, season_id: int, team_ids: set[int], matches: list[MatchResult]
) -> list[Row]:
    newest = max(matches, key=lambda match: (match.kickoff, match.fixture_id))
    table = make_table(team_ids, matches)
    before = [match for match in matches if match.round_id != newest.round_id]
    old_positions = {line.team_id: line.position for line in make_table(team_ids, before)}
    season_number = source.season_ids().index(season_id) + 1
    season = find_season(source, season_id) or {}
    include = _Includes(source, query, season)
    rows = []
    for line in table:
        rule = _rule(season_id, season_number, line.position, len(table))
        moved = old_positions[line.team_id] - line.position if before else 0
        row: Row = {
            "id": season_number * _STANDINGS_PER_SEASON + line.team_id,
            "participant_id": line.team_id,
            "sport_id": SPORT["id"],
            "league_id": season["league_id"],
            "season_id": season_id,
            "stage_id": newest.stage_id,
            "group_id": newest.group_id,
            "round_id": newest.round_id,
            "standing_rule_id": rule["id"] if rule else None,
            "position": line.position,
            "result": "up" if moved > 0 else "down" if moved < 0 else "equal",
            "points": line.overall.points,
        }
        rows.append(include.added_to(row, line, rule))
    return rows


def _rule(season_id: int, season_number: int, position: int, teams: int) -> Row | None:
    """Return the rule that a place in the table brings; half of the places have none."""
    champions = teams // 5
    if position <= champions:
        type_id = _CHAMPIONS_LEAGUE
    elif position <= champions + teams // 10:
        type_id = _EUROPA_LEAGUE
    elif position > teams - max(1, teams * 3 // 20):
        type_id = _RELEGATION
    else:
        return None
    return {
        "id": 15_000 + season_number * 50 + position,
        "model_type": "season",
        "model_id": season_id,
        "type_id": type_id,
        "position": position,
    }


class _Includes:
    """Adds the includes of a request to the standings of one season."""

    def __init__(self, source: Source, query: Query, season: Row) -> None:
        self._source = source
        self._query = query
        self._objects: dict[str, dict[int, Row]] = {}
        for name in ("stage", "round"):
            if name in query.includes:
                self._objects[name] = related_objects(source, name, season["id"])
        if "participant" in query.includes:
            self._objects["participant"] = teams_of_season(source, season["id"])
        self._same: dict[str, Any] = {
            "season": season,
            "league": find_league(source, season["league_id"]),
            "sport": SPORT,
        }

    def added_to(self, row: Row, line: Standing, rule: Row | None) -> Row:
        """Return a standing with its includes."""
        full = dict(row)
        for name, include in self._query.includes.items():
            if name in self._objects:
                full[name] = self._objects[name].get(row[f"{name}_id"])
            elif name in self._same:
                full[name] = self._same[name]
            elif name == "rule":
                full[name] = rule
                if rule is not None and "type" in include.nested:
                    full[name] = {**rule, "type": self._source.type(rule["type_id"])}
            elif name in ("details", "form"):
                rows = _details(row["id"], line) if name == "details" else _form(row["id"], line)
                full[name] = included_value(
                    rows,
                    name,
                    include,
                    find_type=self._source.type,
                    types={},
                    seed=mix(row["id"], self._query.call),
                )
            else:
                full[name] = empty_include(name)
        return full


def _details(standing_id: int, line: Standing) -> list[Row]:
    home, away = line.sides[HOME], line.sides[AWAY]
    values: dict[int, int] = {}
    for first_type, tally in ((129, line.overall), (135, home), (141, away)):
        values |= dict(zip(range(first_type, first_type + 6), _numbers(tally), strict=True))
    values |= {
        179: line.overall.goal_difference,
        185: home.points,
        186: away.points,
        187: line.overall.points,
    }
    first_id = _FIRST_DETAIL_ID + standing_id * _DETAILS_PER_STANDING
    return [
        {
            "id": first_id + place,
            "standing_type": "standing",
            "standing_id": standing_id,
            "type_id": type_id,
            "value": value,
        }
        for place, (type_id, value) in enumerate(values.items())
    ]


def _numbers(tally: Tally) -> Iterable[int]:
    return tally.played, tally.won, tally.drawn, tally.lost, tally.scored, tally.conceded


def _form(standing_id: int, line: Standing) -> list[Row]:
    first_id = _FIRST_FORM_ID + standing_id * _MATCHES_PER_STANDING
    return [
        {
            "id": first_id + number,
            "standing_type": "standing",
            "standing_id": standing_id,
            "fixture_id": fixture_id,
            "form": outcome,
            "sort_order": number,
        }
        for number, (fixture_id, outcome) in enumerate(line.form, 1)
    ]
