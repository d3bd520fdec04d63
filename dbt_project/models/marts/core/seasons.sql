{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='season_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['league_id']}
        ]
    )
}}

with

seasons as (

    select * from {{ ref('stg_sportmonks__seasons') }}

),

final as (

    select
        season_id,
        {{ payload_columns('seasons') }}
    from seasons

)

select * from final
