with

types as (

    select * from {{ ref('stg_sportmonks__types') }}

),

final as (

    select
        type_id,
        name,
        code,
        developer_name,
        model_type,
        stat_group
    from types

)

select * from final
