with

source as (

    select * from {{ source('sportmonks_raw', 'fixture_index') }}

),

renamed as (

    select

        ----------  ids
        id as fixture_id,
        season_id,
        state_id,

        ----------  timestamps
        last_seen_at

    from source

)

select * from renamed
