{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='coach_id',
        on_schema_change='fail'
    )
}}

with

fixture_coaches as (

    select * from {{ ref('fixture_coaches') }}

),

-- A response describes a person as of the request, so that the newest one is the most accurate.
ranked as (

    select
        *,
        row_number() over (
            partition by coach_id
            order by loaded_at desc, fixture_id desc
        ) as age_rank
    from fixture_coaches

),

final as (

    select
        coach_id,
        player_id,
        country_id,
        nationality_id,
        city_id,
        common_name,
        firstname,
        lastname,
        name,
        display_name,
        image_path,
        gender,
        -- The API sends 0 for a height or a weight that it does not know.
        nullif(height, 0) as height,
        nullif(weight, 0) as weight,
        date_of_birth
    from ranked
    where age_rank = 1

)

select * from final
