{{ config(severity='warn') }}

with

lineups as (

    select * from {{ ref('fixture_lineups') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

),

states as (

    select * from {{ ref('states') }}

),

teams as (

    select
        fixture_id,
        team_id,
        count(case when is_starter then 1 end) as starters
    from lineups
    group by 1, 2

)

select
    fixtures.fixture_id,
    fixtures.name as fixture_name,
    teams.team_id,
    teams.starters
from teams
inner join fixtures on teams.fixture_id = fixtures.fixture_id
inner join states on fixtures.state_id = states.state_id
where
    not fixtures.is_withdrawn
    and states.phase in ('live', 'finished')
    and teams.starters <> 11
