with

events as (

    select * from {{ ref('fixture_events') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

),

types as (

    select * from {{ ref('types') }}

),

located as (

    select
        events.*,
        fixtures.season_id,
        fixtures.name as fixture_name,
        {{ state_phase('fixtures.state_id') }} as phase,
        case
            when events.participant_id = fixtures.home_participant_id then 'home'
            when events.participant_id = fixtures.away_participant_id then 'away'
        end as location,
        case
            when events.participant_id = fixtures.home_participant_id
                then fixtures.home_participant_name
            when events.participant_id = fixtures.away_participant_id
                then fixtures.away_participant_name
        end as team_name,
        coalesce(events.type_id in {{ goal_types() }}, false) as is_goal,
        coalesce(events.type_id in {{ shootout_types() }}, false) as is_shootout,
        {{ is_card('events.type_id', 'events.rescinded') }} as is_card,
        coalesce(events.extra_minute, 0) as added_minute,
        {{ to_double("split_part(events.result, '-', 1)") }}
        + {{ to_double("split_part(events.result, '-', 2)") }} as goals_in_result
    from events
    inner join fixtures on events.fixture_id = fixtures.fixture_id
    where not fixtures.is_withdrawn

),

ordered as (

    select
        *,
        -- In some shoot-outs the minutes of the kicks contradict their results.
        case when is_shootout then goals_in_result end as kicks_so_far,
        -- Of two goals in one minute, the one with fewer goals in its result came first.
        case when is_goal then goals_in_result end as goals_so_far
    from located

),

numbered as (

    select
        *,
        row_number() over (
            partition by fixture_id
            order by
                is_shootout,
                kicks_so_far nulls first,
                minute nulls last,
                added_minute,
                goals_so_far nulls first,
                sort_order nulls last,
                event_id
        ) as position
    from ordered

),

counted as (

    select
        *,
        count(case when is_goal and location = 'home' then 1 end) over each_fixture
            as home_score,
        count(case when is_goal and location = 'away' then 1 end) over each_fixture
            as away_score,
        count(case when type_id = 23 and location = 'home' then 1 end) over each_fixture
            as home_kicks_scored,
        count(case when type_id = 23 and location = 'away' then 1 end) over each_fixture
            as away_kicks_scored,
        count(case when is_shootout then 1 end) over each_fixture as kicks_taken
    from numbered
    window each_fixture as (partition by fixture_id order by position)

),

final as (

    select
        counted.fixture_id,
        counted.event_id,
        counted.type_id,
        counted.sub_type_id,
        counted.participant_id as team_id,
        counted.player_id,
        counted.related_player_id,
        counted.season_id,
        counted.fixture_name,
        counted.phase,
        case
            when counted.is_shootout then 'P' || cast(counted.kicks_taken as text)
            else {{ minute_label('counted.minute', 'counted.added_minute') }}
        end as minute_label,
        types.name as type_name,
        sub_types.name as sub_type_name,
        counted.location,
        counted.team_name,
        trim(both ' ' from counted.player_name) as player_name,
        trim(both ' ' from counted.related_player_name) as related_player_name,
        counted.info,
        counted.addition,
        counted.position,
        counted.minute,
        counted.extra_minute,
        counted.home_score,
        counted.away_score,
        case when counted.is_shootout then counted.home_kicks_scored end as home_shootout_score,
        case when counted.is_shootout then counted.away_kicks_scored end as away_shootout_score,
        counted.is_goal,
        counted.is_shootout,
        counted.is_card,
        counted.rescinded
    from counted
    left join types on counted.type_id = types.type_id
    left join types as sub_types on counted.sub_type_id = sub_types.type_id

)

select * from final
