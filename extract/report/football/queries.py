"""The queries of the football site: plain SQL on the final tables, the same on both engines.

The first column of each query is the id of the season, team, match or player that the row belongs
to. Times are seconds since 1970.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """One kind of rows on the pages of one kind.

    Attributes:
        sql: a query whose first column is `id`.
        order: the columns that order the rows of one id.
        at_once: whether to read the rows of all ids with one query, because the engines compute the
            whole view for a part of it.
    """

    sql: str
    order: str
    at_once: bool = False


def seconds(column: str) -> str:
    """A time as whole seconds since 1970."""
    return f"cast(extract(epoch from {column}) as bigint)"


# One row per season with a stored match.
SEASONS = f"""
    select
        fixtures.season_id as id,
        coalesce(leagues.name, 'No competition') as league,
        coalesce(seasons.name, 'No season') as season,
        coalesce(seasons.is_current, false) as is_current,
        count(*) as matches,
        count(case when states.phase = 'finished' then 1 end) as finished,
        {seconds("min(fixtures.starting_at)")} as first_at,
        {seconds("max(case when states.phase = 'finished' then fixtures.starting_at end)")}
            as last_at,
        {seconds("max(fixtures.loaded_at)")} as changed_at
    from fixtures
    left join leagues on fixtures.league_id = leagues.league_id
    left join seasons on fixtures.season_id = seasons.season_id
    left join states on fixtures.state_id = states.state_id
    where not fixtures.is_withdrawn and fixtures.season_id is not null
    group by 1, 2, 3, 4
    order by is_current desc nulls last, league, first_at desc nulls last, id
"""

# When each season was last requested.
CHECKED = f"select season_id, {seconds('last_checked_at')} from season_coverage"

# The top of each season's latest table, unless several teams share it.
LEADERS = """
    select season_id, min(team_id) as team_id, coalesce(min(team_name), 'Unknown team') as team,
        min(points) as points
    from league_table
    where is_latest and position = 1
    group by season_id, stage_id, group_id
    having count(*) = 1
"""

STATES = "select developer_name, name from states"
# Names of the types of events, and of their subtypes.
TYPES = """
    select type_id, name from types
    where type_id in (
        select type_id from fixture_events union select sub_type_id from fixture_events
    )
"""

# Whether the warehouse has any row of a kind, for the texts of empty places.
STORED = """
    select
        exists(select 1 from fixture_events) as events,
        exists(select 1 from fixture_statistics) as statistics,
        exists(select 1 from fixture_lineups) as lineups,
        exists(select 1 from fixture_player_statistics) as details,
        exists(select 1 from fixture_statistics where type_id = 5304) as xg,
        exists(select 1 from fixture_referees) as referees
"""

SEARCH = {
    "teams": "select team_id, name from teams where team_id in (select team_id from team_fixtures) "
    "order by name, team_id",
    "players": "select distinct player_seasons.player_id, "
    "coalesce(players.display_name, players.name, player_name, 'Unknown player'), "
    "coalesce(team_name, 'Unknown team') from player_seasons "
    "left join players on player_seasons.player_id = players.player_id order by 2, 1, 3",
}

_MATCH = f"""
        fixtures.fixture_id,
        fixtures.stage_id,
        fixtures.group_id,
        fixtures.round_id,
        {seconds("fixtures.starting_at")} as starting_at,
        fixtures.state_code,
        states.phase,
        fixtures.home_participant_id as home_id,
        fixtures.away_participant_id as away_id,
        coalesce(home.name, fixtures.home_participant_name, 'Unknown team') as home,
        coalesce(away.name, fixtures.away_participant_name, 'Unknown team') as away,
        fixtures.home_score,
        fixtures.away_score,
        fixtures.winner_participant_id as winner_id
"""

_MATCH_FROM = """
    from fixtures
    left join states on fixtures.state_id = states.state_id
    left join teams as home on fixtures.home_participant_id = home.team_id
    left join teams as away on fixtures.away_participant_id = away.team_id
