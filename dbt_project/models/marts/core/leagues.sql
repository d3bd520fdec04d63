{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='league_id',
        on_schema_change='fail'
    )
}}

with

leagues as (

    select * from {{ ref('stg_sportmonks__leagues') }}

),

final as (

    select
        league_id,
        {{ payload_columns('leagues', except=['currentseason.id']) }},
        {{ payload_column('leagues', 'currentseason.id') }} as current_season_id
    from leagues

)

select * from final
