"""What `league_table` must say, computed from the simulator's world."""

from collections import defaultdict
from collections.abc import Iterable

from tests.support.expected_marts import Match, Row, Rows, World


def league_table(world: World) -> Rows:
    """Every team after every round, each time counted from the season's first match on."""
    team_names = world.team_names()
    tables: defaultdict[tuple[int, int, int | None], list[Match]] = defaultdict(list)
    for match in world.counted:
        fixture = match.fixture
        if fixture["round_id"]:
            tables[fixture["season_id"], fixture["stage_id"], fixture["group_id"]].append(match)
    rows = []
    for (season_id, stage_id, group_id), matches in tables.items():
        played = [m for m in matches if m.phase == "finished" and (m.score or m.winner)]
        played.sort(key=lambda match: (_round(match), match.starting_at, match.id))
        rounds = {_round(match): match.fixture["round_id"] for match in played}
        teams = {team["id"] for match in matches for team in match.teams.values()}
        for number, round_id in rounds.items():
            lines = [
                _line(team, [match for match in played if _round(match) <= number])
                for team in sorted(teams)
            ]
            rows += [
                {
                    "season_id": season_id,
                    "stage_id": stage_id,
                    "group_id": group_id,
                    "round_id": round_id,
                    "round_name": str(number),
                    "round_number": number,
                    "team_name": team_names[line["team_id"]],
                    "position": 1 + sum(_rank(other) > _rank(line) for other in lines),
                    "is_latest": number == max(rounds),
                    **world.names(season_id),
                    **line,
                }
                for line in lines
            ]
    return rows


def _round(match: Match) -> int:
    return int(match.fixture["round"]["name"])


def _rank(line: Row) -> tuple[int, int, int]:
    return line["points"], line["goal_difference"], line["goals_for"]


def _line(team_id: int, matches: Iterable[Match]) -> Row:
    form, scored, conceded = "", 0, 0
    for match in matches:
        side = match.side_of(team_id)
        if side is None:
            continue
        ours = match.score.get(side, 0)
        theirs = match.score.get("away" if side == "home" else "home", 0)
        scored, conceded = scored + ours, conceded + theirs
        is_awarded = match.state in ("AWARDED", "WO")
        if match.score and ours == theirs and not (is_awarded and match.winner):
            form += "D"
        elif match.winner:
            form += "W" if match.winner == team_id else "L"
        else:
            form += "W" if ours > theirs else "L"
    won, drawn = form.count("W"), form.count("D")
    return {
        "team_id": team_id,
        "played": len(form),
        "won": won,
        "drawn": drawn,
        "lost": form.count("L"),
        "goals_for": scored,
        "goals_against": conceded,
        "goal_difference": scored - conceded,
        "points": won * 3 + drawn,
        "form": form[-5:] or None,
    }
