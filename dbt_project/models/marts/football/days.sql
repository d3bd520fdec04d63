with

fixtures as (

    select * from {{ ref('fixtures') }}

),

span as (

    select
        date_trunc('day', min(starting_at)) as first_day,
        date_trunc('day', max(starting_at)) as last_day
    from fixtures

),

final as (

    select cast(days.day as date) as day
    from span
    inner join
        lateral generate_series(
            cast(span.first_day as timestamp), cast(span.last_day as timestamp), interval '1 day'
        ) as days (day)
        on true

)

select * from final
