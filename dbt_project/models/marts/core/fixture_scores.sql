{{
    config(
        materialized='incremental',
        incremental_strategy='replace_array',
        unique_key='score_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']},
            {'columns': ['participant_id', 'type_id']}
        ]
    )
}}

with

changed_fixtures as (

    {{ changed_payloads('scores') }}

),

scores as (

    {{ flatten('changed_fixtures', 'scores') }}

),

latest as (

    {{ one_row_a_key('scores', 'score_id') }}

),

final as (

    select
        score_id,
        fixture_id,
        {{ payload_columns('scores') }},
        loaded_at
    from latest

)

select * from final
where {{ is_row('score_id') }}
