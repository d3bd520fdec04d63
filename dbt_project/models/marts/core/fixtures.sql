{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key='fixture_id',
        on_schema_change='fail',
        meta={'payload': {'source': 'fixtures', 'paths': ['fixture'], 'kind': 'root'}},
        indexes=[
            {'columns': ['season_id', 'starting_at']},
            {'columns': ['league_id', 'starting_at']},
            {'columns': ['starting_at']},
            {'columns': ['home_participant_id']},
            {'columns': ['away_participant_id']}
        ]
    )
}}

with

versions as (

    select
        fixture_id,
        state_id,
        loaded_at
    from {{ ref('int_fixture_parts') }}

),

parts as (

    select * from {{ ref('int_fixture_parts') }}

),

listed as (

    select * from {{ ref('stg_sportmonks__fixture_index') }}

),

checks as (

    select * from {{ ref('stg_sportmonks__fixture_checks') }}

),

states as (

    select * from {{ ref('states') }}

),

-- The API does not return a deleted fixture, so that its state 20 (DELETED) shows only in the list of
-- deleted fixtures. A response that is newer than the list and contains the fixture takes precedence:
-- extract/planning/due.py has the same condition (PAYLOAD_IS_NEWER).
current_states as (

    select
        versions.fixture_id,
        versions.loaded_at,
        case
            when
                listed.state_id = 20
                and not coalesce(
                    checks.outcome in ('stored', 'unchanged')
                    and checks.checked_at >= listed.last_seen_at,
                    false
                )
                then listed.state_id
            else versions.state_id
        end as state_id,
        coalesce(checks.times_missing, 0) as times_missing
    from versions
    left join listed on versions.fixture_id = listed.fixture_id
    left join checks on versions.fixture_id = checks.fixture_id

),

fixtures as (

    select
        current_states.*,
        states.developer_name as state_code,
        coalesce(
            current_states.state_id = 20
            or current_states.times_missing >= {{ var('times_until_withdrawn') }},
            false
        ) as is_withdrawn
    from current_states
    left join states on current_states.state_id = states.state_id

),

-- These columns do not come from the payload, and may change without it.
changed_fixtures as (

    {{ select_changed_fixtures(
        'fixtures', columns=['state_id', 'state_code', 'times_missing', 'is_withdrawn']
    ) }}

),

changed_parts as (

    select
        changed_fixtures.*,
        parts.fixture as payload,
        parts.participants,
        parts.scores,
        parts.referees,
        parts.metadata,
        parts.stage,
        parts.round,
        parts.venue
    from changed_fixtures
    inner join parts on changed_fixtures.fixture_id = parts.fixture_id

),

base_fields as (

    {{ read_fields(
        'changed_parts',
        get_model_keys(with_id=false),
        [
            'fixture_id', 'changed_parts.state_id as current_state_id', 'state_code', 'stage', 'round',
            'venue', 'times_missing', 'is_withdrawn', 'loaded_at'
        ]
    ) }}

),

participants as (

    {{ flatten_part(
        'changed_parts',
        'participants',
        {'fields': ['id'], 'texts': ['name'], 'objects': ['meta']}
    ) }}

),

sides as (

    select
        fixture_id,
        {{ to_bigint('id') }} as participant_id,
        name,
        {{ to_text(json_get('meta', 'location')) }} as location,
        {{ json_get_text('meta', 'winner') }} as winner,
        array_index
    from participants

),

-- The API may send two teams for one side. Id and name then come from the same team.
ranked_sides as (

    select
        *,
        row_number() over (
            partition by fixture_id, location
            order by participant_id desc nulls last, array_index desc
        ) as rank_of_side
    from sides

),

teams as (

    select
        fixture_id,
        {%- for side in ['home', 'away'] %}
        max(case when location = '{{ side }}' and rank_of_side = 1 then participant_id end)
            as {{ side }}_participant_id,
        max(case when location = '{{ side }}' and rank_of_side = 1 then name end)
            as {{ side }}_participant_name,
        {%- endfor %}
        -- A match has one winner. If both teams are flagged, the flags are ignored.
        case
            when count(distinct case when winner = 'true' then participant_id end) = 1
                then max(case when winner = 'true' then participant_id end)
        end as flagged_participant_id
    from ranked_sides
    group by 1

),

scores as (

    {{ flatten_part(
        'changed_parts',
        'scores',
        {'fields': ['id'], 'texts': ['description'], 'objects': ['score']}
    ) }}

),

