with

source as (

    select * from {{ source('sportmonks_raw', 'states') }}

),

fields as (

    {{ read_fields('source', 'states', ['id as state_id']) }}

)

select * from fields
