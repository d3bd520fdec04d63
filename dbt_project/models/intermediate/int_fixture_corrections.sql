{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key=['fixture_id', 'kind'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']}
        ]
    )
}}

{#- Versions are compared as rows of subject, key, field and value. The key of an event is its id, of
    a statistic its type and team, of a score its name and side. Fields that the provider renumbers
    (sort_order), and those that describe the team rather than the match, are not compared. -#}
{%- set fixture_fields = [
    'league_id', 'season_id', 'stage_id', 'group_id', 'aggregate_id', 'round_id', 'venue_id',
    'state_id', 'name', 'result_info', 'leg', 'details', 'length', 'placeholder'
] -%}
{%- set event_fields = get_document_fields('events') | reject('in', ['id', 'sort_order']) | list -%}
{%- set period_fields = ['started', 'ended', 'time_added', 'period_length'] -%}
{%- set changed_fixtures %}
with

-- Payloads are read only for the fixtures that changed.
stored as (

    select
        fixture_id,
        loaded_at
    from {{ ref('stg_sportmonks__fixtures') }}

),

replaced as (

    select
        fixture_id,
        loaded_at
    from {{ ref('stg_sportmonks__fixture_versions') }}

),

versions as (

    select
        replaced.fixture_id,
        replaced.loaded_at
    from replaced
    where replaced.fixture_id in (select stored.fixture_id from stored)

    union

    select
        stored.fixture_id,
        stored.loaded_at
    from stored
    where stored.fixture_id in (select replaced.fixture_id from replaced)

),

fixtures as (

    select
        fixture_id,
        count(*) as version_count,
        max(loaded_at) as loaded_at
    from versions
    group by 1

),

-- A version that is loaded late changes the comparison with the next one, so that all versions of
-- the fixture are compared again.
changed_fixtures as (

    {{ select_changed_fixtures('fixtures', columns=['version_count']) }}

)

select * from changed_fixtures
{% endset -%}
{#- Before the payloads: a version that comes meanwhile counts as not compared. -#}
{%- set changed_fixtures = store_part('changed', changed_fixtures) -%}
{%- set payloads %}
with

changed_fixtures as (

    {{ changed_fixtures }}

),

replaced as (

    select
        fixture_id,
        loaded_at
    from {{ ref('stg_sportmonks__fixture_versions') }}

),

stored_payloads as (

    select
        fixture_id,
        payload,
        loaded_at
    from {{ ref('stg_sportmonks__fixtures') }}

),

replaced_payloads as (

    select
        fixture_id,
        payload,
        loaded_at
    from {{ ref('stg_sportmonks__fixture_versions') }}

),

payloads as (

    select
        replaced_payloads.fixture_id,
        replaced_payloads.payload,
        replaced_payloads.loaded_at
    from replaced_payloads
    where
        replaced_payloads.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)

    union all

    select
        stored_payloads.fixture_id,
        stored_payloads.payload,
        stored_payloads.loaded_at
    from stored_payloads
    where
        stored_payloads.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
        and not exists (
            select 1
            from replaced
            where
                replaced.fixture_id = stored_payloads.fixture_id
                and replaced.loaded_at = stored_payloads.loaded_at
        )

)

select * from payloads
{% endset -%}
{#- Rows of subject, key, field and value, of all versions of the fixtures that changed. -#}
{%- set facts %}
with

payloads as (

    {{ store_part('payloads', payloads) }}

),

fixture as (

    {{ read_fields(
        'payloads',
        get_keys(get_document_fields('fixture'), with_id=false),
        ['fixture_id', 'loaded_at']
    ) }}

),

-- Most arrays are the same in all versions of a fixture, and need not be flattened.
{% for array in ['participants', 'scores', 'statistics', 'events', 'periods'] %}
different_{{ array }} as (

    select fixture_id
    from payloads
    group by 1
    having count(distinct md5(cast({{ json_column(json_get(parse_json_text('payload'), array)) }} as text))) > 1

),

{{ array }}_payloads as (

    select payloads.*
    from payloads
    inner join different_{{ array }} on payloads.fixture_id = different_{{ array }}.fixture_id

),

{{ array }} as (

    {{ flatten(array ~ '_payloads', array, get_keys(get_document_fields(array))) }}

),

{% endfor %}
fixture_facts as (

    {% set rows = [["'starting_at'", timestamp_to_text(
        'coalesce(' ~ cast_field('starting_at_timestamp', 'epoch_seconds') ~ ', '
        ~ cast_field('starting_at', 'timestamp_text') ~ ')'
    )]] %}
    {% for field in fixture_fields %} {% do rows.append(["'" ~ field ~ "'", field]) %} {% endfor %}
    {{ unpivot('fixture', {
        'fixture_id': 'fixture_id',
        'loaded_at': 'loaded_at',
        'subject': "'fixture'",
        'key': "''",
        'event_id': 'cast(null as bigint)',
        'type_id': 'cast(null as bigint)',
        'participant_id': 'cast(null as bigint)',
    }, ['field', 'value'], rows) }}

),

participant_facts as (

    {{ unpivot('participants', {
        'fixture_id': 'fixture_id',
        'loaded_at': 'loaded_at',
        'subject': "'participant'",
        'key': cast_field('meta.location', 'text'),
        'event_id': 'cast(null as bigint)',
        'type_id': 'cast(null as bigint)',
        'participant_id': to_bigint('id'),
    }, ['field', 'value'], [
        ["'participant_id'", 'id'],
        ["'winner'", field_text('meta.winner')],
        ["'position'", field_text('meta.position')],
    ]) }}

),

score_facts as (

    select
        fixture_id,
        loaded_at,
        'score' as subject,
        description || ' ' || {{ cast_field('score.participant', 'text') }} as key,
        cast(null as bigint) as event_id,
        {{ to_bigint('type_id') }} as type_id,
        {{ to_bigint('participant_id') }} as participant_id,
        description as field,
        {{ strip_zero_decimals(field_text('score.goals')) }} as value
    from scores

),

statistic_facts as (

    select
        fixture_id,
        loaded_at,
        'statistic' as subject,
        type_id || ' ' || participant_id as key,
        cast(null as bigint) as event_id,
        {{ to_bigint('type_id') }} as type_id,
        {{ to_bigint('participant_id') }} as participant_id,
        'value' as field,
        {{ strip_zero_decimals(field_text('data.value')) }} as value
    from statistics

),

event_facts as (

    -- The field without a name represents the event itself.
    {% set rows = [["''", minute_label('minute', to_bigint('extra_minute'))
        ~ " || coalesce(' ' || trim(player_name), '')"]] %}
    {% for field in event_fields %} {% do rows.append(["'" ~ field ~ "'", field]) %} {% endfor %}
    {{ unpivot('events', {
        'fixture_id': 'fixture_id',
        'loaded_at': 'loaded_at',
        'subject': "'event'",
        'key': 'id',
        'event_id': to_bigint('id'),
        'type_id': to_bigint('type_id'),
        'participant_id': to_bigint('participant_id'),
    }, ['field', 'value'], rows) }}

),

period_facts as (

    {% set rows = [["''", 'description']] %}
    {% for field in period_fields %} {% do rows.append(["'" ~ field ~ "'", field]) %} {% endfor %}
    {{ unpivot('periods', {
        'fixture_id': 'fixture_id',
        'loaded_at': 'loaded_at',
        'subject': "'period'",
        'key': 'id',
        'event_id': 'cast(null as bigint)',
        'type_id': to_bigint('type_id'),
        'participant_id': 'cast(null as bigint)',
    }, ['field', 'value'], rows) }}

),

facts as (

    {% for subject in ['fixture', 'participant', 'score', 'statistic', 'event', 'period'] %}
    select * from {{ subject }}_facts
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from facts
{% endset -%}
with

changed_fixtures as (

    {{ changed_fixtures }}

),

facts as (

    {{ store_part('facts', facts) }}

),

-- A payload without a key such as `events` has no facts on that subject.
subjects as (

    select distinct
        fixture_id,
        loaded_at,
        subject
    from facts

),

states as (

    select
        fixture_id,
        loaded_at,
        {{ to_bigint('value') }} as state_id
    from facts
    where subject = 'fixture' and field = 'state_id'

),

-- A version is compared with the last one that has facts on the same subject.
pairs as (

    select
        subjects.fixture_id,
        subjects.loaded_at,
        subjects.subject,
        states.state_id,
        {{ state_phase('states.state_id') }} as phase,
        lag(subjects.loaded_at) over each_subject as previous_loaded_at,
        lag(states.state_id) over each_subject as previous_state_id,
        lag({{ state_phase('states.state_id') }}) over each_subject as previous_phase
    from subjects
    inner join states
        on subjects.fixture_id = states.fixture_id and subjects.loaded_at = states.loaded_at
    window each_subject as (
        partition by subjects.fixture_id, subjects.subject order by subjects.loaded_at
    )

),

compared as (

    select
        *,
        -- The API shows FT briefly before extra time begins, which is not a correction.
        coalesce(
            previous_phase = 'finished'
            and phase <> 'live'
            and not (previous_state_id = 5 and state_id in (7, 8)),
            false
        ) as was_over
    from pairs
    where previous_loaded_at is not null

),

-- A key may occur twice in one version.
deduplicated_facts as (

    select
        fixture_id,
        loaded_at,
        subject,
        key,
        field,
        max(value) as value,
        max(event_id) as event_id,
        max(type_id) as type_id,
        max(participant_id) as participant_id
    from facts
    where key is not null
    group by 1, 2, 3, 4, 5

),

new_facts as (

    select
        compared.*,
        deduplicated_facts.key,
        deduplicated_facts.field,
        deduplicated_facts.value,
        deduplicated_facts.event_id,
        deduplicated_facts.type_id,
        deduplicated_facts.participant_id
    from compared
    inner join deduplicated_facts
        on
            compared.fixture_id = deduplicated_facts.fixture_id
            and compared.loaded_at = deduplicated_facts.loaded_at
            and compared.subject = deduplicated_facts.subject

),

old_facts as (

    select
        compared.*,
        deduplicated_facts.key,
        deduplicated_facts.field,
        deduplicated_facts.value,
        deduplicated_facts.event_id,
        deduplicated_facts.type_id,
        deduplicated_facts.participant_id
    from compared
    inner join deduplicated_facts
        on
            compared.fixture_id = deduplicated_facts.fixture_id
            and compared.previous_loaded_at = deduplicated_facts.loaded_at
            and compared.subject = deduplicated_facts.subject

),

differences as (

    select
        fixture_id,
        loaded_at,
        subject,
        key,
        field,
        old_facts.value as old_value,
        new_facts.value as new_value,
        coalesce(new_facts.previous_loaded_at, old_facts.previous_loaded_at) as previous_loaded_at,
        coalesce(new_facts.previous_state_id, old_facts.previous_state_id) as previous_state_id,
        coalesce(new_facts.previous_phase, old_facts.previous_phase) as previous_phase,
        coalesce(new_facts.state_id, old_facts.state_id) as state_id,
        coalesce(new_facts.phase, old_facts.phase) as phase,
        coalesce(new_facts.was_over, old_facts.was_over) as was_over,
        coalesce(new_facts.event_id, old_facts.event_id) as event_id,
        coalesce(new_facts.type_id, old_facts.type_id) as type_id,
        coalesce(new_facts.participant_id, old_facts.participant_id) as participant_id,
        case
            when old_facts.key is null then 'added'
            when new_facts.key is null then 'removed'
            else 'changed'
        end as change
    from new_facts
    -- Either side may lack the row, and the keys are needed in any case.
    full join old_facts using (fixture_id, loaded_at, subject, key, field) -- noqa: ST07
    where
        new_facts.value is distinct from old_facts.value
        or new_facts.key is null
        or old_facts.key is null

),

named as (

    select
        *,
        case
            when field = 'state_id' then 'state_changed'
            when subject = 'fixture' and field = 'starting_at' then 'kick_off_changed'
            else subject || '_' || change
        end as kind
    from differences
    where
        subject not in ('event', 'period')
        -- An event or period that is added or removed gives one row, not one for each of its fields.
        or (field = '') = (change <> 'changed')

),

final as (

    select
        fixture_id,
        kind,
        key,
        nullif(field, '') as field,
        event_id,
        type_id,
        participant_id,
        old_value,
        new_value,
        previous_state_id,
        previous_phase,
        previous_loaded_at,
        loaded_at as first_seen_at
    from named
    where
        case
            when was_over then true
            when kind = 'state_changed'
                then
                    not coalesce(
                        phase in ('live', 'finished')
                        and (
                            previous_phase in ('scheduled', 'live')
                            or previous_state_id in (5, 10)
                        ),
                        false
                    )
            when kind = 'kick_off_changed' or field = 'participant_id' then true
            when subject = 'fixture' then field not in ('result_info', 'details', 'length')
            -- During a match new events are normal. Corrections remove or rewrite earlier ones.
            else previous_phase = 'live' and kind in ('event_removed', 'event_changed')
        end

),

-- The row without a kind records which versions of the fixture were compared.
with_markers as (

    select
        changed_fixtures.fixture_id,
        changed_fixtures.version_count,
        changed_fixtures.loaded_at,
        '' as kind,
        cast(null as text) as key,
        cast(null as text) as field,
        cast(null as bigint) as event_id,
        cast(null as bigint) as type_id,
        cast(null as bigint) as participant_id,
        cast(null as text) as old_value,
        cast(null as text) as new_value,
        cast(null as bigint) as previous_state_id,
        cast(null as text) as previous_phase,
        cast(null as timestamp with time zone) as previous_loaded_at,
        cast(null as timestamp with time zone) as first_seen_at
    from changed_fixtures

    union all

    select
        changed_fixtures.fixture_id,
        changed_fixtures.version_count,
        changed_fixtures.loaded_at,
        final.kind,
        final.key,
        final.field,
        final.event_id,
        final.type_id,
        final.participant_id,
        final.old_value,
        final.new_value,
        final.previous_state_id,
        final.previous_phase,
        final.previous_loaded_at,
        final.first_seen_at
    from final
    inner join changed_fixtures on final.fixture_id = changed_fixtures.fixture_id

)

select * from with_markers
