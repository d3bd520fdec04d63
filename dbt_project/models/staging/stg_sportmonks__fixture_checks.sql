with

source as (

    select * from {{ source('sportmonks_raw', 'fixture_checks') }}

),

renamed as (

    select

        ----------  ids
        id as fixture_id,

        ----------  texts
        outcome,

        ----------  numbers
        times_missing,

        ----------  timestamps
        checked_at

    from source

)

select * from renamed
