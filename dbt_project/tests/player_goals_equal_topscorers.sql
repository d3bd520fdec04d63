{{ config(severity='warn') }}

with

topscorers as (

    select * from {{ ref('topscorers') }}

),

player_seasons as (

    select * from {{ ref('player_seasons') }}

),

players as (

    select * from {{ ref('players') }}

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

live_seasons as (

    select distinct fixtures.season_id
    from fixtures
    inner join states on fixtures.state_id = states.state_id
    where
        states.phase = 'live'
        and states.developer_name not in ('SUSPENDED', 'INTERRUPTED')
        and not fixtures.is_withdrawn

),

-- A player with two teams may have a row for each.
official as (

    select
        season_id,
        player_id,
        sum(total) as goals
    from topscorers
    where type_id = 208
    group by 1, 2

),

counted as (

    select
        season_id,
        player_id,
        sum(goals) as goals
    from player_seasons
    group by 1, 2

)

select
    official.season_id,
    coverage.league_name,
    coverage.season_name,
    official.player_id,
    players.display_name as player_name,
    official.goals as official_goals,
    coalesce(counted.goals, 0) as goals
from official
inner join coverage on official.season_id = coverage.season_id
left join counted
    on official.season_id = counted.season_id and official.player_id = counted.player_id
left join players on official.player_id = players.player_id
where
    coverage.known = coverage.stored
    and coverage.finished_with_events > 0
    and official.season_id not in (select live_seasons.season_id from live_seasons)
    and official.goals <> coalesce(counted.goals, 0)
