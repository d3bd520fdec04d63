{{ config(severity='warn') }}

with

quality as (

    select * from {{ ref('fixture_quality') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

)

select
    fixtures.fixture_id,
    fixtures.name as fixture_name,
    quality.odd_minute_count
from quality
inner join fixtures on quality.fixture_id = fixtures.fixture_id
where
    quality.odd_minute_count > 0
