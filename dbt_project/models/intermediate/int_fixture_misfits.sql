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

changed_fixtures as not materialized (

    {{ changed_payloads() }}

),

suspects as materialized (

    {{ suspect_payloads('changed_fixtures') }}

),

fixture as (

    {{ read_fields('suspects', 'fixture', ['fixture_id', 'loaded_at'], judged_keys('fixture')) }}

),

fixture_misfits as (

    {{ found_misfits(
        'fixture', 'fixture', {'fixture_id': 'fixture_id', 'loaded_at': 'loaded_at'}
    ) }}

),

{% for array in payload_arrays() %}
all_{{ array }} as (

    {{ flatten('suspects', array, judged_keys(array)) }}

),

{{ array }} as (

    select
        *,
        {{ to_bigint('id') }} as row_id
    from all_{{ array }}
    where place is not null

),

{{ array }}_misfits as (

    {{ found_misfits(array, array, {
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
