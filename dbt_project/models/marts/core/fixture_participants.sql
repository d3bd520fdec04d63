{{
    config(
        materialized='incremental',
        incremental_strategy='replace_array',
        unique_key=['fixture_id', 'participant_id'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['participant_id']}
        ]
    )
}}

with

changed_payloads as (

    {{ select_changed_payloads('participants') }}

),

participants as (

    {{ flatten('changed_payloads', 'participants') }}

),

deduplicated as (

    {{ deduplicate('participants', 'participant_id', within_fixture=true) }}

),

final as (

    select
        participant_id,
        fixture_id,
        {{ payload_columns('participants') }},
        loaded_at
    from deduplicated

)

select * from final
where {{ has_key('participant_id') }}
