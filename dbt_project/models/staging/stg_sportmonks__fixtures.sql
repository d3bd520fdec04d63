{#- Few columns: the models read the payload themselves, and only of the fixtures that changed. -#}
with

source as (

    select * from {{ source('sportmonks_raw', 'fixtures') }}

),

renamed as (

    select

        ----------  ids
        id as fixture_id,
        state_id,

        ----------  json
        payload,

        ----------  texts
        non_empty_keys,
        irregular_keys,
        declaration_hash,

        ----------  timestamps
        fetched_at as loaded_at

    from source

)

select * from renamed
