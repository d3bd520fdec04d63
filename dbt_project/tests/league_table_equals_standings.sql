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
    where
        states.phase = 'live'
        and states.developer_name not in ('SUSPENDED', 'INTERRUPTED')
        and not fixtures.is_withdrawn

)

select
    standings.season_id,
    coverage.league_name,
    coverage.season_name,
    standings.participant_id as team_id,
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
left join league_table
    on
        standings.season_id = league_table.season_id
        and standings.stage_id = league_table.stage_id
        and standings.group_id is not distinct from league_table.group_id
        and standings.participant_id = league_table.team_id
        and league_table.is_latest
inner join coverage on standings.season_id = coverage.season_id
where
    coverage.known = coverage.stored
    -- A knock-out stage has no table of ours.
    and standings.stage_id in (select ours.stage_id from league_table as ours)
    and standings.season_id not in (select live_seasons.season_id from live_seasons)
    and (
        standings.played is distinct from league_table.played
        or standings.points is distinct from league_table.points
        or standings.goals_for is distinct from league_table.goals_for
        or standings.goals_against is distinct from league_table.goals_against
    )
