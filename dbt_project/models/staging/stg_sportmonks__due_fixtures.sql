with

source as (

    select * from {{ source('sportmonks_raw', 'due_fixtures') }}

),

renamed as (

    select

        ----------  ids
        id as fixture_id,
        season_id,

        ----------  texts
        reason

    from source

)

select * from renamed
