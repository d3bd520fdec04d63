with

fixtures as (

    select * from {{ ref('fixtures') }}

),

statistics as (

    select * from {{ ref('fixture_statistics') }}

),

events as (

    select * from {{ ref('fixture_events') }}

),

states as (

    select * from {{ ref('states') }}

),

leagues as (

    select * from {{ ref('leagues') }}

),

seasons as (

    select * from {{ ref('seasons') }}

),

matches as (

    select fixtures.*
    from fixtures
    inner join states on fixtures.state_id = states.state_id
    where
        fixtures.referee_id is not null
        and states.phase = 'finished'
        and not fixtures.is_withdrawn

),

fixture_fouls as (

    select
        fixture_id,
        {{ double_to_bigint('sum(value)') }} as fouls
    from statistics
    where type_id = 56
    group by 1

),

fixture_cards as (

    select
        fixture_id,
        count(case when type_id = 19 and rescinded is not true then 1 end) as yellow_cards,
        count(case when type_id = 21 and rescinded is not true then 1 end) as yellow_red_cards,
        count(case when type_id = 20 and rescinded is not true then 1 end) as red_cards,
        count(case when type_id in (16, 17) then 1 end) as penalties
    from events
    group by 1

),

sums as (

    select
        matches.season_id,
        matches.referee_id,
        max(matches.league_id) as league_id,
        {{ latest('matches.referee_name', ['matches.starting_at', 'matches.fixture_id']) }}
            as referee_name,
        count(*) as matches,
        count(fixture_cards.fixture_id) as matches_with_events,
        count(fixture_fouls.fouls) as matches_with_fouls,
        {%- for column in ['yellow_cards', 'yellow_red_cards', 'red_cards', 'penalties'] %}
        cast(sum(fixture_cards.{{ column }}) as bigint) as {{ column }},
        {%- endfor %}
        cast(sum(fixture_fouls.fouls) as bigint) as fouls
    from matches
    left join fixture_cards on matches.fixture_id = fixture_cards.fixture_id
    left join fixture_fouls on matches.fixture_id = fixture_fouls.fixture_id
    group by 1, 2

),

final as (

    select
        sums.season_id,
        sums.referee_id,
        sums.league_id,
        leagues.name as league_name,
        seasons.name as season_name,
        sums.referee_name,
        sums.matches,
        sums.matches_with_events,
        sums.matches_with_fouls,
        sums.fouls,
        sums.yellow_cards,
        sums.yellow_red_cards,
        sums.red_cards,
        sums.penalties,
        {%- for column in ['yellow_cards', 'yellow_red_cards', 'red_cards', 'penalties'] %}
        cast(sums.{{ column }} as double precision) / nullif(sums.matches_with_events, 0)
            as {{ column }}_per_match,
        {%- endfor %}
        cast(sums.fouls as double precision) / nullif(sums.matches_with_fouls, 0)
            as fouls_per_match
    from sums
    left join leagues on sums.league_id = leagues.league_id
    left join seasons on sums.season_id = seasons.season_id

)

select * from final
