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

changed_payloads as (

    {{ select_changed_payloads('scores') }}

),

scores as (

    {{ flatten('changed_payloads', 'scores') }}

),

deduplicated as (

    {{ deduplicate('scores', 'score_id') }}

),

final as (

    select
        score_id,
        fixture_id,
        {{ payload_columns('scores') }},
        loaded_at
    from deduplicated

)

select * from final
where {{ has_key('score_id') }}
