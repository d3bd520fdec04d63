{{ config(severity='warn') }}

with

players as (

    select * from {{ ref('player_fixtures') }}

),

events as (

    select * from {{ ref('fixture_events') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

),

in_details as (

    select
        fixture_id,
        sum(goals) as goals
    from players
    where statistics_source = 'details'
    group by 1

),

in_events as (

    select
        fixture_id,
        count(case when type_id in (14, 16) then 1 end) as goals
    from events
    group by 1

)

select
    fixtures.fixture_id,
    fixtures.name as fixture_name,
    in_details.goals as goals_in_details,
    in_events.goals as goals_in_events
from in_details
inner join in_events on in_details.fixture_id = in_events.fixture_id
inner join fixtures on in_details.fixture_id = fixtures.fixture_id
where
    not fixtures.is_withdrawn
    and fixtures.state_code in ('FT', 'AET', 'FT_PEN')
    and in_details.goals <> in_events.goals
