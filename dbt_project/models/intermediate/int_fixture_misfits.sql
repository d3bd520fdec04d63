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

fixtures as (

    select * from {{ ref('stg_sportmonks__fixtures') }}

),

changed_fixtures as (

    {{ changed_fixtures() }}

),

fixture as (

    {{ read_fields(
        'changed_fixtures', 'fixture', ['fixture_id', 'loaded_at'], judged_keys('fixture')
    ) }}

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
        place is not null
        and ({{ has_misfit(misfits(array)) }})

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
        misfits.path,
        null as row_id,
        misfits.value,
        misfits.reason,
        loaded_at
    from fixture
    cross join lateral (
        values
        {{ misfit_values(misfits('fixture')) }}
    ) as misfits (is_misfit, path, value, reason)
    where misfits.is_misfit

    {% for array in payload_arrays() %}
    union all

    select
        fixture_id,
        '{{ array }}[' || cast(place - 1 as text) || '].' || misfits.path as path,
        row_id,
        misfits.value,
        misfits.reason,
        loaded_at
    from odd_{{ array }}
    cross join lateral (
        values
        {{ misfit_values(misfits(array)) }}
    ) as misfits (is_misfit, path, value, reason)
    where misfits.is_misfit

    {% endfor %}
)

select * from found
