{#-
    Reading JSON, the same on every engine. All values come out as text (JSON null and a missing key
    as null), because only then is a value that does not fit its column treated alike everywhere:
    DuckDB's typed JSON functions turn it into null or round it, PostgreSQL's raise an error.
    `to_bigint` and its siblings in casts.sql make the columns.
-#}

{#-
    One row per object in an array of a fixture's payload.

    A fixture whose payload has the array's key but no object in it gives one row of nulls, which
    tells the incremental strategy `replace_by_fixture` that its old rows must go. A fixture whose
    payload lacks the key gives no row at all.

    Args:
        fixtures: name of a CTE with fixture_id, loaded_at and payload.
        array: key of the array in the payload.
        fields: keys to read of each object.
        objects: keys whose values are read as JSON.
-#}
{% macro flatten(fixtures, array, fields, objects=[]) -%}
    {{ return(adapter.dispatch('flatten')(fixtures, array, fields, objects)) }}
{%- endmacro %}

{% macro duckdb__flatten(fixtures, array, fields, objects) -%}
select
    fixture_id,
    loaded_at,
    {%- for field in fields + objects %}
    element.{{ adapter.quote(field) }} as {{ adapter.quote(field) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from (
    select
        fixture_id,
        loaded_at,
        unnest(
            coalesce(
                nullif(
                    from_json(
                        payload -> '{{ array }}',
                        '[{{ json_shape(fields, objects) }}]'
                    ),
                    []
                ),
                [null]
            )
        ) as element
    from {{ fixtures }}
    where (payload -> '{{ array }}') is not null
) as elements
{%- endmacro %}

{% macro postgres__flatten(fixtures, array, fields, objects) -%}
select
    fixture_id,
    loaded_at,
    {%- for field in fields + objects %}
    element.{{ adapter.quote(field) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ fixtures }}
left join lateral jsonb_array_elements(
    case
        when jsonb_typeof(payload -> '{{ array }}') = 'array'
            then payload -> '{{ array }}'
    end
) as elements (document) on jsonb_typeof(document) = 'object'
left join lateral jsonb_to_record(document) as element (
    {{ json_columns(fields, objects) }}
) on true
where (payload -> '{{ array }}') is not null
{%- endmacro %}

{#-
    Some keys of one JSON object a row, read in one pass over the document.

    Args:
        relation: name of a CTE.
        document: its JSON column; an object in every row.
        columns: columns of the CTE to keep.
        fields: keys to read of the document.
        objects: keys whose values are read as JSON.
-#}
{% macro read_fields(relation, document, columns, fields, objects=[]) -%}
    {{ return(adapter.dispatch('read_fields')(relation, document, columns, fields, objects)) }}
{%- endmacro %}

{% macro duckdb__read_fields(relation, document, columns, fields, objects) -%}
select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    {%- for field in fields + objects %}
    object.{{ adapter.quote(field) }} as {{ adapter.quote(field) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from (
    select
        *,
        from_json({{ document }}, '{{ json_shape(fields, objects) }}') as object
    from {{ relation }}
) as documents
{%- endmacro %}

{% macro postgres__read_fields(relation, document, columns, fields, objects) -%}
select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    {%- for field in fields + objects %}
    object.{{ adapter.quote(field) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ relation }}
cross join lateral jsonb_to_record({{ document }}) as object (
    {{ json_columns(fields, objects) }}
)
{%- endmacro %}

{#- DuckDB's description of an object for from_json. -#}
{% macro json_shape(fields, objects) -%}
    {
    {%- for field in fields %}"{{ field }}":"VARCHAR"{{ ',' if not loop.last or objects }}{% endfor -%}
    {%- for field in objects %}"{{ field }}":"JSON"{{ ',' if not loop.last }}{% endfor -%}
    }
{%- endmacro %}

{#- PostgreSQL's description of an object for jsonb_to_record. -#}
{% macro json_columns(fields, objects) -%}
    {%- for field in fields %}{{ adapter.quote(field) }} text{{ ', ' if not loop.last or objects }}{% endfor -%}
    {%- for field in objects %}{{ adapter.quote(field) }} jsonb{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
