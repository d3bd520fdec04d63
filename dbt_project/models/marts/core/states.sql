{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='state_id',
        on_schema_change='fail'
    )
}}

with

states as (

    select * from {{ ref('stg_sportmonks__states') }}

),

final as (

    select
        state_id,
        {{ payload_columns('states') }},
        {{ state_phase("state_id") }} as phase
    from states

)

select * from final
