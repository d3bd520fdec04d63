with

source as (

    select * from {{ source('sportmonks_raw', 'fixture_versions') }}

),

renamed as (

    select

        ----------  ids
        id as fixture_id,

        ----------  json
        payload,

        ----------  timestamps
        fetched_at as loaded_at

    from source

)

select * from renamed
