{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='type_id',
        on_schema_change='fail'
    )
}}

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
