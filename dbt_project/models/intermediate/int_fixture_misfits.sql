{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key=['fixture_id', 'path'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']}
        ]
    )
}}

with

changed_fixtures as {{ 'materialized' if is_incremental() else 'not materialized' }} (

    {{ changed_payloads() }}

),

fixture as (

    {{ read_fields(
        'changed_fixtures', 'fixture', ['fixture_id', 'loaded_at'], judged_keys('fixture')
    ) }}

),

odd_fixture as (

    select * from fixture
    where {{ may_have_misfit('fixture') }}

),

{% for array in payload_arrays() %}
{{ array }} as (

    {{ flatten('changed_fixtures', array, judged_keys(array)) }}

),

odd_{{ array }} as (

    select
        {{ array }}.*,
        {{ to_bigint('id') }} as row_id
    from {{ array }}
    where
        {{ array }}.place is not null
        and ({{ may_have_misfit(array) }})

),

{% endfor %}
fixture_misfits as (

    {{ found_misfits(
        'odd_fixture', 'fixture', {'fixture_id': 'fixture_id', 'loaded_at': 'loaded_at'}
    ) }}

),

{% for array in payload_arrays() %}
{{ array }}_misfits as (

    {{ found_misfits('odd_' ~ array, array, {
        'fixture_id': 'fixture_id',
        'loaded_at': 'loaded_at',
        'place': 'place',
        'row_id': 'row_id',
    }) }}

),

{% endfor %}
found as (

    -- Says of each fixture that this version of it was judged.
    select
        fixture_id,
        '' as path,
        cast(null as bigint) as row_id,
        cast(null as text) as value,
        cast(null as text) as reason,
        loaded_at
    from changed_fixtures

    union all

    select
        fixture_id,
        path,
        null as row_id,
        value,
        reason,
        loaded_at
    from fixture_misfits

    {% for array in payload_arrays() %}
    union all

    select
        fixture_id,
        '{{ array }}[' || cast(place - 1 as text) || '].' || path as path,
        row_id,
        value,
        reason,
        loaded_at
    from {{ array }}_misfits

    {% endfor %}
)

select * from found
