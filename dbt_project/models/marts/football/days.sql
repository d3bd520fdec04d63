with

fixtures as (

    select * from {{ ref('fixtures') }}

),

span as (

    select
        date_trunc('day', min({{ as_utc('starting_at') }})) as first_day,
        date_trunc('day', max({{ as_utc('starting_at') }})) as last_day
    from fixtures

),

final as (

    select cast(days.day as date) as day
    from {{ days_between('span', 'first_day', 'last_day') }} as days (day)

)

select * from final
