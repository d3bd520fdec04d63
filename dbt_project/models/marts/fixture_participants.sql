{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key=['fixture_id', 'participant_id'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['participant_id']}
        ]
    )
}}

with

fixtures as (

    select * from {{ ref('stg_sportmonks__fixtures') }}

),

changed_fixtures as (

    {{ changed_fixtures() }}

),

participants as (

    {{ flatten(
        'changed_fixtures',
        'participants',
        ['id', 'sport_id', 'country_id', 'venue_id', 'founded', 'placeholder', 'last_played_at'],
        texts=['gender', 'name', 'short_code', 'image_path', 'type'],
        objects=['meta']
    ) }}

),

latest as (

    {{ one_row_a_key('participants', 'participant_id', within_fixture=true) }}

),

final as (

    select
        participant_id,
        fixture_id,
        {{ to_bigint('sport_id') }} as sport_id,
        {{ to_bigint('country_id') }} as country_id,
        {{ to_bigint('venue_id') }} as venue_id,
        name,
        short_code,
        gender,
        type,
        image_path,
        {{ to_text("(meta -> 'location')") }} as location,
        {{ to_bigint('founded') }} as founded,
        {{ to_bigint("(meta ->> 'position')") }} as position,
        {{ to_boolean("(meta ->> 'winner')") }} as winner,
        {{ to_boolean('placeholder') }} as placeholder,
        {{ to_utc('last_played_at') }} as last_played_at,
        loaded_at
    from latest

)

select * from final
where {{ is_row('participant_id') }}
