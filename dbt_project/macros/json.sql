{#-
    Reading JSON, the same on every engine. Numbers, booleans and times come out as text (JSON null
    and a missing key as null), because only then is a value that does not fit its column treated
    alike everywhere: DuckDB's typed JSON functions turn it into null or round it, PostgreSQL's raise
    an error. `to_bigint` and its siblings in casts.sql make the columns.
-#}

{#-
    One row per object in an array of a fixture's payload, with the fields that `payload_fields`
    lists.

    A fixture whose array is empty, or has no object in it, gives one row of nulls, which tells the
    incremental strategy `replace_array` that its old rows must go. A fixture without the array gives
    no row at all: its payload lacks the key, or has there what `json_list` does not read.

    Args:
        fixtures: name of a CTE with fixture_id, loaded_at and payload.
        array: key of the array in the payload.
        keys: what to read of each object; by default what `payload_keys` says.

    Returns:
        fixture_id, loaded_at, place (from 1 on; null where there is no object) and the keys.
-#}
{% macro flatten(fixtures, array, keys=none) -%}
    {{ return(adapter.dispatch('flatten')(fixtures, array, keys or payload_keys(array))) }}
{%- endmacro %}

{#- What is no object is an element of nulls too. -#}
{% macro duckdb__flatten(fixtures, array, keys) -%}
select
    fixture_id,
    loaded_at,
    place,
    {{ json_values('element', keys) }}
from (
    select
        fixture_id,
        loaded_at,
        unnest(elements) as element,
        case when is_filled then generate_subscripts(elements, 1) end as place
    from (
        select
            fixture_id,
            loaded_at,
            coalesce(len(objects) > 0, false) as is_filled,
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
                    {{ json_list('sent') }} as list
                from (
                    select
                        fixture_id,
                        loaded_at,
                        payload -> '{{ array }}' as sent
                    from {{ fixtures }}
                ) as arrays
            ) as arrays
            where list is not null
        ) as lists
    ) as filled
) as elements
{%- endmacro %}

{% macro postgres__flatten(fixtures, array, keys) -%}
select
    fixture_id,
    loaded_at,
    place,
    {{ json_values('element', keys) }}
from (
    select
        fixture_id,
        loaded_at,
        {{ json_list('sent') }} as list
    from (
        select
            fixture_id,
            loaded_at,
            payload -> '{{ array }}' as sent
        from {{ fixtures }}
        -- Each look into a payload decompresses it: without this, the planner would take several.
        offset 0
    ) as arrays
) as lists
left join lateral jsonb_array_elements(list) with ordinality as elements (document, place) on true
left join lateral jsonb_to_record(
    case when jsonb_typeof(document) = 'object' then document end
) as element (
    {{ json_columns(keys) }}
) on true
where list is not null
{%- endmacro %}

{#-
    The list that a JSON value means: itself; of an object whose keys are all integers, the list of
    its values by key, for PHP writes a filtered list so; an empty one for JSON null. SQL null for
    anything else, and where there is no value.
-#}
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
                lambda place: json_extract({{ json }}, '$."' || place.key || '"')
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
    The rows of a flattened array with their key, which is null where it comes again: of one fixture
    the last one counts, of several fixtures the one of the newest payload. A key that came twice
    would break the table's primary key, and with it the table for all fixtures. The rows without a
    key stay, for they may be all that tells the incremental strategy that their fixture's old rows
    must go.

    Args:
        relation: name of a CTE with what `flatten` gives, the field id among it.
        key: what to call the key, which is made of id.
        within_fixture: the key tells apart the rows of one fixture only.
-#}
{% macro one_row_a_key(relation, key, within_fixture=false) -%}
select
    *,
    case when repetition = 1 then sent_key end as {{ key }}
from (
    select
        *,
        row_number() over (
            partition by sent_key{{ ', fixture_id' if within_fixture }}
            order by loaded_at desc, fixture_id desc, place desc
        ) as repetition
    from (
        select
            *,
            {{ to_bigint('id') }} as sent_key
        from {{ relation }}
    ) as keyed
) as numbered
{%- endmacro %}

{#-
    The fields of one JSON object a row, read in one pass over the document.

    Args:
        relation: name of a CTE.
        document: what the object is, as in `payload_fields`.
        columns: columns of the CTE to keep.
        keys: what to read of the object; by default what `payload_keys` says.

    The object is the column `payload`.
-#}
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

{#- The select list of `flatten` and `read_fields`. -#}
{% macro json_values(object, keys) -%}
    {%- for key in keys.fields + keys.texts + keys.objects %}
    {%- set value = object ~ '.' ~ adapter.quote(key) %}
    {{ to_text(value) if key in keys.texts else value }} as {{ adapter.quote(key) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- DuckDB's description of an object for from_json; `lists` are those whose objects are read too. -#}
{% macro json_shape(keys) -%}
    {%- set shape = [] -%}
    {%- for key in keys.fields -%} {%- do shape.append('"' ~ key ~ '":"VARCHAR"') -%} {%- endfor -%}
    {%- for key in keys.texts + keys.objects -%} {%- do shape.append('"' ~ key ~ '":"JSON"') -%} {%- endfor -%}
    {%- for key, inner in keys.get('lists', {}).items() -%}
        {%- do shape.append('"' ~ key ~ '":[' ~ json_shape(inner) ~ ']') -%}
    {%- endfor -%}
    { {{- shape | join(',') -}} }
{%- endmacro %}

{#- PostgreSQL's description of an object for jsonb_to_record. -#}
{% macro json_columns(keys) -%}
    {%- set columns = [] -%}
    {%- for key in keys.fields -%} {%- do columns.append(adapter.quote(key) ~ ' text') -%} {%- endfor -%}
    {%- for key in keys.texts + keys.objects -%} {%- do columns.append(adapter.quote(key) ~ ' jsonb') -%} {%- endfor -%}
    {{- columns | join(', ') -}}
{%- endmacro %}

{#-
    Several rows for each row of a relation.

    Args:
        relation: name of a CTE.
        columns: what all of them have: SQL by column.
        names: names of the columns in which they differ.
        rows: a list of lists of SQL, one for each row.
-#}
{% macro expand(relation, columns, names, rows) -%}
    {{ return(adapter.dispatch('expand')(relation, columns, names, rows)) }}
{%- endmacro %}

{#- A lateral join would read the relation twice. -#}
{% macro duckdb__expand(relation, columns, names, rows) -%}
select
    {{ columns.keys() | join(', ') }},
    {%- for name in names %}
    expanded.{{ name }}{{ ',' if not loop.last }}
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
        ]) as expanded
    from {{ relation }}
) as {{ relation }}
{%- endmacro %}

{% macro postgres__expand(relation, columns, names, rows) -%}
select
    {%- for column, sql in columns.items() %}
    {{ sql }} as {{ column }},
    {%- endfor %}
    {%- for name in names %}
    expanded.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ relation }}
cross join lateral (
    values
    {%- for row in rows %}
    ({{ row | join(', ') }}){{ ',' if not loop.last }}
    {%- endfor %}
) as expanded ({{ names | join(', ') }})
{%- endmacro %}
