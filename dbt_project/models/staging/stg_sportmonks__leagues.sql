with

source as (

    select * from {{ source('sportmonks_raw', 'leagues') }}

),

fields as (

    {{ read_fields('source', 'leagues', ['id as league_id']) }}

)

select * from fields
