with

source as (

    select * from {{ source('sportmonks_raw', 'leagues') }}

),

renamed as (

    select

        ----------  ids
        id as league_id,

        ----------  json
        payload,

        ----------  timestamps
        fetched_at as loaded_at

    from source

)

select * from renamed
