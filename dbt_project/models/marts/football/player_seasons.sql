with

events as (

    select * from {{ ref('fixture_events') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

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

teams as (

    select * from {{ ref('teams') }}

),

-- Abandoned and withdrawn matches do not count.
counted as (

    select
        events.*,
        fixtures.season_id,
        fixtures.league_id,
        fixtures.starting_at,
        -- The API assigns an own goal to the team that benefits. Its player belongs to the other team.
        case
            when events.type_id <> 15 then events.participant_id
            when events.participant_id = fixtures.home_participant_id
                then fixtures.away_participant_id
            when events.participant_id = fixtures.away_participant_id
                then fixtures.home_participant_id
        end as team_id
    from events
    inner join fixtures on events.fixture_id = fixtures.fixture_id
    inner join states on fixtures.state_id = states.state_id
    where
        states.phase in ('live', 'finished')
        and not fixtures.is_withdrawn

),

parts as (

    select
        event_id,
        fixture_id,
        season_id,
        league_id,
        team_id,
        player_id,
        player_name,
        starting_at,
        case type_id
            when 14 then 'goal'
            when 15 then 'own_goal'
            when 16 then 'penalty_scored'
            when 17 then 'penalty_missed'
            when 18 then 'substituted_on'
            when 19 then 'yellow_card'
            when 20 then 'red_card'
            when 21 then 'yellow_red_card'
        end as part,
        {{ is_card('type_id', 'rescinded') }} as is_card,
        -- Cards are also shown to players on the bench.
        not coalesce(on_bench, false) as is_on_pitch
    from counted
    where type_id between 14 and 23

    union all

    select
        event_id,
        fixture_id,
        season_id,
        league_id,
        team_id,
        related_player_id as player_id,
        related_player_name as player_name,
        starting_at,
        case type_id when 14 then 'assist' when 18 then 'substituted_off' end as part,
        false as is_card,
        true as is_on_pitch
    from counted
    where type_id in (14, 18)

),

sums as (

    select
        season_id,
        player_id,
        team_id,
        max(league_id) as league_id,
        trim(
            (
                array_agg(player_name order by starting_at desc nulls last, event_id desc)
                filter (where player_name is not null)
            )[1]
        ) as player_name,
        count(distinct case when is_on_pitch then fixture_id end) as appearances_seen,
        count(case when part in ('goal', 'penalty_scored') then 1 end) as goals,
        {%- for part, column in {
            'penalty_scored': 'penalties_scored',
            'penalty_missed': 'penalties_missed',
            'own_goal': 'own_goals',
            'assist': 'assists',
            'substituted_on': 'times_substituted_on',
            'substituted_off': 'times_substituted_off',
        }.items() %}
        count(case when part = '{{ part }}' then 1 end) as {{ column }},
        {%- endfor %}
        count(case when part = 'yellow_card' and is_card then 1 end) as yellow_cards,
        count(case when part = 'yellow_red_card' and is_card then 1 end) as yellow_red_cards,
        count(case when part = 'red_card' and is_card then 1 end) as red_cards
    from parts
    where player_id is not null
    group by 1, 2, 3

),

final as (

    select
        sums.season_id,
        sums.player_id,
        sums.team_id,
        sums.league_id,
        leagues.name as league_name,
        seasons.name as season_name,
        teams.name as team_name,
        sums.player_name,
        sums.appearances_seen,
        sums.goals,
        sums.penalties_scored,
        sums.penalties_missed,
        sums.own_goals,
        sums.assists,
        sums.times_substituted_on,
        sums.times_substituted_off,
        sums.yellow_cards,
        sums.yellow_red_cards,
        sums.red_cards
    from sums
    left join leagues on sums.league_id = leagues.league_id
    left join seasons on sums.season_id = seasons.season_id
    left join teams on sums.team_id = teams.team_id

)

select * from final
