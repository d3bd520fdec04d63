with

source as (

    select * from {{ source('sportmonks_raw', 'seasons') }}

),

renamed as (

    select

        ----------  ids
        id as season_id,

        ----------  json
        payload,

        ----------  timestamps
        fetched_at as loaded_at

    from source

)

select * from renamed
