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
        {{ payload_columns('types') }}
    from types

)

select * from final
