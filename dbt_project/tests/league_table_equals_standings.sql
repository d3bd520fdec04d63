{{ config(severity='warn') }}

with

standings as (

    select * from {{ ref('standings') }}

),

league_table as (

    select * from {{ ref('league_table') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

),

states as (

    select * from {{ ref('states') }}

),

coverage as (

    select * from {{ ref('season_coverage') }}

),

-- The official table may include the current score of a live match.
live_seasons as (

    select distinct fixtures.season_id
    from fixtures
    inner join states on fixtures.state_id = states.state_id
    where states.phase = 'live' and not fixtures.is_withdrawn

)

select
    standings.season_id,
    league_table.league_name,
    league_table.season_name,
    league_table.team_name,
    standings.played as official_played,
    league_table.played,
    standings.points as official_points,
    league_table.points,
    standings.goals_for as official_goals_for,
    league_table.goals_for,
    standings.goals_against as official_goals_against,
    league_table.goals_against
from standings
inner join league_table
    on
        standings.season_id = league_table.season_id
        and standings.stage_id = league_table.stage_id
        and standings.group_id is not distinct from league_table.group_id
        and standings.participant_id = league_table.team_id
inner join coverage on standings.season_id = coverage.season_id
where
    league_table.is_latest
    and coverage.known = coverage.stored
    and standings.season_id not in (select live_seasons.season_id from live_seasons)
    and (
        standings.played <> league_table.played
        or standings.points <> league_table.points
        or standings.goals_for <> league_table.goals_for
        or standings.goals_against <> league_table.goals_against
    )
