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

changed_fixtures as (

    {{ changed_payloads('periods') }}

),

periods as (

    {{ flatten('changed_fixtures', 'periods') }}

),

latest as (

    {{ one_row_a_key('periods', 'period_id') }}

),

final as (

    select
        period_id,
        fixture_id,
        {{ payload_columns('periods') }},
        loaded_at
    from latest

)

select * from final
where {{ is_row('period_id') }}
