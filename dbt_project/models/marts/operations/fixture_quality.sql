{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key='fixture_id',
        on_schema_change='fail'
    )
}}

-- Built after every model that is checked by fixture, which includes {{ ref('fixture_periods') }}
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

    {{ select_child_versions('fixture_participants') }}

),

statistic_versions as (

    {{ select_child_versions('fixture_statistics') }}

),

event_versions as (

    {{ select_child_versions('fixture_events') }}

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

    {{ select_changed_fixtures(
        'fixtures',
        columns=[
            'state_id', 'participants_loaded_at', 'statistics_loaded_at', 'events_loaded_at'
        ]
    ) }}

),

participant_counts as (

    select
        participants.fixture_id,
        count(*) as participant_count,
        count(case when participants.location = 'home' then 1 end) as home_participant_count
    from participants
    where participants.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1

),

statistic_counts as (

    select
        statistics.fixture_id,
        count(*) as statistic_count,
        sum(case when statistics.type_id = 45 then statistics.value end) as possession_total,
        sum(case when statistics.type_id = 84 then statistics.value end) as yellow_card_total
    from statistics
    where statistics.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1

),

event_counts as (

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
        coalesce(participant_counts.participant_count, 0) as participant_count,
        coalesce(participant_counts.home_participant_count, 0) as home_participant_count,
        coalesce(statistic_counts.statistic_count, 0) as statistic_count,
        coalesce(event_counts.event_count, 0) as event_count,
        coalesce(event_counts.home_goal_count, 0) as home_goal_count,
        coalesce(event_counts.away_goal_count, 0) as away_goal_count,
        coalesce(event_counts.yellow_card_count, 0) as yellow_card_count,
        coalesce(event_counts.odd_minute_count, 0) as odd_minute_count,
        statistic_counts.possession_total,
        statistic_counts.yellow_card_total,
        changed_fixtures.participants_loaded_at,
        changed_fixtures.statistics_loaded_at,
        changed_fixtures.events_loaded_at,
        changed_fixtures.loaded_at
    from changed_fixtures
    left join participant_counts on changed_fixtures.fixture_id = participant_counts.fixture_id
    left join statistic_counts on changed_fixtures.fixture_id = statistic_counts.fixture_id
    left join event_counts on changed_fixtures.fixture_id = event_counts.fixture_id

)

select * from final
