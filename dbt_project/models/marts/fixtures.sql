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

states as (

    select * from {{ ref('stg_sportmonks__states') }}

),

fixtures as (

    select
        payloads.*,
        states.developer_name as state_code
    from payloads
    left join states on payloads.state_id = states.state_id

),

-- A state that gets its name later changes the rows that show it.
changed_fixtures as (

    {{ changed_fixtures(columns=['state_code']) }}

),

base_fields as (

    {{ read_fields(
        'changed_fixtures',
        'payload',
        ['fixture_id', 'state_code', 'starting_at', 'loaded_at'],
        [
            'sport_id', 'league_id', 'season_id', 'stage_id', 'group_id', 'aggregate_id',
            'round_id', 'state_id', 'venue_id', 'starting_at_timestamp', 'length',
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
        {%- for field in [
            'sport_id', 'league_id', 'season_id', 'stage_id', 'group_id', 'aggregate_id',
            'round_id', 'state_id', 'venue_id'
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
