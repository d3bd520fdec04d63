{#- Whole models for the parts of a payload. The fields are the columns in the model's yml. -#}

{% macro array_model(paths, key, within_fixture=false, indexes=[]) -%}
    {{ payload_model([paths] if paths is string else paths, 'array', key, within_fixture, indexes) }}
{%- endmacro %}

{% macro object_model(path, key, within_fixture=false, indexes=[]) -%}
    {{ payload_model([path], 'object', key, within_fixture, indexes) }}
{%- endmacro %}

{% macro payload_model(paths, kind, key, within_fixture, indexes) -%}
{%- set by_fixture = [] if within_fixture else [{'columns': ['fixture_id', 'loaded_at']}] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_array',
        unique_key=['fixture_id', key] if within_fixture else key,
        on_schema_change='fail',
        indexes=by_fixture + indexes,
        meta={'payload': {'source': 'fixtures', 'paths': paths, 'kind': kind}}
    )
}}
{%- set reads_others = may_have_other_parts(paths) %}
with

changed_parts as {{ materialized_changes() }} (

    {{ select_changed_parts(paths) }}

),

regular_elements as (

    {{ read_regular('changed_parts', paths, kind) }}

),

{% if reads_others -%}
other_parts as {{ materialized_changes() }} (

    select * from changed_parts
    where not is_regular

),

other_elements as (

    {% for path in paths %}
    {{ 'union all' if not loop.first }}
    {{ flatten_part('other_parts', path, get_model_keys(), kind, first_index=loop.index0 * 10 ** 12) }}
    {% endfor %}

),

{% endif -%}
elements as materialized (

    select * from regular_elements
    {%- if reads_others %}

    union all

    select
        {{ to_bigint('id') }} as source_id,
        fixture_id,
        {{ payload_columns() }}{{ ',' if get_model_fields() }}
        loaded_at,
        array_index
    from other_elements
    {%- endif %}

),

deduplicated as (

    {{ deduplicate('elements', key, within_fixture=within_fixture) }}

),

final as (

    select
        {{ key }},
        fixture_id,
        {%- for field in get_model_fields() %}
        {{ field.column }},
        {%- endfor %}
        loaded_at
    from deduplicated

)

select * from final
where {{ has_key(key) }}
{%- endmacro %}

{% macro reference_model(source, key, indexes=[]) -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key=key,
        on_schema_change='fail',
        indexes=indexes,
        meta={'payload': {'source': source, 'paths': [source], 'kind': 'root'}}
    )
}}
with

payloads as (

    select * from {{ ref('stg_sportmonks__' ~ source) }}

),

fields as (

    {{ read_fields('payloads', get_model_keys(with_id=false), [key]) }}

),

final as (

    select
        {{ key }},
        {{ payload_columns() }}
    from fields

)

select * from final
{%- endmacro %}

{% macro list_model(source, key, path='data', indexes=[]) -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key=key,
        on_schema_change='fail',
        indexes=indexes,
        meta={'payload': {'source': source, 'paths': [path], 'kind': 'array'}}
    )
}}
with

payloads as (

    select
        season_id as fixture_id,
        payload,
        loaded_at
    from {{ ref('stg_sportmonks__' ~ source) }}

),

elements as (

    {{ flatten('payloads', path, get_model_keys(), 'array') }}

),

keyed as materialized (

    select
        {{ to_bigint('id') }} as source_id,
        fixture_id,
        {{ payload_columns() }},
        loaded_at,
        array_index
    from elements

),

deduplicated as (

    {{ deduplicate('keyed', key) }}

),

final as (

    select
        {{ key }}
        {%- for field in get_model_fields() -%}
        ,
        {{ field.column }}
        {%- endfor %}
    from deduplicated

)

select * from final
where {{ key }} is not null
{%- endmacro %}
