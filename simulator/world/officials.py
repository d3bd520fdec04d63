"""Who is at a match besides the players: coaches, referees, and who is not: absent players."""

from __future__ import annotations

from simulator.data.clock import DAY, api_time, parse_instant
from simulator.data.source import Row
from simulator.randomness import mix
from simulator.world import ids, people
from simulator.world.match_outline import MatchSetup

REFEREE_ROLES = (6, 7, 8, 9)
VIDEO_REFEREE = 10
_APPOINTED_BEFORE = 2 * DAY
_KNOWN_ABSENCES_BEFORE = 3 * DAY
_FIRST_REFEREE_ROW = 3_000_000
_FIRST_SIDELINED_ROW = 8_000_000
# Since then the outer row has the player and the type, and may lack the sideline.
_WITH_PLAYER_SINCE = parse_instant("2025-11-10")


def coaches(setup: MatchSetup) -> list[Row]:
    """Return the coaches of both teams; only `meta` says of which team. Some are unknown."""
    rows = [
        {
            **people.coach_row(setup.seed, side.coach_id),
            "meta": {
                "fixture_id": setup.fixture_id,
                "coach_id": side.coach_id,
                "participant_id": side.participant_id,
            },
        }
        for side in setup.sides
    ]
    return rows[:1] if setup.is_one_in(30, salt=70) else rows


def referees(setup: MatchSetup, league_index: int, now: int) -> list[Row]:
    """Return the referees of a match; none before they are appointed."""
    if now < setup.kickoff - _APPOINTED_BEFORE or setup.is_one_in(40, salt=71):
        return []
    roles = REFEREE_ROLES if mix(setup.bits, 72) % 2 else (*REFEREE_ROLES, VIDEO_REFEREE)
    first = mix(setup.bits, 73)
    return [
        {
            "id": _FIRST_REFEREE_ROW + setup.ordinal * 8 + place,
            "fixture_id": setup.fixture_id,
            "referee_id": people.referee_id(league_index, first + place),
            "type_id": type_id,
        }
        for place, type_id in enumerate(roles)
    ]


def sidelined(setup: MatchSetup, league_index: int, now: int) -> list[Row]:
    """Return the absent players of both teams, each with its `sideline`.

    Some leagues are not covered.
    """
    if league_index % 4 == 3 or now < setup.kickoff - _KNOWN_ABSENCES_BEFORE:
        return []
    rows: list[Row] = []
    for team in setup.sides:
        for absence in team.match_squad.absences:
            place = len(rows)
            player_id = team.participant_id * 100 + absence.player.number
            is_over = now >= absence.ends
            row: Row = {
                "id": _FIRST_SIDELINED_ROW + setup.ordinal * 64 + place,
                "fixture_id": setup.fixture_id,
                "sideline_id": absence.sideline_id,
                "participant_id": team.participant_id,
            }
            sideline: Row | None = {
                "id": absence.sideline_id,
                "player_id": player_id,
                "type_id": absence.type_id,
                "category": absence.category,
                "team_id": team.participant_id,
                "season_id": None,
                "start_date": api_time(absence.starts)[:10],
                "end_date": api_time(absence.ends)[:10] if is_over else None,
                "games_missed": (min(now, absence.ends) - absence.starts) // (7 * DAY),
                "completed": is_over,
            }
            if setup.kickoff >= _WITH_PLAYER_SINCE:
                row |= {"player_id": player_id, "type_id": absence.type_id}
                if mix(setup.bits, 74, place) % 20 == 0:
                    row["sideline_id"] = sideline = None
            rows.append(row | {"sideline": sideline})
    return rows


def attendance(seed: int, bits: int, venue_id: int) -> int:
    """Return how many people watch a match; not more than the ground holds."""
    return ids.venue_capacity(seed, venue_id) * (40 + mix(bits, 75) % 60) // 100
