with

source as (

    select * from {{ source('sportmonks_raw', 'types') }}
    where payload is not null

),

fields as (

    {{ read_fields('source', 'types', ['id as type_id']) }}

)

select * from fields
