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

changed_payloads as (

    {{ select_changed_payloads('events') }}

),

events as (

    {{ flatten('changed_payloads', 'events') }}

),

deduplicated as (

    {{ deduplicate('events', 'event_id') }}

),

final as (

    select
        event_id,
        fixture_id,
        {{ payload_columns('events') }},
        loaded_at
    from deduplicated

)

select * from final
where {{ has_key('event_id') }}
