{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='referee_id',
        on_schema_change='fail'
    )
}}

with

fixture_referees as (

    select * from {{ ref('fixture_referees') }}

),

-- A response describes a person as of the request, so that the newest one is the most accurate.
-- Without the include `referees.referee` it has the official's id only.
ranked as (

    select
        *,
        row_number() over (
            partition by referee_id
            order by
                case when name is null then 1 else 0 end asc,
                loaded_at desc,
                fixture_id desc,
                fixture_referee_id desc
        ) as age_rank
    from fixture_referees
    where referee_id is not null

),

final as (

    select
        referee_id,
        country_id,
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
