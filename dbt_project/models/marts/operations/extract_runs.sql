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
        {{ seconds_between('started_at', 'coalesce(finished_at, updated_at)') }} as seconds,
        arguments,
        started_at,
        updated_at,
        finished_at
    from runs

)

select * from final
