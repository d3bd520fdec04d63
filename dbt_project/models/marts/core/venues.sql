{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='venue_id',
        on_schema_change='fail'
    )
}}

with

fixture_venues as (

    select * from {{ ref('int_fixture_venues') }}

),

-- Names and places change, so that the newest response is the most accurate.
ranked as (

    select
        *,
        row_number() over (
            partition by venue_id
            order by loaded_at desc, fixture_id desc
        ) as age_rank
    from fixture_venues

),

final as (

    select
        venue_id,
        country_id,
        city_id,
        name,
        address,
        zipcode,
        city_name,
        image_path,
        surface,
        capacity,
        latitude,
        longitude,
        national_team
    from ranked
    where age_rank = 1

)

select * from final
