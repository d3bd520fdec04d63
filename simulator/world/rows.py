"""API objects of the generated world: leagues, seasons, fixtures and what a fixture embeds.

Every function builds one object from its arguments; `World` decides what the arguments are.
Times are epoch seconds, and `now` is the simulated time.
"""

from __future__ import annotations

from simulator.data.clock import DAY, api_time
from simulator.data.source import Row
from simulator.randomness import mix
from simulator.world import ids, names
from simulator.world.calendar import Calendar
from simulator.world.match_outline import FINISHED, MINUTE, Outline
from simulator.world.plans import Plan
from simulator.world.teams import Team, country

BASE_FIELDS = (
    "id",
    "sport_id",
    "league_id",
    "season_id",
    "stage_id",
    "group_id",
    "aggregate_id",
    "round_id",
    "state_id",
    "venue_id",
    "name",
    "starting_at",
    "result_info",
    "leg",
    "details",
    "length",
    "placeholder",
    "has_odds",
    "has_premium_odds",
    "starting_at_timestamp",
)
"""The fixture's own fields in the order of the documented sample."""

_IMAGES = "https://cdn.sportmonks.com/images/soccer"
_HOUR = 3_600


# ---------------------------------------------------------------------- leagues and seasons


def league_row(league_index: int, newest: Calendar, now: int) -> Row:
    """Return one league; `newest` is the calendar of its current season."""
    country_id, country_name = country(league_index)
    league_id = ids.league_id(league_index)
    tier = league_index // len(names.COUNTRIES)
    return {
        "id": league_id,
        "sport_id": 1,
        "country_id": country_id,
        "name": f"{country_name} {names.DIVISIONS[tier % len(names.DIVISIONS)]}",
        "active": True,
        "short_code": f"{country_name[:3].upper()} D{tier + 1}",
        "image_path": f"{_IMAGES}/leagues/{league_index % 32}/{league_id}.png",
        "type": "league",
        "sub_type": "domestic",
        "last_played_at": api_time(max(newest.starts, min(now, newest.ends) // DAY * DAY)),
        "category": 1 + tier,
        "has_jerseys": False,
    }


def season_row(
    season_index: int, league_index: int, calendar: Calendar, is_current: bool, now: int
) -> Row:
    """Return one season."""
    return {
        "id": ids.season_id(season_index),
        "sport_id": 1,
        "league_id": ids.league_id(league_index),
        "tie_breaker_rule_id": 1526,
        "name": f"{calendar.start_year}/{calendar.start_year + 1}",
        "finished": now > calendar.ends,
        "pending": now < calendar.starts,
        "is_current": is_current,
        "starting_at": api_time(calendar.starts)[:10],
        "ending_at": api_time(calendar.ends)[:10],
        "standings_recalculated_at": None
        if now < calendar.starts
        else api_time(min(now, calendar.ends) // DAY * DAY),
        "games_in_current_week": calendar.starts <= now <= calendar.league_ends,
    }


# ---------------------------------------------------------------------- fixtures


def fixture_row(
    fixture_id: int,
    plan: Plan,
    outline: Outline | None,
    state_id: int,
    until: int,
    now: int,
    seed: int,
) -> Row:
    """Return a fixture's own fields at a state and at a second since kick-off.

    `outline` is None while the teams are not known.
    """
    home, away = (team.name for team in plan.teams) if plan.teams else ("TBC", "TBC")
    draw = mix(seed, fixture_id, 17)
    ahead = plan.kickoff - now
    venue_id = ids.venue_id(plan.teams[0].team_id) if plan.teams and draw % 100 else None
    return {
        "id": fixture_id,
        "sport_id": 1,
        "league_id": ids.league_id(plan.league_index),
        "season_id": ids.season_id(plan.season_index),
        "stage_id": ids.stage_id(plan.season_index, plan.knockout > 0),
        "group_id": ids.group_id(plan.season_index)
        if has_group(plan.league_index) and not plan.knockout
        else None,
        "aggregate_id": None,
        "round_id": None
        if plan.knockout
        else ids.round_id(plan.season_index, plan.round_number),
        "state_id": state_id,
        "venue_id": venue_id,
        "name": f"{home} vs {away}",
        "starting_at": api_time(plan.kickoff),
        "result_info": _result_info(outline, state_id, until, (home, away)),
        "leg": "1/1",
        "details": f"Match {plan.knockout}" if plan.knockout else None,
        "length": 120 if outline is not None and len(outline.periods) > 2
        and until > outline.periods[1].ends + MINUTE else 90,
        "placeholder": plan.teams is None,
        # Odds come and go: the flag is volatile in real data.
        "has_odds": ahead < (7 + draw % 7) * DAY and not (draw % 10 == 0 and ahead < -7 * DAY),
        "has_premium_odds": ahead < (2 + draw % 3) * DAY and plan.league_index % 3 != 2,
        "starting_at_timestamp": plan.kickoff,
    }  # fmt: skip


def _result_info(
    outline: Outline | None, state_id: int, until: int, teams: tuple[str, str]
) -> str | None:
    if outline is None or state_id not in FINISHED or state_id in (14, 17):
        return None
    winner = outline.winner(until)
    if winner is None:
        return "Game ended in draw."
    return f"{teams[winner]} won {outline.ending.value}."


def participant_row(
    team: Team,
    location: str,
    winner: bool | None,
    position: int | None,
    last_played_at: str | None,
) -> Row:
    """Return one of a fixture's two teams; `winner` is None while the match is not over."""
    return {
        "id": team.team_id,
        "sport_id": 1,
        "country_id": team.country_id,
        "venue_id": ids.venue_id(team.team_id) if team.team_id % 14 else None,
        "gender": "male",
        "name": team.name,
        "short_code": team.short_code,
        "image_path": f"{_IMAGES}/teams/{team.team_id % 32}/{team.team_id}.png",
        "founded": team.founded,
        "type": "domestic",
        "placeholder": False,
        "last_played_at": last_played_at,
        "meta": {"location": location, "winner": winner, "position": position},
    }


def placeholder_row(plan: Plan, side: int, location: str) -> Row:
    """Return the team "to be confirmed" of a fixture whose teams are not known."""
    return {
        "id": ids.placeholder_team_id(plan.ordinal, side),
        "sport_id": 1,
        "country_id": country(plan.league_index)[0],
        "venue_id": None,
        "gender": "male",
        "name": "TBC",
        "short_code": None,
        "image_path": f"{_IMAGES}/team_placeholder.png",
        "founded": None,
        "type": "domestic",
        "placeholder": True,
        "last_played_at": None,
        "meta": {"location": location, "winner": None, "position": None},
    }


# ---------------------------------------------------------------------- embedded objects


def stage_row(fixture: Row, season: Row, calendar: Calendar, now: int) -> Row:
    """Return the stage of a fixture."""
    is_knockout = ids.is_knockout_stage(fixture["stage_id"])
    return {
        "id": fixture["stage_id"],
        "sport_id": 1,
        "league_id": fixture["league_id"],
        "season_id": fixture["season_id"],
        "type_id": 224 if is_knockout else 223,
        "name": "Knock Out" if is_knockout else "Regular Season",
        "sort_order": 1 + is_knockout,
        "finished": now > (calendar.ends if is_knockout else calendar.league_ends),
        "is_current": not season["finished"] and is_knockout == (now > calendar.league_ends),
        "starting_at": api_time(calendar.league_ends if is_knockout else calendar.starts)[:10],
        "ending_at": api_time(calendar.ends if is_knockout else calendar.league_ends)[:10],
        "games_in_current_week": season["games_in_current_week"],
        "tie_breaker_rule_id": None,
    }


def round_row(fixture: Row, calendar: Calendar, now: int) -> Row | None:
    """Return the round of a fixture, or None in the knock-out stage."""
    round_id = fixture["round_id"]
    if round_id is None:
        return None
    number = ids.round_number(round_id)
    first = (number - 1) * calendar.per_round
    kickoffs = [calendar.pairing(first + place).kickoff for place in range(calendar.per_round)]
    return {
        "id": round_id,
        "sport_id": 1,
        "league_id": fixture["league_id"],
        "season_id": fixture["season_id"],
        "stage_id": fixture["stage_id"],
        "name": str(number),
        "finished": now > max(kickoffs) + 2 * _HOUR,
        "is_current": min(kickoffs) - 2 * DAY <= now <= max(kickoffs) + 2 * _HOUR,
        "starting_at": api_time(min(kickoffs))[:10],
        "ending_at": api_time(max(kickoffs))[:10],
        "games_in_current_week": abs(min(kickoffs) - now) < 7 * DAY,
    }


def has_group(league_index: int) -> bool:
    """Return whether the league stage of a league is a group."""
    return league_index % 3 == 1


def group_row(fixture: Row, calendar: Calendar, now: int) -> Row | None:
    """Return the group of a fixture, or None where it has none."""
    if fixture["group_id"] is None:
        return None
    return {
        "id": fixture["group_id"],
        "sport_id": 1,
        "league_id": fixture["league_id"],
        "season_id": fixture["season_id"],
        "stage_id": fixture["stage_id"],
        "name": "Group A",
        "starting_at": api_time(calendar.starts)[:10],
        "ending_at": api_time(calendar.league_ends)[:10],
        "games_in_current_week": calendar.starts <= now <= calendar.league_ends,
        "is_current": calendar.starts <= now <= calendar.league_ends,
        "finished": now > calendar.league_ends,
        "pending": now < calendar.starts,
    }


def venue_row(seed: int, venue_id: int, country_id: int, town: str) -> Row:
    """Return one ground."""
    draw = mix(seed, 14, venue_id)
    return {
        "id": venue_id,
        "country_id": country_id,
        "city_id": 40_000 + venue_id,
        "name": f"{town} Park" if draw % 2 else f"Stadion {town}",
        "address": (None, "")[draw % 2] if draw % 10 < 2 else f"{1 + draw % 90} Station Road",
        "zipcode": None if (draw >> 24) % 14 else f"{10_000 + draw % 80_000}",
        "latitude": f"{40 + draw % 15_000 / 1000:.4f}",
        "longitude": f"{draw % 20_000 / 1000:.4f}",
        "capacity": ids.venue_capacity(seed, venue_id),
        "image_path": f"{_IMAGES}/venues/{venue_id % 32}/{venue_id}.png" if draw % 8 else None,
        "city_name": town if (draw >> 8) % 33 else None,
        "surface": None if (draw >> 16) % 25 == 0 else "grass" if draw % 9 else "artificial",
        "national_team": False,
    }
