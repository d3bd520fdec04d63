with

source as (

    select * from {{ source('sportmonks_raw', 'types') }}
    -- The API does not return the types without a payload, although fixtures refer to them.
    where payload is not null

),

renamed as (

    select

        ----------  ids
        id as type_id,

        ----------  json
        payload,

        ----------  timestamps
        fetched_at as loaded_at

    from source

)

select * from renamed
