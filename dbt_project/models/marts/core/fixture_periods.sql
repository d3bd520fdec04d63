{{
    config(
        materialized='incremental',
        incremental_strategy='replace_array',
        unique_key='period_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']}
        ]
    )
}}

with

changed_payloads as (

    {{ select_changed_payloads('periods') }}

),

periods as (

    {{ flatten('changed_payloads', 'periods') }}

),

deduplicated as (

    {{ deduplicate('periods', 'period_id') }}

),

final as (

    select
        period_id,
        fixture_id,
        {{ payload_columns('periods') }},
        loaded_at
    from deduplicated

)

select * from final
where {{ has_key('period_id') }}
