with

runs as (

    select * from {{ ref('stg_sportmonks__runs') }}

),

final as (

    select
        run_id,
        outcome,
        known,
        due,
        requested,
        stored,
        unchanged,
        missing,
        unconfirmed,
        failed,
        superseded,
        resumed,
        calls,
        fixture_calls,
        calls_saved,
        waited_seconds,
        cast(
            extract(epoch from coalesce(finished_at, updated_at) - started_at)
            as double precision
        ) as seconds,
        arguments,
        started_at,
        updated_at,
        finished_at
    from runs

)

select * from final
