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

changed_fixtures as (

    {{ changed_payloads('statistics') }}

),

statistics as (

    {{ flatten('changed_fixtures', 'statistics') }}

),

latest as (

    {{ one_row_a_key('statistics', 'statistic_id') }}

),

final as (

    select
        statistic_id,
        fixture_id,
        {{ payload_columns('statistics') }},
        data as value_raw,
        loaded_at
    from latest

)

select * from final
where {{ is_row('statistic_id') }}
