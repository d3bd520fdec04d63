{{ config(severity='warn') }}

with

fixtures as (

    select * from {{ ref('fixtures') }}

),

states as (

    select * from {{ ref('states') }}

)

select
    fixtures.fixture_id,
    fixtures.name as fixture_name,
    fixtures.state_code,
    fixtures.starting_at
from fixtures
inner join states on fixtures.state_id = states.state_id
where
    not fixtures.is_withdrawn
    and states.phase = 'live'
    and states.developer_name not in ('SUSPENDED', 'INTERRUPTED')
    and fixtures.starting_at < {{ dbt.current_timestamp() }} - interval '6 hours'