goals as (

    select
        fixture_id,
        {{ to_bigint('id') }} as score_id,
        description,
        {{ to_text(json_get('score', 'participant')) }} as location,
        {{ to_bigint(json_get_text('score', 'goals')) }} as goals,
        array_index
    from scores

),

ranked_goals as (

    select
        *,
        row_number() over (
            partition by fixture_id, description, location
            order by score_id desc nulls last, array_index desc
        ) as rank_of_score
    from goals

),

results as (

    select
        fixture_id,
        max(case when description = 'CURRENT' and location = 'home' then goals end)
            as home_score,
        max(case when description = 'CURRENT' and location = 'away' then goals end)
            as away_score,
        max(case when description = '1ST_HALF' and location = 'home' then goals end)
            as home_score_half_time,
        max(case when description = '1ST_HALF' and location = 'away' then goals end)
            as away_score_half_time,
        max(case when description = 'PENALTY_SHOOTOUT' and location = 'home' then goals end)
            as home_kicks_scored,
        max(case when description = 'PENALTY_SHOOTOUT' and location = 'away' then goals end)
            as away_kicks_scored,
        max(case when description = 'ET' then 1 when description is not null then 0 end) = 1
            as has_extra_time
    from ranked_goals
    where rank_of_score = 1
    group by 1

),

referees as (

    {{ flatten_part(
        'changed_parts',
        'referees',
        {'fields': ['id', 'referee_id', 'type_id'], 'texts': [], 'objects': ['referee']}
    ) }}

),

main_referees as (

    select
        fixture_id,
        {{ to_bigint('referee_id') }} as referee_id,
        {{ to_text(json_get('referee', 'name')) }} as referee_name,
        row_number() over (
            partition by fixture_id
            order by {{ to_bigint('id') }} desc nulls last, array_index desc
        ) as rank_of_referee
    from referees
    where type_id = '6'

),

metadata as (

    {{ flatten_part(
        'changed_parts',
        'metadata',
        {'fields': ['id', 'type_id'], 'texts': [], 'objects': ['values']}
    ) }}

),

-- The API sends an object, and sent the number itself before.
attendance_texts as (

    select
        metadata.fixture_id,
        coalesce(
            {{ json_get_text('metadata.values', 'attendance') }},
            cast(metadata.values as text)
        ) as attendance,
        {{ to_bigint('metadata.id') }} as metadata_id,
        metadata.array_index
    from metadata
    where metadata.type_id = '578'

),

attendances as (

    select
        fixture_id,
        {{ to_bigint('attendance') }} as attendance,
        row_number() over (
            partition by fixture_id
            order by metadata_id desc nulls last, array_index desc
        ) as rank_of_attendance
    from attendance_texts

),

final as (

    select
        base_fields.fixture_id,
        base_fields.current_state_id as state_id,
        {{ payload_columns(except=['state_id']) }},
        teams.home_participant_id,
        teams.away_participant_id,
        case
            when teams.flagged_participant_id is not null then teams.flagged_participant_id
            -- The API does not always flag the winner of a shoot-out.
            when {{ state_phase('base_fields.current_state_id') }} = 'finished'
                then case
                    when results.home_kicks_scored > results.away_kicks_scored
                        then teams.home_participant_id
                    when results.home_kicks_scored < results.away_kicks_scored
                        then teams.away_participant_id
                end
        end as winner_participant_id,
        main_referees.referee_id,
        {{ to_text(json_get(parse_json_text('base_fields.stage'), 'name')) }} as stage_name,
        {{ to_text(json_get(parse_json_text('base_fields.round'), 'name')) }} as round_name,
        {{ to_text(json_get(parse_json_text('base_fields.venue'), 'name')) }} as venue_name,
        main_referees.referee_name,
        attendances.attendance,
        base_fields.state_code,
        teams.home_participant_name,
        teams.away_participant_name,
        results.home_score,
        results.away_score,
        results.home_score_half_time,
        results.away_score_half_time,
        base_fields.times_missing,
        base_fields.is_withdrawn,
        case
            when base_fields.state_code = 'AET' then true
            else results.has_extra_time
        end as has_extra_time,
        base_fields.loaded_at
    from base_fields
    left join teams on base_fields.fixture_id = teams.fixture_id
    left join results on base_fields.fixture_id = results.fixture_id
    left join main_referees
        on base_fields.fixture_id = main_referees.fixture_id and main_referees.rank_of_referee = 1
    left join attendances
        on base_fields.fixture_id = attendances.fixture_id and attendances.rank_of_attendance = 1

)

select * from final
