with

events as (

    select * from {{ ref('fixture_events') }}

),

squads as (

    select * from {{ ref('player_fixtures') }}

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

    {{ select_player_events(
        'counted', ['event_id', 'fixture_id', 'season_id', 'league_id', 'team_id', 'starting_at']
    ) }}

),

event_sums as (

    select
        season_id,
        player_id,
        team_id,
        max(league_id) as league_id,
        {{ latest('player_name', ['starting_at', 'event_id']) }} as player_name,
        count(distinct case when is_on_pitch then fixture_id end) as appearances_seen,
        count(case when part = 'substituted_on' then 1 end) as times_substituted_on,
        count(case when part = 'substituted_off' then 1 end) as times_substituted_off,
        {{ count_player_events() }}
    from parts
    where player_id is not null
    group by 1, 2, 3

),

squad_sums as (

    select
        season_id,
        player_id,
        team_id,
        max(league_id) as league_id,
        {{ latest('player_name', ['starting_at', 'lineup_id']) }} as player_name,
        case
            when count(case when has_played and statistics_source = 'events' then 1 end) = 0
                then max(case when has_played then statistics_source end)
            when count(case when has_played and statistics_source = 'details' then 1 end) = 0
                then 'events'
            else 'details and events'
        end as statistics_source,
        count(distinct fixture_id) as times_in_squad,
        count(distinct case when has_played then fixture_id end) as appearances,
        count(distinct case when is_starter then fixture_id end) as starts,
        cast(sum(minutes) as bigint) as minutes,
        {%- for column in player_season_counts() %}
        cast(sum({{ column }}) as bigint) as {{ column }},
        {%- endfor %}
        sum(rating * minutes) / nullif(sum(case when rating is not null then minutes end), 0)
            as rating,
        sum(xg) as xg,
        sum(xgot) as xgot
    from squads
    where
        player_id is not null
        and phase in ('live', 'finished')
    group by 1, 2, 3

),

sums as (

    select
        event_sums.*,
        squad_sums.statistics_source,
        squad_sums.times_in_squad,
        squad_sums.appearances,
        squad_sums.starts,
        squad_sums.minutes,
        squad_sums.rating,
        squad_sums.xg,
        squad_sums.xgot,
        squad_sums.{{ player_season_counts() | join(',\n        squad_sums.') }},
        coalesce(event_sums.season_id, squad_sums.season_id) as any_season_id,
        coalesce(event_sums.player_id, squad_sums.player_id) as any_player_id,
        coalesce(event_sums.team_id, squad_sums.team_id) as any_team_id,
        coalesce(event_sums.league_id, squad_sums.league_id) as any_league_id,
        trim(both ' ' from coalesce(event_sums.player_name, squad_sums.player_name))
            as any_player_name
    from event_sums
    full outer join squad_sums
        on
            event_sums.season_id = squad_sums.season_id
            and event_sums.player_id = squad_sums.player_id
            and event_sums.team_id = squad_sums.team_id

),

final as (

    select
        sums.any_season_id as season_id,
        sums.any_player_id as player_id,
        sums.any_team_id as team_id,
        sums.any_league_id as league_id,
        leagues.name as league_name,
        seasons.name as season_name,
        teams.name as team_name,
        sums.any_player_name as player_name,
        -- In the events of a player without lineups, the source is known all the same.
        coalesce(
            sums.statistics_source,
            case when sums.appearances_seen > 0 then 'events' end
        ) as statistics_source,
        {%- for column in [
            'appearances_seen', 'goals', 'penalties_scored', 'penalties_missed', 'own_goals',
            'assists', 'times_substituted_on', 'times_substituted_off', 'yellow_cards',
            'yellow_red_cards', 'red_cards'
        ] %}
        coalesce(sums.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        sums.times_in_squad,
        sums.appearances,
        sums.starts,
        sums.minutes,
        sums.{{ player_season_counts() | join(',\n        sums.') }},
        sums.rating,
        sums.xg,
        sums.xgot
    from sums
    left join leagues on sums.any_league_id = leagues.league_id
    left join seasons on sums.any_season_id = seasons.season_id
    left join teams on sums.any_team_id = teams.team_id

)

select * from final
