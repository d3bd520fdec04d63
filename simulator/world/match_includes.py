"""The includes of a fixture beyond its own arrays, with what is nested in their rows.

Nested includes are paths in lower case, such as `lineups.details`; `type` is not among them,
because it is the same in every include.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from simulator.data.child_rows import NESTED_STATISTICS
from simulator.data.reference_data import TYPES_BY_ID
from simulator.data.source import Row
from simulator.world import betting, coverage, lineups, officials, people, surroundings
from simulator.world.match import Match
from simulator.world.match_outline import Fate


@dataclass(frozen=True, slots=True)
class Moment:
    """A match at a simulated time.

    Attributes:
        base: The fixture's own fields.
        now: Epoch seconds.
    """

    match: Match
    base: Row
    league_index: int
    now: int

    @property
    def has_lineups(self) -> bool:
        """Return whether the line-ups are published."""
        setup = self.match.setup
        if self.match.is_played:
            return True
        is_expected = setup.outline.fate in (Fate.PLAYED, Fate.ABANDONED, Fate.SUSPENDED)
        return is_expected and self.now >= setup.kickoff - lineups.PUBLISHED_BEFORE


def include_value(name: str, moment: Moment, names: Collection[str]) -> Any:
    """Return the value of one include; `names` has the paths of what is nested in it."""
    match, setup = moment.match, moment.match.setup
    until, now = match.until, moment.now
    match name:
        case "lineups":
            return _lineups(moment, names)
        case "formations":
            return lineups.formation_rows(setup) if moment.has_lineups else []
        case "coaches":
            return officials.coaches(setup)
        case "referees":
            rows = officials.referees(setup, moment.league_index, now)
            if "referees.referee" not in names:
                return rows
            return [
                {**row, "referee": people.referee_row(setup.seed, row["referee_id"])}
                for row in rows
            ]
        case "sidelined":
            return _sidelined(moment, names)
        case "weatherreport":
            return surroundings.weather_report(setup, moment.base["venue_id"], now)
        case "metadata":
            return surroundings.metadata(
                setup,
                moment.base["venue_id"],
                now,
                has_lineups=moment.has_lineups,
                is_over=match.is_over,
            )
        case "predictions":
            return betting.predictions(setup, now)
        case "odds":
            return betting.odds(setup, has_odds=moment.base["has_odds"], is_over=match.is_over)
        case "tvstations":
            stations = coverage.tv_stations(setup)
            if "tvstations.tvstation" in names:
                return stations
            return [_without(row, "tvstation") for row in stations]
    if not match.is_played:
        return []
    match name:
        case "pressure":
            return coverage.pressure(setup, until)
        case "comments":
            return coverage.comments(setup, match.events, moment.league_index, until)
        case "trends":
            return coverage.trends(setup, match.team_values, until)
    raise KeyError(name)


def _lineups(moment: Moment, names: Collection[str]) -> list[Row]:
    if not moment.has_lineups:
        return []
    match = moment.match
    statistics: dict[str, dict[int, list[Row]]] = {}
    if match.is_played:
        always = lineups.has_details_with_expected_goals(match.setup)
        if "lineups.xglineup" in names:
            statistics["xglineup"] = match.player_statistics(with_expected=True)
        if "lineups.details" in names:
            statistics["details"] = (
                statistics["xglineup"]
                if always and statistics
                else match.player_statistics(with_expected=always)
            )
    rows: list[Row] = []
    for lineup in match.lineups:
        row = dict(lineup)
        player_id = row["player_id"]
        player = None
        if player_id is not None and ("lineups.player" in names or _DETAILED_POSITION in names):
            player = people.player_row(match.setup.seed, player_id)
        if "lineups.player" in names:
            row["player"] = player
        if "lineups.position" in names:
            row["position"] = TYPES_BY_ID.get(row["position_id"])
        if _DETAILED_POSITION in names:
            row["detailedposition"] = player and TYPES_BY_ID.get(player["detailed_position_id"])
        for nested in NESTED_STATISTICS:
            if f"lineups.{nested}" in names:
                row[nested] = statistics.get(nested, {}).get(row["id"], [])
        rows.append(row)
    return rows


_DETAILED_POSITION = "lineups.detailedposition"


def _sidelined(moment: Moment, names: Collection[str]) -> list[Row]:
    setup = moment.match.setup
    rows: list[Row] = []
    for row in officials.sidelined(setup, moment.league_index, moment.now):
        sideline = row["sideline"]
        if sideline is not None and "sidelined.sideline.player" in names:
            sideline["player"] = people.player_row(setup.seed, sideline["player_id"])
        if "sidelined.player" in names:
            player_id = row.get("player_id")
            row["player"] = player_id and people.player_row(setup.seed, player_id)
        rows.append(row if "sidelined.sideline" in names else _without(row, "sideline"))
    return rows


def _without(row: Row, key: str) -> Row:
    return {name: value for name, value in row.items() if name != key}