"""

# The matches on the first page.
LATEST = f"""
    select fixtures.season_id, {_MATCH} {_MATCH_FROM}
    where not fixtures.is_withdrawn and states.phase = 'finished'
    order by fixtures.starting_at desc nulls last, fixtures.fixture_id
    limit 10
"""
# A live match that began before this has not been fetched since: it is over by now.
_LONGEST_LIVE = 6 * 3600


def live(made_at: int) -> str:
    """The matches that are live when the report is made."""
    return _by_time("live", made_at - _LONGEST_LIVE)


def upcoming(made_at: int) -> str:
    """The next matches after the report is made."""
    return _by_time("scheduled", made_at)


def _by_time(phase: str, since: int) -> str:
    return f"""
    select fixtures.season_id, {_MATCH} {_MATCH_FROM}
    where
        not fixtures.is_withdrawn
        and states.phase = '{phase}'
        and {seconds("fixtures.starting_at")} >= {since}
    order by fixtures.starting_at, fixtures.fixture_id
    limit 10
"""


_PLAYER_TOTALS = """
        player_seasons.appearances,
        player_seasons.appearances_seen,
        player_seasons.starts,
        player_seasons.minutes,
        player_seasons.goals,
        player_seasons.assists,
        player_seasons.penalties_scored,
        player_seasons.shots_total,
        player_seasons.shots_on_target,
        player_seasons.key_passes,
        player_seasons.xg,
        player_seasons.rating,
        player_seasons.yellow_cards,
        player_seasons.yellow_red_cards,
        player_seasons.red_cards,
        with_xg.matches as xg_matches,
        with_xg.goals as xg_goals
"""

# Goals are compared with expected goals only where both are known.
_PLAYER_FROM = """
    from player_seasons
    left join (
        select
            season_id, player_id, team_id,
            count(*) as matches,
            cast(coalesce(sum(goals), 0) as bigint) as goals
        from player_fixtures
        where xg is not null and phase in ('live', 'finished')
        group by 1, 2, 3
    ) as with_xg
        on player_seasons.season_id = with_xg.season_id
        and player_seasons.player_id = with_xg.player_id
        and player_seasons.team_id = with_xg.team_id
"""

SEASON = {
    "matches": Part(
        f"""
    select fixtures.season_id as id, {_MATCH}, home_side.xg as home_xg, away_side.xg as away_xg
    {_MATCH_FROM}
    left join team_fixtures as home_side
        on fixtures.fixture_id = home_side.fixture_id
        and fixtures.home_participant_id = home_side.team_id
    left join team_fixtures as away_side
        on fixtures.fixture_id = away_side.fixture_id
        and fixtures.away_participant_id = away_side.team_id
    where not fixtures.is_withdrawn and fixtures.season_id is not null
""",
        "starting_at, fixture_id",
    ),
    "rounds": Part(
        f"""
    select
        fixtures.season_id as id,
        fixtures.stage_id,
        fixtures.group_id,
        fixtures.round_id,
        max(stages.sort_order) as stage_order,
        coalesce(max(stages.name), max(fixtures.stage_name)) as stage,
        max(groups.name) as group_name,
        coalesce(max(rounds.name), max(fixtures.round_name)) as round,
        {seconds("percentile_disc(0.5) within group (order by fixtures.starting_at)")} as median_at
    from fixtures
    left join stages on fixtures.stage_id = stages.stage_id
    left join groups on fixtures.group_id = groups.group_id
    left join rounds on fixtures.round_id = rounds.round_id
    where not fixtures.is_withdrawn and fixtures.season_id is not null
    group by 1, 2, 3, 4
