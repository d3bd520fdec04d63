{{ config(severity='warn') }}

with

fixtures as (

    select * from {{ ref('fixtures') }}

),

states as (

    select * from {{ ref('states') }}

),

counted as (

    select
        fixtures.fixture_id,
        fixtures.name as fixture_name,
        fixtures.state_code,
        fixtures.starting_at,
        count(*) over (
            partition by
                fixtures.season_id,
                fixtures.starting_at,
                least(fixtures.home_participant_id, fixtures.away_participant_id),
                greatest(fixtures.home_participant_id, fixtures.away_participant_id)
        ) as fixture_count
    from fixtures
    left join states on fixtures.state_id = states.state_id
    where
        not fixtures.is_withdrawn
        and fixtures.placeholder is not true
        and states.phase is distinct from 'called_off'
        and fixtures.starting_at is not null
        -- One placeholder team may stand in for every team that is not known yet.
        and fixtures.home_participant_id <> fixtures.away_participant_id

)

select
    fixture_id,
    fixture_name,
    state_code,
    starting_at,
    fixture_count
from counted
where fixture_count > 1
