{#- Few columns: what stands inside the payload is read by the models that need it, and only for the
    fixtures that changed. -#}
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

        ----------  timestamps
        fetched_at as loaded_at

    from source

)

select * from renamed