""",
        "stage_order nulls last, stage_id, median_at nulls last, round_id, group_name",
    ),
    "table": Part(
        """
    select
        season_id as id, stage_id, group_id, round_id, round_number, team_id,
        coalesce(team_name, 'Unknown team') as team_name, position,
        played, won, drawn, lost, goals_for, goals_against, goal_difference, points, form, is_latest
    from league_table
""",
        "stage_id, group_id, round_number, position, team_name, team_id",
    ),
    "players": Part(
        f"""
    select
        player_seasons.season_id as id, player_seasons.player_id,
        coalesce(player_name, 'Unknown player') as player_name, player_seasons.team_id,
        coalesce(team_name, 'Unknown team') as team_name, {_PLAYER_TOTALS}
    {_PLAYER_FROM}
""",
        "goals desc nulls last, assists desc nulls last, player_name, player_id, team_id",
    ),
}

TEAM = {
    "team": Part(
        """
    select
        teams.team_id as id, teams.name, teams.short_code, teams.founded,
        venues.name as venue, venues.city_name as city, venues.capacity
    from teams
    left join venues on teams.venue_id = venues.venue_id
""",
        "id",
    ),
    "matches": Part(
        f"""
    select
        team_fixtures.team_id as id,
        team_fixtures.season_id,
        team_fixtures.fixture_id,
        team_fixtures.team_name,
        coalesce(fixtures.round_name, fixtures.stage_name) as round,
        {seconds("team_fixtures.starting_at")} as starting_at,
        team_fixtures.state_code,
        team_fixtures.phase,
        team_fixtures.location,
        team_fixtures.opponent_id,
        coalesce(teams.name, team_fixtures.opponent_name, 'Unknown team') as opponent,
        team_fixtures.result,
        team_fixtures.goals_for,
        team_fixtures.goals_against,
        team_fixtures.xg,
        team_fixtures.xg_against,
        team_fixtures.possession,
        team_fixtures.shots_total,
        team_fixtures.shots_on_target,
        team_fixtures.formation,
        team_fixtures.coach_name,
        {seconds("team_fixtures.loaded_at")} as loaded_at
    from team_fixtures
    inner join fixtures on team_fixtures.fixture_id = fixtures.fixture_id
    left join teams on team_fixtures.opponent_id = teams.team_id
""",
        "starting_at, fixture_id",
    ),
    "table": Part(
        """
    select
        team_id as id, season_id, stage_id, group_id, round_number, position, played, points,
        is_latest
    from league_table
""",
        "season_id, stage_id, group_id, round_number",
    ),
    "players": Part(
        f"""
    select
        player_seasons.team_id as id, player_seasons.season_id, player_seasons.player_id,
        coalesce(player_name, 'Unknown player') as player_name, {_PLAYER_TOTALS}
    {_PLAYER_FROM}
""",
        "season_id, minutes desc nulls last, goals desc nulls last, player_name, player_id",
    ),
}


def match_parts(statistics: Sequence[str]) -> dict[str, Part]:
    """The queries of the match pages.

    Args:
        statistics: columns of `team_fixtures` that are statistics.
    """
    columns = ", ".join(f"team_fixtures.{column}" for column in statistics)
    return {
        "match": Part(
            f"""
    select
        fixtures.fixture_id as id,
        fixtures.season_id,
        {_MATCH},
        fixtures.home_score_half_time,
        fixtures.away_score_half_time,
        fixtures.stage_name,
        fixtures.round_name,
        fixtures.result_info,
        fixtures.leg,
        coalesce(venues.name, fixtures.venue_name) as venue,
        venues.city_name as city,
        fixtures.attendance,
        fixtures.referee_name as referee,
        weather.description as weather,
        weather.temperature_current as temperature,
        weather.metric as temperature_unit,
        {seconds("fixtures.loaded_at")} as loaded_at
    {_MATCH_FROM}
    left join venues on fixtures.venue_id = venues.venue_id
    left join fixture_weather as weather
        on fixtures.fixture_id = weather.fixture_id and weather.type = 'actual'
    where not fixtures.is_withdrawn
