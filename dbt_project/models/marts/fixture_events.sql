{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key='event_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']},
            {'columns': ['participant_id', 'type_id']},
            {'columns': ['type_id']},
            {'columns': ['player_id']}
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

events as (

    {{ flatten(
        'changed_fixtures',
        'events',
        [
            'id', 'type_id', 'sub_type_id', 'participant_id', 'period_id',
            'detailed_period_id', 'player_id', 'related_player_id', 'coach_id', 'minute',
            'extra_minute', 'injured', 'on_bench', 'rescinded', 'sort_order'
        ],
        texts=['section', 'player_name', 'related_player_name', 'result', 'info', 'addition']
    ) }}

),

latest as (

    {{ one_row_a_key('events', 'event_id') }}

),

final as (

    select
        event_id,
        fixture_id,
        {{ to_bigint('type_id') }} as type_id,
        {{ to_bigint('sub_type_id') }} as sub_type_id,
        {{ to_bigint('participant_id') }} as participant_id,
        {{ to_bigint('period_id') }} as period_id,
        {{ to_bigint('detailed_period_id') }} as detailed_period_id,
        {{ to_bigint('player_id') }} as player_id,
        {{ to_bigint('related_player_id') }} as related_player_id,
        {{ to_bigint('coach_id') }} as coach_id,
        section,
        player_name,
        related_player_name,
        result,
        info,
        addition,
        {{ to_bigint('minute') }} as minute,
        {{ to_bigint('extra_minute') }} as extra_minute,
        {{ to_bigint('sort_order') }} as sort_order,
        {{ to_boolean('injured') }} as injured,
        {{ to_boolean('on_bench') }} as on_bench,
        {{ to_boolean('rescinded') }} as rescinded,
        loaded_at
    from latest

)

select * from final
where {{ is_row('event_id') }}
