with

source as (

    select * from {{ source('sportmonks_raw', 'api_calls') }}

),

renamed as (

    select

        ----------  ids
        run_id,
        call_number,

        ----------  texts
        endpoint,
        error,

        ----------  numbers
        status,
        ids_requested,
        rows_returned,
        bytes,
        seconds,
        waited_seconds,
        quota_limit,
        quota_remaining,

        ----------  timestamps
        called_at

    from source

)

select * from renamed
