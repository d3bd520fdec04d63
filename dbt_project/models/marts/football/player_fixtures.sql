{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key='lineup_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id']},
            {'columns': ['player_id', 'starting_at']},
            {'columns': ['season_id', 'team_id']}
        ]
    )
}}

with

fixture_versions as (

    select
        fixture_id,
        league_id,
        season_id,
        state_id,
        state_code,
        is_withdrawn,
        loaded_at
    from {{ ref('fixtures') }}

),

built_fixtures as (

    select * from {{ ref('fixtures') }}

),

lineups as (

    select * from {{ ref('fixture_lineups') }}

),

statistics as (

    select * from {{ ref('fixture_player_statistics') }}

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

lineup_versions as (

    {{ select_child_versions('fixture_lineups') }}

),

statistic_versions as (

    {{ select_child_versions('fixture_player_statistics') }}

),

event_versions as (

    {{ select_child_versions('fixture_events') }}

),

-- Few columns, because all rows are compared with the built ones to find the changes.
fixtures as not materialized (

    select
        fixture_versions.fixture_id,
        fixture_versions.state_code,
        fixture_versions.loaded_at,
        states.phase,
        leagues.name as league_name,
        seasons.name as season_name,
        lineup_versions.loaded_at as lineups_loaded_at,
        statistic_versions.loaded_at as player_statistics_loaded_at,
        event_versions.loaded_at as events_loaded_at,
        fixture_versions.is_withdrawn or lineup_versions.fixture_id is null as is_omitted
    from fixture_versions
    left join states on fixture_versions.state_id = states.state_id
    left join leagues on fixture_versions.league_id = leagues.league_id
    left join seasons on fixture_versions.season_id = seasons.season_id
    left join lineup_versions on fixture_versions.fixture_id = lineup_versions.fixture_id
    left join statistic_versions on fixture_versions.fixture_id = statistic_versions.fixture_id
    left join event_versions on fixture_versions.fixture_id = event_versions.fixture_id

),

-- A row depends on more than the payload.
changed_versions as (

    {{ select_changed_fixtures(
        'fixtures',
        columns=[
            'state_code', 'phase', 'league_name', 'season_name', 'lineups_loaded_at',
            'player_statistics_loaded_at', 'events_loaded_at'
        ],
        excluded_when='is_omitted'
    ) }}

),

changed_fixtures as (

    select
        built_fixtures.*,
        changed_versions.phase,
        changed_versions.league_name,
        changed_versions.season_name,
        changed_versions.lineups_loaded_at,
        changed_versions.player_statistics_loaded_at,
        changed_versions.events_loaded_at,
        changed_versions.is_omitted,
        case
            when built_fixtures.state_code = 'FT' then 90
            when built_fixtures.state_code = 'AET' then 120
            when built_fixtures.state_code = 'FT_PEN'
                then case
                    when built_fixtures.has_extra_time then 120
                    when not built_fixtures.has_extra_time then 90
                end
        end as match_minutes
    from changed_versions
    inner join built_fixtures on changed_versions.fixture_id = built_fixtures.fixture_id

),

changed_lineups as (

    select
        *,
        -- The API may list a player twice. The events then belong to one of the rows.
        row_number() over (
            partition by fixture_id, player_id
            order by is_starter desc nulls last, lineup_id asc
        ) as rank_of_player
    from lineups
    where fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)

),

player_statistics as (

    select
        statistics.fixture_id,
        statistics.lineup_id,
        -- Type 40 is no count: in some months the API sends nothing else.
        count(
            case
                when statistics.type_id <> 40 and statistics.type_id not in {{ player_xg_types() }}
                    then 1
            end
        ) > 0 as has_details,
        max(case when statistics.type_id = 40 then statistics.value end) as captain,
        max(case when statistics.type_id = 119 then statistics.value end) as minutes,
        {{ pivot_player_statistics('statistics') }}
    from statistics
    where statistics.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1, 2

),

changed_events as (

    select * from events
    where fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)

),

player_events as (

    {{ select_player_events('changed_events', ['fixture_id']) }}

),

event_counts as (

    select
        fixture_id,
        player_id,
        min(case when part = 'substituted_on' then minute end) as minute_on,
        min(
            case
                when part = 'substituted_off' then minute
                when part in ('red_card', 'yellow_red_card') and is_card and is_on_pitch
                    then minute
            end
        ) as minute_off,
        {{ count_player_events() }}
    from player_events
    where player_id is not null
    group by 1, 2

),

substitutions as (

    select distinct fixture_id
    from changed_events
    where type_id = 18

),

