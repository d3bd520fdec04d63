{{
    config(
        materialized='incremental',
        incremental_strategy='replace_array',
        unique_key='event_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']},
            {'columns': ['participant_id', 'type_id']},
            {'columns': ['type_id']},
            {'columns': ['player_id']}
        ]
    )
}}

with

changed_fixtures as (

    {{ changed_payloads('events') }}

),

events as (

    {{ flatten('changed_fixtures', 'events') }}

),

latest as (

    {{ one_row_a_key('events', 'event_id') }}

),

final as (

    select
        event_id,
        fixture_id,
        {{ payload_columns('events') }},
        loaded_at
    from latest

)

select * from final
where {{ is_row('event_id') }}
