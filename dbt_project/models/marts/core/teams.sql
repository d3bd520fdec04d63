{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='team_id',
        on_schema_change='fail'
    )
}}

with

fixture_participants as (

    select * from {{ ref('fixture_participants') }}

),

-- A response describes a team as of the request, so that the newest one is the most accurate.
ranked as (

    select
        *,
        row_number() over (
            partition by participant_id
            order by loaded_at desc, fixture_id desc
        ) as age_rank
    from fixture_participants

),

final as (

    select
        participant_id as team_id,
        sport_id,
        country_id,
        venue_id,
        name,
        short_code,
        gender,
        type,
        image_path,
        founded,
        placeholder,
        last_played_at
    from ranked
    where age_rank = 1

)

select * from final
