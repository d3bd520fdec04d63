{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key='fixture_id',
        on_schema_change='fail'
    )
}}

-- Built when all that is checked by fixture is built: depends on {{ ref('fixture_periods') }}
-- and {{ ref('fixture_scores') }}.
with

built_fixtures as (

    select * from {{ ref('fixtures') }}

),

participants as (

    select * from {{ ref('fixture_participants') }}

),

statistics as (

    select * from {{ ref('fixture_statistics') }}

),

events as (

    select * from {{ ref('fixture_events') }}

),

participant_versions as (

    {{ child_versions('participants', 'fixture_participants') }}

),

statistic_versions as (

    {{ child_versions('statistics', 'fixture_statistics') }}

),

event_versions as (

    {{ child_versions('events', 'fixture_events') }}

),

fixtures as (

    select
        built_fixtures.fixture_id,
        built_fixtures.state_id,
        built_fixtures.home_participant_id,
        built_fixtures.away_participant_id,
        built_fixtures.loaded_at,
        participant_versions.loaded_at as participants_loaded_at,
        statistic_versions.loaded_at as statistics_loaded_at,
        event_versions.loaded_at as events_loaded_at
    from built_fixtures
    left join participant_versions
        on built_fixtures.fixture_id = participant_versions.fixture_id
    left join statistic_versions
        on built_fixtures.fixture_id = statistic_versions.fixture_id
    left join event_versions
        on built_fixtures.fixture_id = event_versions.fixture_id

),

changed_fixtures as (

    {{ changed_fixtures(columns=[
        'state_id', 'participants_loaded_at', 'statistics_loaded_at', 'events_loaded_at'
    ]) }}

),

sides as (

    select
        participants.fixture_id,
        count(*) as participant_count,
        count(case when participants.location = 'home' then 1 end) as home_participant_count
    from participants
    where participants.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1

),

numbers as (

    select
        statistics.fixture_id,
        count(*) as statistic_count,
        sum(case when statistics.type_id = 45 then statistics.value end) as possession_total,
        sum(case when statistics.type_id = 84 then statistics.value end) as yellow_card_total
    from statistics
    where statistics.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1

),

happenings as (

    select
        events.fixture_id,
        count(*) as event_count,
        count(
            case
                when
                    events.type_id in {{ goal_types() }}
                    and events.participant_id = changed_fixtures.home_participant_id
                    then 1
            end
        ) as home_goal_count,
        count(
            case
                when
                    events.type_id in {{ goal_types() }}
                    and events.participant_id = changed_fixtures.away_participant_id
                    then 1
            end
        ) as away_goal_count,
        count(
            case
                when
                    events.type_id = 19
                    and {{ is_card('events.type_id', 'events.rescinded') }}
                    then 1
            end
        ) as yellow_card_count,
        count(
            case
                when
                    events.minute not between 0 and 130
                    or events.extra_minute not between 0 and 60
                    then 1
            end
        ) as odd_minute_count
    from events
    inner join changed_fixtures on events.fixture_id = changed_fixtures.fixture_id
    group by 1

),

final as (

    select
        changed_fixtures.fixture_id,
        changed_fixtures.state_id,
        coalesce(sides.participant_count, 0) as participant_count,
        coalesce(sides.home_participant_count, 0) as home_participant_count,
        coalesce(numbers.statistic_count, 0) as statistic_count,
        coalesce(happenings.event_count, 0) as event_count,
        coalesce(happenings.home_goal_count, 0) as home_goal_count,
        coalesce(happenings.away_goal_count, 0) as away_goal_count,
        coalesce(happenings.yellow_card_count, 0) as yellow_card_count,
        coalesce(happenings.odd_minute_count, 0) as odd_minute_count,
        numbers.possession_total,
        numbers.yellow_card_total,
        changed_fixtures.participants_loaded_at,
        changed_fixtures.statistics_loaded_at,
        changed_fixtures.events_loaded_at,
        changed_fixtures.loaded_at
    from changed_fixtures
    left join sides on changed_fixtures.fixture_id = sides.fixture_id
    left join numbers on changed_fixtures.fixture_id = numbers.fixture_id
    left join happenings on changed_fixtures.fixture_id = happenings.fixture_id

)

select * from final