""",
            "id",
        ),
        "sides": Part(
            "select team_fixtures.fixture_id as id, team_fixtures.location, "
            f"team_fixtures.coach_name, team_fixtures.formation, {columns} from team_fixtures",
            "location desc nulls last",
        ),
        "events": Part(
            """
    select
        fixture_id as id, minute_label, type_id, location, cast(is_goal as int) as is_goal,
        home_score, away_score, player_id, player_name, related_player_id, related_player_name,
        sub_type_id, cast(rescinded as int) as rescinded, home_shootout_score,
        away_shootout_score, position
    from fixture_timeline
""",
            "position",
        ),
        "lineups": Part(
            """
    select
        fixture_id as id, location, player_id, player_name, jersey_number, position_id,
        cast(is_starter as int) as is_starter, cast(has_played as int) as has_played,
        cast(is_captain as int) as is_captain, goals, assists, yellow_cards, yellow_red_cards,
        red_cards, minutes, rating, formation_field, xg
    from player_fixtures
    where location is not null
""",
            "location desc nulls last, is_starter desc nulls last, has_played desc nulls last, "
            "position_id nulls last, jersey_number, player_name, player_id",
        ),
        "officials": Part(
            """
    select
        officials.fixture_id as id,
        officials.type_id,
        types.name as role,
        coalesce(officials.display_name, officials.name, officials.common_name) as official
    from fixture_referees as officials
    left join types on officials.type_id = types.type_id
""",
            "type_id, official",
        ),
        "absent": Part(
            """
    select
        absent.fixture_id as id,
        absent.participant_id as team_id,
        absent.player_id,
        coalesce(players.display_name, players.name) as player_name,
        absent.category,
        types.name as reason
    from fixture_sidelined as absent
    left join players on absent.player_id = players.player_id
    left join types on absent.type_id = types.type_id
""",
            "team_id, player_name, player_id",
        ),
        "corrections": Part(
            f"""
    select
        fixture_id as id,
        {seconds("first_seen_at")} as first_seen_at,
        kind, type_name, participant_id as team_id, field, old_value, new_value
    from fixture_corrections
    where is_after_full_time
""",
            "first_seen_at, kind, type_name, team_id, field",
        ),
    }


PLAYER = {
    "player": Part(
        """
    select
        players.player_id as id,
        coalesce(players.display_name, players.name) as name,
        players.position_id,
        cast(players.date_of_birth as text) as date_of_birth,
        players.height
    from players
""",
        "id",
    ),
    "seasons": Part(
        f"""
    select
        player_seasons.player_id as id, player_seasons.season_id, league_name, season_name,
        player_seasons.team_id, coalesce(team_name, 'Unknown team') as team_name,
        coalesce(player_name, 'Unknown player') as player_name, {_PLAYER_TOTALS}
    {_PLAYER_FROM}
""",
        "season_name desc nulls last, league_name, team_name, season_id",
        at_once=True,
    ),
    "matches": Part(
        f"""
    select
        played.player_id as id,
        played.fixture_id,
        played.season_id,
        played.team_id,
        {seconds("played.starting_at")} as starting_at,
        played.location,
        played.opponent_id,
        coalesce(teams.name, played.opponent_name, 'Unknown team') as opponent,
        played.result,
        fixtures.home_score,
        fixtures.away_score,
        cast(played.is_starter as int) as is_starter,
        played.minutes,
        played.goals,
        played.assists,
        played.shots_total,
        played.key_passes,
        played.yellow_cards,
        played.yellow_red_cards,
        played.red_cards,
        played.xg,
        played.rating
    from player_fixtures as played
    inner join fixtures on played.fixture_id = fixtures.fixture_id
    left join teams on played.opponent_id = teams.team_id
    where played.has_played and played.player_id is not null
""",
        "starting_at, fixture_id",
    ),
}
