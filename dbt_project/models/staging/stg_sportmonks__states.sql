with

source as (

    select * from {{ source('sportmonks_raw', 'states') }}

),

fields as (

    {{ read_fields(
        'source',
        'payload',
        ['id as state_id'],
        [],
        texts=['state', 'name', 'short_name', 'developer_name']
    ) }}

)

select * from fields
