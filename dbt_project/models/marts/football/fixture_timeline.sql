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

placed as (

    select
        events.*,
        fixtures.name as fixture_name,
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
        coalesce(events.extra_minute, 0) as added_minute,
        -- Of two goals in one minute, the one with fewer goals in its result came first.
        case
            when events.type_id in {{ goal_types() }}
                then
                    {{ to_bigint("split_part(events.result, '-', 1)") }}
                    + {{ to_bigint("split_part(events.result, '-', 2)") }}
        end as goals_so_far
    from events
    left join fixtures on events.fixture_id = fixtures.fixture_id

),

numbered as (

    select
        *,
        row_number() over (
            partition by fixture_id
            order by
                is_shootout, minute, added_minute, goals_so_far nulls first, sort_order, event_id
        ) as position,
        row_number() over (
            partition by fixture_id, is_shootout
            order by minute, added_minute, sort_order, event_id
        ) as place_in_part
    from placed

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
            as away_kicks_scored
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
        counted.fixture_name,
        case
            when counted.is_shootout then 'P' || cast(counted.place_in_part as text)
            else {{ minute_label('counted.minute', 'counted.added_minute') }}
        end as minute_label,
        types.name as type_name,
        sub_types.name as sub_type_name,
        counted.location,
        counted.team_name,
        trim(counted.player_name) as player_name,
        trim(counted.related_player_name) as related_player_name,
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
        counted.rescinded
    from counted
    left join types on counted.type_id = types.type_id
    left join types as sub_types on counted.sub_type_id = sub_types.type_id

)

select * from final
