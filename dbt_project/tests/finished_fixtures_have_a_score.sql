{{ config(severity='warn') }}

with

fixtures as (

    select * from {{ ref('fixtures') }}

)

select
    fixtures.fixture_id,
    fixtures.name as fixture_name,
    fixtures.state_code
from fixtures
where
    not fixtures.is_withdrawn
    and fixtures.state_code in ('FT', 'AET', 'FT_PEN', 'AWARDED')
    and (fixtures.home_score is null or fixtures.away_score is null)
