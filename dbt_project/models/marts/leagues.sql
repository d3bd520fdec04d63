{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='league_id',
        on_schema_change='fail'
    )
}}

with

leagues as (

    select * from {{ ref('stg_sportmonks__leagues') }}

),

final as (

    select
        league_id,
        {{ to_bigint('sport_id') }} as sport_id,
        {{ to_bigint('country_id') }} as country_id,
        {{ to_bigint("(currentseason ->> 'id')") }} as current_season_id,
        name,
        short_code,
        image_path,
        type,
        sub_type,
        {{ to_bigint('category') }} as category,
        {{ to_boolean('active') }} as active,
        {{ to_utc('last_played_at') }} as last_played_at
    from leagues

)

select * from final
