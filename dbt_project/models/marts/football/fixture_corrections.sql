with

corrections as (

    select * from {{ ref('int_fixture_corrections') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

),

states as (

    select * from {{ ref('states') }}

),

types as (

    select * from {{ ref('types') }}

),

leagues as (

    select * from {{ ref('leagues') }}

),

seasons as (

    select * from {{ ref('seasons') }}

),

state_names as (

    select
        cast(state_id as text) as state_id,
        developer_name
    from states

),

final as (

    select
        corrections.fixture_id,
        corrections.event_id,
        corrections.type_id,
        corrections.participant_id,
        fixtures.league_id,
        fixtures.season_id,
        leagues.name as league_name,
        seasons.name as season_name,
        fixtures.name as fixture_name,
        corrections.kind,
        types.name as type_name,
        case
            when corrections.field = 'state_id' then 'state_code' else corrections.field
        end as field,
        coalesce(old_states.developer_name, corrections.old_value) as old_value,
        coalesce(new_states.developer_name, corrections.new_value) as new_value,
        corrections.previous_phase,
        coalesce(corrections.previous_phase = 'finished', false) as is_after_full_time,
        fixtures.starting_at,
        corrections.previous_loaded_at,
        corrections.first_seen_at
    from corrections
    left join fixtures on corrections.fixture_id = fixtures.fixture_id
    left join leagues on fixtures.league_id = leagues.league_id
    left join seasons on fixtures.season_id = seasons.season_id
    left join types on corrections.type_id = types.type_id
    left join state_names as old_states
        on corrections.field = 'state_id' and corrections.old_value = old_states.state_id
    left join state_names as new_states
        on corrections.field = 'state_id' and corrections.new_value = new_states.state_id
    where corrections.kind <> ''

)

select * from final
