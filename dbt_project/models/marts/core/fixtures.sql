{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key='fixture_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['season_id', 'starting_at']},
            {'columns': ['league_id', 'starting_at']},
            {'columns': ['starting_at']},
            {'columns': ['home_participant_id']},
            {'columns': ['away_participant_id']}
        ]
    )
}}

with

versions as (

    select
        fixture_id,
        state_id,
        loaded_at
    from {{ ref('stg_sportmonks__fixtures') }}

),

payloads as (

    select
        fixture_id,
        payload
    from {{ ref('stg_sportmonks__fixtures') }}

),

listed as (

    select * from {{ ref('stg_sportmonks__fixture_index') }}

),

checks as (

    select * from {{ ref('stg_sportmonks__fixture_checks') }}

),

states as (

    select * from {{ ref('stg_sportmonks__states') }}

),

-- A deleted fixture has no new payload: only the list of deleted ones shows its state, which is 20.
-- Where a later answer has the fixture again, the answer counts.
current_states as (

    select
        versions.fixture_id,
        versions.loaded_at,
        case
            when
                listed.state_id = 20
                and not coalesce(
                    checks.outcome in ('stored', 'unchanged')
                    and checks.checked_at >= listed.last_seen_at,
                    false
                )
                then listed.state_id
            else versions.state_id
        end as state_id,
        coalesce(checks.times_missing, 0) as times_missing
    from versions
    left join listed on versions.fixture_id = listed.fixture_id
    left join checks on versions.fixture_id = checks.fixture_id

),

fixtures as (

    select
        current_states.*,
        states.developer_name as state_code
    from current_states
    left join states on current_states.state_id = states.state_id

),

-- What does not stand in the payload may change without it.
changed_fixtures as (

    {{ changed_fixtures(columns=['state_id', 'state_code', 'times_missing']) }}

),

changed_payloads as (

    select
        changed_fixtures.*,
        payloads.payload
    from changed_fixtures
    inner join payloads on changed_fixtures.fixture_id = payloads.fixture_id

),

base_fields as (

    {{ read_fields(
        'changed_payloads',
        'fixture',
        [
            'fixture_id', 'changed_payloads.state_id as current_state_id', 'state_code',
            'times_missing', 'loaded_at'
        ]
    ) }}

),

participants as (

    {{ flatten(
        'changed_payloads',
        'participants',
        {'fields': ['id'], 'texts': ['name'], 'objects': ['meta']}
    ) }}

),

sides as (

    select
        fixture_id,
        {{ to_bigint('id') }} as participant_id,
        name,
        {{ to_text("(meta -> 'location')") }} as location,
        (meta ->> 'winner') as winner
    from participants

),

teams as (

    select
        fixture_id,
        max(case when location = 'home' then participant_id end) as home_participant_id,
        max(case when location = 'away' then participant_id end) as away_participant_id,
        max(case when winner = 'true' then participant_id end) as winner_participant_id,
        max(case when location = 'home' then name end) as home_participant_name,
        max(case when location = 'away' then name end) as away_participant_name
    from sides
    group by 1

),

scores as (

    {{ flatten(
        'changed_payloads',
        'scores',
        {'fields': [], 'texts': ['description'], 'objects': ['score']}
    ) }}

),

goals as (

    select
        fixture_id,
        description,
        {{ to_text("(score -> 'participant')") }} as location,
        {{ to_bigint("(score ->> 'goals')") }} as goals
    from scores

),

results as (

    select
        fixture_id,
        max(case when description = 'CURRENT' and location = 'home' then goals end)
            as home_score,
        max(case when description = 'CURRENT' and location = 'away' then goals end)
            as away_score,
        max(case when description = '1ST_HALF' and location = 'home' then goals end)
            as home_score_half_time,
        max(case when description = '1ST_HALF' and location = 'away' then goals end)
            as away_score_half_time
    from goals
    group by 1

),

final as (

    select
        base_fields.fixture_id,
        base_fields.current_state_id as state_id,
        {{ payload_columns(
            'fixture',
            except=['state_id', 'starting_at_timestamp', 'starting_at']
        ) }},
        teams.home_participant_id,
        teams.away_participant_id,
        teams.winner_participant_id,
        base_fields.state_code,
        teams.home_participant_name,
        teams.away_participant_name,
        results.home_score,
        results.away_score,
        results.home_score_half_time,
        results.away_score_half_time,
        base_fields.times_missing,
        coalesce(
            {{ payload_column('fixture', 'starting_at_timestamp') }},
            {{ payload_column('fixture', 'starting_at') }}
        ) as starting_at,
        base_fields.loaded_at
    from base_fields
    left join teams on base_fields.fixture_id = teams.fixture_id
    left join results on base_fields.fixture_id = results.fixture_id

)

select * from final
where {{ is_row('fixture_id') }}
