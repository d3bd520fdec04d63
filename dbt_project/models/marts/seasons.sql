{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='season_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['league_id']}
        ]
    )
}}

with

seasons as (

    select * from {{ ref('stg_sportmonks__seasons') }}

),

final as (

    select
        season_id,
        {{ to_bigint('sport_id') }} as sport_id,
        {{ to_bigint('league_id') }} as league_id,
        {{ to_bigint('tie_breaker_rule_id') }} as tie_breaker_rule_id,
        name,
        {{ to_boolean('finished') }} as finished,
        {{ to_boolean('pending') }} as pending,
        {{ to_boolean('is_current') }} as is_current,
        {{ to_date("starting_at") }} as starting_at,
        {{ to_date("ending_at") }} as ending_at
    from seasons

)

select * from final
