{#-
    Reading JSON, the same on every engine. Numbers, booleans and times come out as text (JSON null
    and a missing key as null), because only then is a value that does not fit its column treated
    alike everywhere: DuckDB's typed JSON functions turn it into null or round it, PostgreSQL's raise
    an error. `to_bigint` and its siblings in casts.sql make the columns.
-#}

{#-
    One row per object in an array of a fixture's payload.

    A fixture whose payload has the array's key but no object in it gives one row of nulls, which
    tells the incremental strategy `replace_by_fixture` that its old rows must go. A fixture whose
    payload lacks the key gives no row at all.

    Args:
        fixtures: name of a CTE with fixture_id, loaded_at and payload.
        array: key of the array in the payload.
        fields: keys to read of each object, for `to_bigint` and its siblings.
        texts: keys whose values are strings; anything else than a string is null.
        objects: keys whose values are read as JSON.
-#}
{% macro flatten(fixtures, array, fields, texts=[], objects=[]) -%}
    {{ return(adapter.dispatch('flatten')(fixtures, array, fields, texts, objects)) }}
{%- endmacro %}

{% macro duckdb__flatten(fixtures, array, fields, texts, objects) -%}
select
    fixture_id,
    loaded_at,
    place,
    {{ json_values('element', fields, texts, objects) }}
from (
    select
        fixture_id,
        loaded_at,
        unnest(elements) as element,
        generate_subscripts(elements, 1) as place
    from (
        select
            fixture_id,
            loaded_at,
            coalesce(
                nullif(
                    from_json(
                        payload -> '{{ array }}',
                        '[{{ json_shape(fields, texts + objects) }}]'
                    ),
                    []
                ),
                [null]
            ) as elements
        from {{ fixtures }}
        where (payload -> '{{ array }}') is not null
    ) as arrays
) as elements
{%- endmacro %}

{% macro postgres__flatten(fixtures, array, fields, texts, objects) -%}
select
    fixture_id,
    loaded_at,
    place,
    {{ json_values('element', fields, texts, objects) }}
from {{ fixtures }}
left join lateral jsonb_array_elements(
    case
        when jsonb_typeof(payload -> '{{ array }}') = 'array'
            then payload -> '{{ array }}'
    end
) with ordinality as elements (document, place) on jsonb_typeof(document) = 'object'
left join lateral jsonb_to_record(document) as element (
    {{ json_columns(fields, texts + objects) }}
) on true
where (payload -> '{{ array }}') is not null
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
    Some keys of one JSON object a row, read in one pass over the document.

    Args:
        relation: name of a CTE.
        document: its JSON column; an object in every row.
        columns: columns of the CTE to keep.
        fields, texts, objects: keys to read of the document, as in `flatten`.
-#}
{% macro read_fields(relation, document, columns, fields, texts=[], objects=[]) -%}
    {{ return(adapter.dispatch('read_fields')(
        relation, document, columns, fields, texts, objects
    )) }}
{%- endmacro %}

{% macro duckdb__read_fields(relation, document, columns, fields, texts, objects) -%}
select
    {{ columns | join(', ') }},
    {{ json_values('object', fields, texts, objects) }}
from (
    select
        *,
        from_json({{ document }}, '{{ json_shape(fields, texts + objects) }}') as object
    from {{ relation }}
) as documents
{%- endmacro %}

{% macro postgres__read_fields(relation, document, columns, fields, texts, objects) -%}
select
    {{ columns | join(', ') }},
    {{ json_values('object', fields, texts, objects) }}
from {{ relation }}
cross join lateral jsonb_to_record({{ document }}) as object (
    {{ json_columns(fields, texts + objects) }}
)
{%- endmacro %}

{#- The select list of `flatten` and `read_fields`. -#}
{% macro json_values(object, fields, texts, objects) -%}
    {%- for field in fields + texts + objects %}
    {%- set value = object ~ '.' ~ adapter.quote(field) %}
    {{ to_text(value) if field in texts else value }} as {{ adapter.quote(field) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- DuckDB's description of an object for from_json. -#}
{% macro json_shape(fields, values) -%}
    {
    {%- for field in fields %}"{{ field }}":"VARCHAR"{{ ',' if not loop.last or values }}{% endfor -%}
    {%- for field in values %}"{{ field }}":"JSON"{{ ',' if not loop.last }}{% endfor -%}
    }
{%- endmacro %}

{#- PostgreSQL's description of an object for jsonb_to_record. -#}
{% macro json_columns(fields, values) -%}
    {%- for field in fields %}{{ adapter.quote(field) }} text{{ ', ' if not loop.last or values }}{% endfor -%}
    {%- for field in values %}{{ adapter.quote(field) }} jsonb{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