squads as (

    select
        changed_fixtures.fixture_id,
        changed_lineups.lineup_id,
        changed_lineups.player_id,
        changed_lineups.team_id,
        changed_fixtures.league_id,
        changed_fixtures.season_id,
        changed_lineups.position_id,
        trim(both ' ' from changed_lineups.player_name) as player_name,
        changed_fixtures.league_name,
        changed_fixtures.season_name,
        changed_lineups.formation_field,
        changed_lineups.jersey_number,
        changed_lineups.is_starter,
        changed_fixtures.state_code,
        changed_fixtures.phase,
        changed_fixtures.match_minutes,
        changed_fixtures.home_participant_id,
        changed_fixtures.away_participant_id,
        changed_fixtures.home_participant_name,
        changed_fixtures.away_participant_name,
        changed_fixtures.winner_participant_id,
        changed_fixtures.home_score,
        changed_fixtures.away_score,
        changed_fixtures.starting_at,
        changed_fixtures.lineups_loaded_at,
        changed_fixtures.player_statistics_loaded_at,
        changed_fixtures.events_loaded_at,
        changed_fixtures.loaded_at,
        case
            when changed_lineups.team_id = changed_fixtures.home_participant_id then 'home'
            when changed_lineups.team_id = changed_fixtures.away_participant_id then 'away'
        end as location,
        -- Null for a player without an id, who cannot be found in the events.
        case
            when changed_lineups.player_id is not null and changed_lineups.rank_of_player = 1
                then changed_lineups.player_id
        end as player_id_in_events
    from changed_fixtures
    -- An omitted fixture keeps a row without a key, which deletes its rows.
    left join changed_lineups
        on
            changed_fixtures.fixture_id = changed_lineups.fixture_id
            and not changed_fixtures.is_omitted

),

sides as (

    select
        *,
        case location
            when 'home' then away_participant_id
            when 'away' then home_participant_id
        end as opponent_id,
        case location
            when 'home' then home_participant_name
            when 'away' then away_participant_name
        end as team_name,
        case location
            when 'home' then away_participant_name
            when 'away' then home_participant_name
        end as opponent_name,
        case location
            when 'home' then {{ team_result(
                'home_participant_id', 'away_participant_id', 'home_score', 'away_score'
            ) }}
            when 'away' then {{ team_result(
                'away_participant_id', 'home_participant_id', 'away_score', 'home_score'
            ) }}
        end as result
    from squads

),

joined as (

    select
        sides.*,
        coalesce(player_statistics.has_details, false) as has_details,
        coalesce(
            sides.player_id is not null
            and sides.phase in ('live', 'finished')
            and sides.events_loaded_at is not null,
            false
        ) as has_events,
        event_counts.minute_on,
        {{ double_to_bigint('player_statistics.minutes') }} as counted_minutes,
        -- Without any substitution in the events, the API has none of this match.
        case
            when
                sides.player_id_in_events is null
                or sides.match_minutes is null
                or substitutions.fixture_id is null
                then null
            when sides.is_starter or event_counts.minute_on is not null
                then greatest(
                    least(event_counts.minute_off, sides.match_minutes)
                    - coalesce(event_counts.minute_on, 0),
                    0
                )
            else 0
        end as computed_minutes,
        {%- for column in player_counts().values() %}
        {{ player_count('player_statistics.' ~ column) }} as {{ column }},
        {%- endfor %}
        {%- for column in player_doubles().values() %}
        player_statistics.{{ column }},
        {%- endfor %}
        {%- for column in player_event_counts() %}
        coalesce(event_counts.{{ column }}, 0) as {{ column }}_in_events,
        {%- endfor %}
        player_statistics.captain
    from sides
    left join player_statistics
        on
            sides.fixture_id = player_statistics.fixture_id
            and sides.lineup_id = player_statistics.lineup_id
    left join event_counts
        on
            sides.fixture_id = event_counts.fixture_id
            and sides.player_id_in_events = event_counts.player_id
    left join substitutions on sides.fixture_id = substitutions.fixture_id

),

final as (

    select
        lineup_id,
        fixture_id,
        player_id,
        team_id,
        opponent_id,
        league_id,
        season_id,
        position_id,
        player_name,
        team_name,
        opponent_name,
        league_name,
        season_name,
        location,
        formation_field,
        state_code,
        phase,
        result,
        case
            when has_details then 'details'
            when has_events then 'events'
        end as statistics_source,
        jersey_number,
        is_starter,
        case
            when has_details or captain is not null then coalesce(captain = 1, false)
        end as is_captain,
        coalesce(
            phase in ('live', 'finished')
            and (is_starter or minute_on is not null or counted_minutes > 0),
            false
        ) as has_played,
        coalesce(counted_minutes, computed_minutes) as minutes,
        {%- for column in player_counts().values() if column not in player_event_counts() %}
        case when has_details then {{ column }} end as {{ column }},
        {%- endfor %}
        {%- for column in player_event_counts() %}
        case
            when has_details then {{ column }}
            when has_events then {{ column }}_in_events
        end as {{ column }},
        {%- endfor %}
        {%- for column in player_doubles().values() %}
        {{ column }},
        {%- endfor %}
        starting_at,
        lineups_loaded_at,
        player_statistics_loaded_at,
        events_loaded_at,
        loaded_at
    from joined

)

select * from final
where {{ has_key('lineup_id') }}
