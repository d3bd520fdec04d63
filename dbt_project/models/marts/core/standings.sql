with

standings as (

    {{ list_model(
        'standings',
        key='standing_id',
        indexes=[{'columns': ['season_id']}, {'columns': ['participant_id']}]
    ) }}

),

standing_details as (

    select * from {{ ref('int_standing_details') }}

),

totals as (

    select
        standing_id,
        max(case when type_id = 129 then value end) as played,
        max(case when type_id = 130 then value end) as won,
        max(case when type_id = 131 then value end) as drawn,
        max(case when type_id = 132 then value end) as lost,
        max(case when type_id = 133 then value end) as goals_for,
        max(case when type_id = 134 then value end) as goals_against,
        max(case when type_id = 179 then value end) as goal_difference
    from standing_details
    group by 1

),

final as (

    select
        standings.*,
        {{ double_to_bigint('totals.played') }} as played,
        {{ double_to_bigint('totals.won') }} as won,
        {{ double_to_bigint('totals.drawn') }} as drawn,
        {{ double_to_bigint('totals.lost') }} as lost,
        {{ double_to_bigint('totals.goals_for') }} as goals_for,
        {{ double_to_bigint('totals.goals_against') }} as goals_against,
        {{ double_to_bigint('totals.goal_difference') }} as goal_difference
    from standings
    left join totals on standings.standing_id = totals.standing_id

)

select * from final
