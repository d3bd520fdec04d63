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
{%- set arrays = ['participants', 'scores', 'statistics', 'events', 'periods'] -%}
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

changed_fixtures as (

    {{ select_changed_fixtures('fixtures', columns=['version_count']) }}

){% if is_incremental() %},

-- Corrections stay as they were found, and only later versions are compared. A version that came
-- late or was deleted changes the comparison with the next one, so that all are compared again.
compared_fixtures as (

    select
        built.fixture_id,
        max(built.loaded_at) as compared_until,
        max(built.previous_loaded_at) as read_from
    from {{ this }} as built
    inner join changed_fixtures on built.fixture_id = changed_fixtures.fixture_id
    inner join versions
        on built.fixture_id = versions.fixture_id and built.loaded_at >= versions.loaded_at
    where built.kind = '' and built.previous_loaded_at is not null
    group by 1
    having count(*) = max(built.version_count)

)

select
    changed_fixtures.*,
    compared_fixtures.compared_until,
    compared_fixtures.read_from
from changed_fixtures
left join compared_fixtures on changed_fixtures.fixture_id = compared_fixtures.fixture_id
{%- else %}

select
    *,
    cast(null as timestamp with time zone) as compared_until,
    cast(null as timestamp with time zone) as read_from
from changed_fixtures
{%- endif %}
{% endset -%}
{#- Before the payloads: a version that comes meanwhile counts as not compared. -#}
{%- set changed_fixtures = store_part('changed', changed_fixtures) -%}
{%- set payloads %}
with

changed_fixtures as (

    {{ changed_fixtures }}

),

stored as (

    select
        fixture_id,
        payload,
        loaded_at
    from {{ ref('stg_sportmonks__fixtures') }}

),

replaced as (

    select
        fixture_id,
        payload,
        loaded_at
    from {{ ref('stg_sportmonks__fixture_versions') }}

),

versions as (

    select * from replaced
    where replaced.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)

    union all

    select * from stored
    where
        stored.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
        and not exists (
            select 1
            from replaced
            where replaced.fixture_id = stored.fixture_id and replaced.loaded_at = stored.loaded_at
        )

),

payloads as (

    select
        versions.*,
        {%- for array in arrays %}
        md5(cast({{ json_column(json_get(parse_json_text('versions.payload'), array)) }} as text)) as {{ array }}_hash{{ ',' if not loop.last }}
        {%- endfor %}
    from versions
    inner join changed_fixtures on versions.fixture_id = changed_fixtures.fixture_id
    where
        -- One that comes meanwhile is compared by the next run.
        versions.loaded_at <= changed_fixtures.loaded_at
        and (
            changed_fixtures.read_from is null
            or versions.loaded_at >= changed_fixtures.read_from
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
{% for array in arrays %}
different_{{ array }} as (

    select fixture_id
    from payloads
    group by 1
    having count(distinct {{ array }}_hash) > 1

),

{{ array }}_payloads as (

    select payloads.*
    from payloads
    inner join different_{{ array }} on payloads.fixture_id = different_{{ array }}.fixture_id

),

-- One row without a key, which says that the version has facts on the subject.
same_{{ array }} as (

    select
        payloads.fixture_id,
        payloads.loaded_at,
        '{{ array[:-1] }}' as subject,
        cast(null as text) as key,
        cast(null as bigint) as event_id,
        cast(null as bigint) as type_id,
        cast(null as bigint) as participant_id,
        cast(null as text) as field,
        cast(null as text) as value
    from payloads
    left join different_{{ array }} on payloads.fixture_id = different_{{ array }}.fixture_id
    where payloads.{{ array }}_hash is not null and different_{{ array }}.fixture_id is null

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
        ~ " || coalesce(' ' || trim(both ' ' from player_name), '')"]] %}
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

    select * from fixture_facts
    {% for array in arrays %}
    union all

    select * from {{ array[:-1] }}_facts

    union all

    select * from same_{{ array }}
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
        pairs.*,
        -- The API shows FT briefly before extra time begins, which is not a correction.
        coalesce(
            pairs.previous_phase = 'finished'
            and pairs.phase <> 'live'
            and not (pairs.previous_state_id = 5 and pairs.state_id in (7, 8)),
            false
        ) as was_over
    from pairs
    inner join changed_fixtures on pairs.fixture_id = changed_fixtures.fixture_id
    where
        pairs.previous_loaded_at is not null
        and (
            changed_fixtures.compared_until is null
            or pairs.loaded_at > changed_fixtures.compared_until
        )

),

last_facts as (

    select
        fixture_id,
        subject,
        max(loaded_at) as loaded_at
    from pairs
    group by 1, 2

),

-- The oldest version that the next comparison needs.
next_comparisons as (

    select
        fixture_id,
        min(loaded_at) as read_from
    from last_facts
    group by 1

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
        next_comparisons.read_from as previous_loaded_at,
        cast(null as timestamp with time zone) as first_seen_at
    from changed_fixtures
    left join next_comparisons on changed_fixtures.fixture_id = next_comparisons.fixture_id

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
    {%- if is_incremental() %}

    union all

    select
        changed_fixtures.fixture_id,
        changed_fixtures.version_count,
        changed_fixtures.loaded_at,
        built.kind,
        built.key,
        built.field,
        built.event_id,
        built.type_id,
        built.participant_id,
        built.old_value,
        built.new_value,
        built.previous_state_id,
        built.previous_phase,
        built.previous_loaded_at,
        built.first_seen_at
    from {{ this }} as built
    inner join changed_fixtures
        on
            built.fixture_id = changed_fixtures.fixture_id
            and built.first_seen_at <= changed_fixtures.compared_until
    {%- endif %}

)

select * from with_markers
