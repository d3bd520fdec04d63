{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='round_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['season_id']},
            {'columns': ['stage_id']}
        ]
    )
}}

with

fixture_rounds as (

    select * from {{ ref('int_fixture_rounds') }}

),

-- Names and places change, so that the newest response is the most accurate.
ranked as (

    select
        *,
        row_number() over (
            partition by round_id
            order by loaded_at desc, fixture_id desc
        ) as age_rank
    from fixture_rounds

),

final as (

    select
        round_id,
        league_id,
        season_id,
        stage_id,
        name,
        finished,
        is_current,
        games_in_current_week,
        starting_at,
        ending_at
    from ranked
    where age_rank = 1

)

select * from final
