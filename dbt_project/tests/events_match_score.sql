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
    fixtures.home_score,
    fixtures.away_score,
    quality.home_goal_count,
    quality.away_goal_count
from quality
inner join fixtures on quality.fixture_id = fixtures.fixture_id
where
    fixtures.state_code in ('FT', 'AET', 'FT_PEN')
    and quality.event_count > 0
    and (
        quality.home_goal_count <> fixtures.home_score
        or quality.away_goal_count <> fixtures.away_score
    )
