{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='group_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['stage_id']}
        ]
    )
}}

with

fixture_groups as (

    select * from {{ ref('int_fixture_groups') }}

),

-- Names and places change, so that the newest response is the most accurate.
ranked as (

    select
        *,
        row_number() over (
            partition by group_id
            order by loaded_at desc, fixture_id desc
        ) as age_rank
    from fixture_groups

),

final as (

    select
        group_id,
        league_id,
        season_id,
        stage_id,
        name,
        finished,
        is_current,
        pending,
        games_in_current_week,
        starting_at,
        ending_at
    from ranked
    where age_rank = 1

)

select * from final
