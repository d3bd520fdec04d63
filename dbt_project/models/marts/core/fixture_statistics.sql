{{
    config(
        materialized='incremental',
        incremental_strategy='replace_array',
        unique_key='statistic_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']},
            {'columns': ['participant_id', 'type_id']},
            {'columns': ['type_id']}
        ]
    )
}}

with

changed_payloads as (

    {{ select_changed_payloads('statistics') }}

),

statistics as (

    {{ flatten('changed_payloads', 'statistics') }}

),

deduplicated as (

    {{ deduplicate('statistics', 'statistic_id') }}

),

final as (

    select
        statistic_id,
        fixture_id,
        {{ payload_columns('statistics') }},
        data as value_raw,
        loaded_at
    from deduplicated

)

select * from final
where {{ has_key('statistic_id') }}
