{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key='period_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']}
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

periods as (

    {{ flatten(
        'changed_fixtures',
        'periods',
        [
            'id', 'type_id', 'started', 'ended', 'counts_from', 'ticking', 'sort_order',
            'time_added', 'period_length', 'minutes', 'seconds', 'has_timer'
        ],
        texts=['description']
    ) }}

),

latest as (

    {{ one_row_a_key('periods', 'period_id') }}

),

final as (

    select
        period_id,
        fixture_id,
        {{ to_bigint('type_id') }} as type_id,
        description,
        {{ to_bigint('counts_from') }} as counts_from,
        {{ to_bigint('sort_order') }} as sort_order,
        {{ to_bigint('time_added') }} as time_added,
        {{ to_bigint('period_length') }} as period_length,
        {{ to_bigint('minutes') }} as minutes,
        {{ to_bigint('seconds') }} as seconds,
        {{ to_boolean('ticking') }} as ticking,
        {{ to_boolean('has_timer') }} as has_timer,
        {{ to_timestamp_utc("started") }} as started,
        {{ to_timestamp_utc("ended") }} as ended,
        loaded_at
    from latest

)

select * from final
where {{ is_row('period_id') }}
