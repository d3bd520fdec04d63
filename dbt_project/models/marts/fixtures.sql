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

payloads as (

    select * from {{ ref('stg_sportmonks__fixtures') }}

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
        payloads.fixture_id,
        payloads.payload,
        payloads.starting_at,
        payloads.loaded_at,
        case
            when
                listed.state_id = 20
                and not coalesce(
                    checks.outcome in ('stored', 'unchanged')
                    and checks.checked_at >= listed.last_seen_at,
                    false
                )
                then listed.state_id
            else payloads.state_id
        end as state_id,
        coalesce(checks.times_missing, 0) as times_missing
    from payloads
    left join listed on payloads.fixture_id = listed.fixture_id
    left join checks on payloads.fixture_id = checks.fixture_id

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

base_fields as (

    {{ read_fields(
        'changed_fixtures',
        'payload',
        ['fixture_id', 'state_id', 'state_code', 'times_missing', 'starting_at', 'loaded_at'],
        [
            'sport_id', 'league_id', 'season_id', 'stage_id', 'group_id', 'aggregate_id',
            'round_id', 'venue_id', 'starting_at_timestamp', 'length',
            'placeholder', 'has_odds', 'has_premium_odds'
        ],
        texts=['name', 'result_info', 'leg', 'details']
    ) }}

),

participants as (

    {{ flatten(
        'changed_fixtures',
        'participants',
        ['id'],
        texts=['name'],
        objects=['meta']
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
        'changed_fixtures',
        'scores',
        [],
        texts=['description'],
        objects=['score']
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
        base_fields.state_id,
        {%- for field in [
            'sport_id', 'league_id', 'season_id', 'stage_id', 'group_id', 'aggregate_id',
            'round_id', 'venue_id'
        ] %}
        {{ to_bigint('base_fields.' ~ field) }} as {{ field }},
        {%- endfor %}
        teams.home_participant_id,
        teams.away_participant_id,
        teams.winner_participant_id,
        base_fields.name,
        base_fields.state_code,
        teams.home_participant_name,
        teams.away_participant_name,
        base_fields.result_info,
        base_fields.leg,
        base_fields.details,
        results.home_score,
        results.away_score,
        results.home_score_half_time,
        results.away_score_half_time,
        {{ to_bigint('base_fields.length') }} as length,
        base_fields.times_missing,
        {{ to_boolean('base_fields.placeholder') }} as placeholder,
        {{ to_boolean('base_fields.has_odds') }} as has_odds,
        {{ to_boolean('base_fields.has_premium_odds') }} as has_premium_odds,
        coalesce(
            {{ to_timestamp_utc('base_fields.starting_at_timestamp') }},
            base_fields.starting_at
        ) as starting_at,
        base_fields.loaded_at
    from base_fields
    left join teams on base_fields.fixture_id = teams.fixture_id
    left join results on base_fields.fixture_id = results.fixture_id

)

select * from final
where {{ is_row('fixture_id') }}
