{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='stage_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['season_id']}
        ]
    )
}}

with

fixture_stages as (

    select * from {{ ref('int_fixture_stages') }}

),

-- Names and places change, so that the newest response is the most accurate.
ranked as (

    select
        *,
        row_number() over (
            partition by stage_id
            order by loaded_at desc, fixture_id desc
        ) as age_rank
    from fixture_stages

),

final as (

    select
        stage_id,
        league_id,
        season_id,
        type_id,
        tie_breaker_rule_id,
        name,
        sort_order,
        finished,
        is_current,
        games_in_current_week,
        starting_at,
        ending_at
    from ranked
    where age_rank = 1

)

select * from final
