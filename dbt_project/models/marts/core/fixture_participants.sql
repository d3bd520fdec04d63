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

changed_fixtures as (

    {{ changed_payloads('participants') }}

),

participants as (

    {{ flatten('changed_fixtures', 'participants') }}

),

latest as (

    {{ one_row_a_key('participants', 'participant_id', within_fixture=true) }}

),

final as (

    select
        participant_id,
        fixture_id,
        {{ payload_columns('participants') }},
        loaded_at
    from latest

)

select * from final
where {{ is_row('participant_id') }}
