with

source as (

    select * from {{ source('sportmonks_raw', 'states') }}

),

renamed as (

    select

        ----------  ids
        id as state_id,

        ----------  json
        payload,

        ----------  timestamps
        fetched_at as loaded_at

    from source

)

select * from renamed
