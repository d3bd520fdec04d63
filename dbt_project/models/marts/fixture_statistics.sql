{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
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

fixtures as (

    select * from {{ ref('stg_sportmonks__fixtures') }}

),

changed_fixtures as (

    {{ changed_fixtures() }}

),

statistics as (

    {{ flatten(
        'changed_fixtures',
        'statistics',
        ['id', 'type_id', 'participant_id'],
        texts=['location'],
        objects=['data']
    ) }}

),

latest as (

    {{ one_row_a_key('statistics', 'statistic_id') }}

),

final as (

    select
        statistic_id,
        fixture_id,
        {{ to_bigint('type_id') }} as type_id,
        {{ to_bigint('participant_id') }} as participant_id,
        location,
        {{ to_double("(data ->> 'value')") }} as value,
        data as value_raw,
        loaded_at
    from latest

)

select * from final
where {{ is_row('statistic_id') }}
