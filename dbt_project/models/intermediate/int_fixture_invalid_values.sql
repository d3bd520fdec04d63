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

changed_payloads as not materialized (

    {{ select_changed_payloads() }}

),

payloads_to_validate as materialized (

    {{ payloads_to_validate('changed_payloads') }}

),

fixture as (

    {{ read_fields(
        'payloads_to_validate',
        'fixture',
        ['fixture_id', 'loaded_at'],
        validation_keys('fixture')
    ) }}

),

fixture_invalid_values as (

    {{ invalid_values(
        'fixture', 'fixture', {'fixture_id': 'fixture_id', 'loaded_at': 'loaded_at'}
    ) }}

),

{% for array in payload_arrays() %}
all_{{ array }} as (

    {{ flatten('payloads_to_validate', array, validation_keys(array)) }}

),

{{ array }} as (

    select
        *,
        {{ to_bigint('id') }} as row_id
    from all_{{ array }}
    where array_index is not null

),

{{ array }}_invalid_values as (

    {{ invalid_values(array, array, {
        'fixture_id': 'fixture_id',
        'loaded_at': 'loaded_at',
        'array_index': 'array_index',
        'row_id': 'row_id',
    }) }}

),

{% endfor %}
final as (

    -- One marker row per fixture, which records the version that was validated.
    select
        fixture_id,
        '' as path,
        cast(null as bigint) as row_id,
        cast(null as text) as value,
        cast(null as text) as reason,
        loaded_at
    from changed_payloads

    union all

    select
        fixture_id,
        path,
        null as row_id,
        value,
        reason,
        loaded_at
    from fixture_invalid_values

    {% for array in payload_arrays() %}
    union all

    select
        fixture_id,
        '{{ array }}[' || cast(array_index - 1 as text) || '].' || path as path,
        row_id,
        value,
        reason,
        loaded_at
    from {{ array }}_invalid_values

    {% endfor %}
)

select * from final
