with

states as (

    select * from {{ ref('stg_sportmonks__states') }}

),

final as (

    select
        state_id,
        state,
        name,
        short_name,
        developer_name
    from states

)

select * from final
