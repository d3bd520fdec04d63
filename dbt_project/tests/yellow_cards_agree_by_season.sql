{{ config(severity='warn') }}

with

quality as (

    select * from {{ ref('fixture_quality') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

),

states as (

    select * from {{ ref('states') }}

),

seasons as (

    select * from {{ ref('seasons') }}

),

leagues as (

    select * from {{ ref('leagues') }}

),

counted as (

    select
        fixtures.season_id,
        count(*) as matches,
        sum(quality.yellow_card_total) as cards_in_statistics,
        sum(quality.yellow_card_count) as cards_in_events
    from quality
    inner join fixtures on quality.fixture_id = fixtures.fixture_id
    inner join states on fixtures.state_id = states.state_id
    where
        states.phase = 'finished'
        and not fixtures.is_withdrawn
        and quality.yellow_card_total is not null
    group by 1

)

select
    counted.season_id,
    leagues.name as league_name,
    seasons.name as season_name,
    counted.matches,
    counted.cards_in_statistics,
    counted.cards_in_events
from counted
left join seasons on counted.season_id = seasons.season_id
left join leagues on seasons.league_id = leagues.league_id
where
    abs(counted.cards_in_statistics - counted.cards_in_events) > 10
    and abs(counted.cards_in_statistics - counted.cards_in_events)
    > 0.1 * greatest(counted.cards_in_statistics, counted.cards_in_events)
