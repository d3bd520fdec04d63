"""The endpoint of the lists of players: goals, assists, red and yellow cards of a season.

The numbers are counted from the events of the season's matches, so that they follow corrections.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from simulator.api.embedded import find_season, teams_of_season
from simulator.api.includes import empty_include
from simulator.api.query import Query
from simulator.api.result import Result, list_result
from simulator.data.source import Row, Source
from simulator.world.season_facts import (
    ASSISTS,
    GOALS,
    RED_CARDS,
    YELLOW_CARDS,
    PlayerCount,
    player_counts,
)

_LISTS = (GOALS, ASSISTS, RED_CARDS, YELLOW_CARDS)
_IDS_PER_LIST = 1_000_000_000
_IDS_PER_TEAM = 100_000_000


def of_season(source: Source, query: Query) -> Result:
    """Handle `topscorers/seasons/{id}`: all lists at once, or those of `seasonTopscorerTypes`."""
    season_id = int(query.arguments["id"])
    season = find_season(source, season_id)
    if season is None and not source.as_saved:
        return Result()
    wanted = query.numbers("seasontopscorertypes")
    found = (
        source.saved_rows("topscorer", season_id) if source.as_saved else _rows(source, season_id)
    )
    rows = {row["id"]: row for row in found if wanted is None or row["type_id"] in wanted}
    teams: dict[int, Row] = {}
    if "participant" in query.includes:
        teams = teams_of_season(source, season_id)

    def include(row: Row) -> Row:
        full = dict(row)
        for name in query.includes:
            if name in row:
                continue
            if name == "participant":
                full[name] = teams.get(row["participant_id"])
            elif name == "player":
                full[name] = source.people.player(row["player_id"])
            elif name == "type":
                full[name] = source.type(row["type_id"])
            elif name == "season":
                full[name] = season
            else:
                full[name] = empty_include(name)
        return full

    return list_result(
        sorted(rows), query, None, lambda page: [include(rows[row_id]) for row_id in page]
    )


def _rows(source: Source, season_id: int) -> list[Row]:
    lists: defaultdict[int, list[tuple[int, PlayerCount]]] = defaultdict(list)
    for key, total in player_counts(source, season_id).items():
        lists[key[0]].append((total, key))
    first_list = source.season_ids().index(season_id) * len(_LISTS)
    rows: list[Row] = []
    for number, type_id in enumerate(_LISTS, 1):
        entries = lists[type_id]
        entries.sort(key=lambda entry: (-entry[0], entry[1]))
        totals = [total for total, _ in entries]
        teams_before: Counter[int] = Counter()
        for total, (_, player_id, participant_id) in entries:
            # A player of two teams has a row for each.
            row_id = (first_list + number) * _IDS_PER_LIST + player_id
            row_id += teams_before[player_id] * _IDS_PER_TEAM
            teams_before[player_id] += 1
            rows.append(
                {
                    "id": row_id,
                    "season_id": season_id,
                    "player_id": player_id,
                    "type_id": type_id,
                    # Players with the same total share a position.
                    "position": 1 + totals.index(total),
                    "total": total,
                    "participant_id": participant_id,
                }
            )
    return rows
