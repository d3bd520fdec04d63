with

source as (

    select * from {{ source('sportmonks_raw', 'types') }}
    where payload is not null

),

fields as (

    {{ read_fields(
        'source',
        'payload',
        ['id as type_id'],
        [],
        texts=['name', 'code', 'developer_name', 'model_type', 'stat_group']
    ) }}

)

select * from fields
