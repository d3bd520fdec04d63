with

fixtures as (

    select * from {{ ref('fixtures') }}

),

span as (

    select
        date_trunc('day', min(cast(starting_at as timestamp))) as first_day,
        date_trunc('day', max(cast(starting_at as timestamp))) as last_day
    from fixtures

),

final as (

    select cast(days.day as date) as day
    from {{ days_between('span', 'first_day', 'last_day') }} as days (day)

)

select * from final
