{#-
    Reads JSON the same way on both engines. Numbers, booleans and times come out as text, and JSON
    null and a missing key as null. The macros in `cast/` then make the columns. A typed JSON
    function would treat a value of the wrong type differently: DuckDB's returns null or rounds it,
    PostgreSQL's raises an error.
-#}

{% macro flatten(relation, array, keys=none) -%}
    {{ return(adapter.dispatch('flatten')(relation, array, keys or payload_keys(array))) }}
{%- endmacro %}

{% macro duckdb__flatten(relation, array, keys) -%}
select
    fixture_id,
    loaded_at,
    array_index,
    {{ json_values('element', keys) }}
from (
    select
        fixture_id,
        loaded_at,
        -- from_json returns nulls for an element that is not an object.
        unnest(elements) as element,
        case when has_elements then generate_subscripts(elements, 1) end as array_index
    from (
        select
            fixture_id,
            loaded_at,
            coalesce(len(objects) > 0, false) as has_elements,
            coalesce(nullif(objects, []), [null]) as elements
        from (
            select
                fixture_id,
                loaded_at,
                from_json(list, '[{{ json_shape(keys) }}]') as objects
            from (
                select
                    fixture_id,
                    loaded_at,
                    {{ json_list('content') }} as list
                from (
                    select
                        fixture_id,
                        loaded_at,
                        payload -> '{{ array }}' as content
                    from {{ relation }}
                ) as contents
            ) as lists
            where list is not null
        ) as parsed_lists
    ) as padded_lists
) as elements
{%- endmacro %}

{% macro postgres__flatten(relation, array, keys) -%}
select
    fixture_id,
    loaded_at,
    array_index,
    {{ json_values('element', keys) }}
from (
    select
        fixture_id,
        loaded_at,
        {{ json_list('content') }} as list
    from (
        select
            fixture_id,
            loaded_at,
            payload -> '{{ array }}' as content
        from {{ relation }}
        -- An optimization fence: without it the planner inlines the expression, and decompresses
        -- the payload each time that it is used.
        offset 0
    ) as contents
) as lists
left join lateral jsonb_array_elements(list) with ordinality as elements (document, array_index) on true
left join lateral jsonb_to_record(
    case when jsonb_typeof(document) = 'object' then document end
) as element (
    {{ json_columns(keys) }}
) on true
where list is not null
{%- endmacro %}

{% macro json_list(json) -%}
    {{ return(adapter.dispatch('json_list')(json)) }}
{%- endmacro %}

{% macro duckdb__json_list(json) -%}
    case
        when starts_with(cast({{ json }} as text), '[') then {{ json }}
        when cast({{ json }} as text) = 'null' then cast('[]' as json)
        when
            json_type({{ json }}) = 'OBJECT'
            and len(list_filter(
                json_keys({{ json }}), lambda key: not {{ matches('key', '^[0-9]+$') }}
            )) = 0
            then to_json(list_transform(
                list_sort(list_transform(
                    json_keys({{ json }}), lambda key: {'digits': length(key), 'key': key}
                )),
                lambda entry: json_extract({{ json }}, '$."' || entry.key || '"')
            ))
    end
{%- endmacro %}

{% macro postgres__json_list(json) -%}
    case jsonb_typeof({{ json }})
        when 'array' then {{ json }}
        when 'null' then cast('[]' as jsonb)
        when 'object'
            then (
                select
                    case
                        when coalesce(bool_and({{ matches('key', '^[0-9]+$') }}), true)
                            then
                                coalesce(
                                    jsonb_agg(value order by length(key), key collate "C"),
                                    cast('[]' as jsonb)
                                )
                    end
                from jsonb_each({{ json }})
            )
    end
{%- endmacro %}

{#-
    A duplicate key would violate the primary key, and fail the model for all fixtures. Duplicates
    keep their row with a null key, because that row may be the only one that tells the strategy
    `replace_array` to delete the fixture's old rows.
-#}
{% macro deduplicate(relation, key, within_fixture=false) -%}
select
    *,
    case when repetition = 1 then source_id end as {{ key }}
from (
    select
        *,
        row_number() over (
            partition by source_id{{ ', fixture_id' if within_fixture }}
            order by loaded_at desc, fixture_id desc, array_index desc
        ) as repetition
    from (
        select
            *,
            {{ to_bigint('id') }} as source_id
        from {{ relation }}
    ) as keyed
) as numbered
{%- endmacro %}

{% macro read_fields(relation, document, columns, keys=none) -%}
    {{ return(adapter.dispatch('read_fields')(
        relation, columns, keys or payload_keys(document)
    )) }}
{%- endmacro %}

{% macro duckdb__read_fields(relation, columns, keys) -%}
select
    {{ columns | join(', ') }},
    {{ json_values('object', keys) }}
from (
    select
        *,
        from_json(payload, '{{ json_shape(keys) }}') as object
    from {{ relation }}
) as {{ relation }}
{%- endmacro %}

{% macro postgres__read_fields(relation, columns, keys) -%}
select
    {{ columns | join(', ') }},
    {{ json_values('object', keys) }}
from {{ relation }}
cross join lateral jsonb_to_record(payload) as object (
    {{ json_columns(keys) }}
)
{%- endmacro %}

{% macro json_values(object, keys) -%}
    {%- for key in keys.fields + keys.texts + keys.objects %}
    {%- set value = object ~ '.' ~ adapter.quote(key) %}
    {{ to_text(value) if key in keys.texts else value }} as {{ adapter.quote(key) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro json_shape(keys) -%}
    {%- set shape = [] -%}
    {%- for key in keys.fields -%} {%- do shape.append('"' ~ key ~ '":"VARCHAR"') -%} {%- endfor -%}
    {%- for key in keys.texts + keys.objects -%} {%- do shape.append('"' ~ key ~ '":"JSON"') -%} {%- endfor -%}
    {%- for key, inner in keys.get('lists', {}).items() -%}
        {%- do shape.append('"' ~ key ~ '":[' ~ json_shape(inner) ~ ']') -%}
    {%- endfor -%}
    { {{- shape | join(',') -}} }
{%- endmacro %}

{% macro json_columns(keys) -%}
    {%- set columns = [] -%}
    {%- for key in keys.fields -%} {%- do columns.append(adapter.quote(key) ~ ' text') -%} {%- endfor -%}
    {%- for key in keys.texts + keys.objects -%} {%- do columns.append(adapter.quote(key) ~ ' jsonb') -%} {%- endfor -%}
    {{- columns | join(', ') -}}
{%- endmacro %}

{% macro unpivot(relation, columns, names, rows) -%}
    {{ return(adapter.dispatch('unpivot')(relation, columns, names, rows)) }}
{%- endmacro %}

{#- `unnest` in the select list, because DuckDB would read the relation twice for a lateral join. -#}
{% macro duckdb__unpivot(relation, columns, names, rows) -%}
select
    {{ columns.keys() | join(', ') }},
    {%- for name in names %}
    unpivoted.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    select
        {%- for column, sql in columns.items() %}
        {{ sql }} as {{ column }},
        {%- endfor %}
        unnest([
            {%- for row in rows %}
            {
                {%- for value in row %}'{{ names[loop.index0] }}': {{ value }}{{ ', ' if not loop.last }}{% endfor -%}
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as unpivoted
    from {{ relation }}
) as {{ relation }}
{%- endmacro %}

{% macro postgres__unpivot(relation, columns, names, rows) -%}
select
    {%- for column, sql in columns.items() %}
    {{ sql }} as {{ column }},
    {%- endfor %}
    {%- for name in names %}
    unpivoted.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ relation }}
cross join lateral (
    values
    {%- for row in rows %}
    ({{ row | join(', ') }}){{ ',' if not loop.last }}
    {%- endfor %}
) as unpivoted ({{ names | join(', ') }})
{%- endmacro %}
