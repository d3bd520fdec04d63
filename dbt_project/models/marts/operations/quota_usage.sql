with

calls as (

    select * from {{ ref('stg_sportmonks__api_calls') }}

),

hours as (

    select
        {{ as_utc("date_trunc('hour', " ~ as_utc('called_at') ~ ')') }} as hour_at,
        endpoint,
        count(*) as calls,
        count(case when status between 200 and 299 and error is null then 1 end)
            as calls_answered,
        count(case when status = 429 then 1 end) as calls_over_quota,
        cast(coalesce(sum(ids_requested), 0) as bigint) as ids_requested,
        cast(coalesce(sum(rows_returned), 0) as bigint) as rows_returned,
        cast(coalesce(sum(bytes), 0) as bigint) as bytes,
        coalesce(sum(waited_seconds), 0) as waited_seconds,
        max(quota_limit) as quota_limit,
        min(quota_remaining) as min_quota_remaining
    from calls
    group by 1, 2

),

final as (

    select
        *,
        calls - calls_answered - calls_over_quota as calls_failed
    from hours

)

select * from final
