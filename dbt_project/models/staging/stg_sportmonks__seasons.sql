with

source as (

    select * from {{ source('sportmonks_raw', 'seasons') }}

),

fields as (

    {{ read_fields('source', 'seasons', ['id as season_id']) }}

)

select * from fields
