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
    quality.home_participant_count
from quality
inner join fixtures on quality.fixture_id = fixtures.fixture_id
where
    quality.home_participant_count <> 1
