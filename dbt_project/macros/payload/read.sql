{#-
    Reads JSON the same way on both engines. Numbers, booleans and times come out as text, and JSON
    null and a missing key as null. The macros in `cast/` then make the columns. A typed JSON
    function would treat a value of the wrong type differently: DuckDB's returns null or rounds it,
    PostgreSQL's raises an error.
-#}

{#-
    A path has one or two keys: `events`, or `lineups.details` for a list in each element of a list.
    `array_index` is the place of the element, from 1. In a nested list, the place of its parent is
    added in millions, and `first_index` tells lists of the same elements apart.
-#}
{% macro flatten(relation, path, keys, kind='array') -%}
    {%- set content = json_get(parse_json_text('payload'), path.split('.')[0]) -%}
    {{ return(adapter.dispatch('flatten')(relation, path.split('.'), content, keys, kind, 0)) }}
{%- endmacro %}

{#- The same for a relation with the columns of `int_fixture_parts`. -#}
{% macro flatten_part(relation, path, keys, kind='array', first_index=0) -%}
    {%- set content = parse_json_text(adapter.quote(path.split('.')[0])) -%}
    {{ return(adapter.dispatch('flatten')(relation, path.split('.'), content, keys, kind, first_index)) }}
{%- endmacro %}

{% macro duckdb__flatten(relation, path, content, keys, kind, first_index) -%}
select
    fixture_id,
    loaded_at,
    array_index + {{ first_index }} as array_index,
    {{ json_values('element', keys) }}
from (
    select
        fixture_id,
        loaded_at,
        -- from_json returns nulls for an element that is not an object.
        unnest(elements) as element,
        parent_index + case when has_elements then generate_subscripts(elements, 1) end as array_index
    from (
        {{ duckdb_elements(json_content(relation, path, content), json_shape(keys), kind) }}
    ) as padded_lists
) as elements
{%- endmacro %}

{#-
    Lists of parsed elements; an empty list becomes one null. Without a list there is no row, because
    `unnest` returns none for null. A filter would parse the JSON a second time, because DuckDB
    evaluates it before it computes the lists.
-#}
{% macro duckdb_elements(contents, shape, kind) -%}
        select
            fixture_id,
            loaded_at,
            parent_index,
            coalesce(len(objects) > 0, false) as has_elements,
            case when list is not null then coalesce(nullif(objects, []), [null]) end as elements
        from (
            select
                fixture_id,
                loaded_at,
                parent_index,
                list,
                from_json(list, '[{{ shape }}]') as objects
            from (
                select
                    fixture_id,
                    loaded_at,
                    parent_index,
                    {{ json_elements('content', kind) }} as list
                from (
                    {{ contents }}
                ) as contents
            ) as lists
        ) as parsed_lists
{%- endmacro %}

{% macro json_content(relation, path, content) -%}
    {{ return(adapter.dispatch('json_content')(relation, path, content)) }}
{%- endmacro %}

{% macro duckdb__json_content(relation, path, content) -%}
    {%- if path | length == 1 -%}
    select
        fixture_id,
        loaded_at,
        cast(0 as bigint) as parent_index,
        {{ content }} as content
    from {{ relation }}
    {%- else -%}
    select
        fixture_id,
        loaded_at,
        coalesce(parent_number, 0) * 1000000 as parent_index,
        case when parent_number is null then cast('null' as json) else parent -> '{{ path[1] }}' end as content
    from (
        select
            fixture_id,
            loaded_at,
            unnest(elements) as parent,
            case when has_elements then generate_subscripts(elements, 1) end as parent_number
        from (
            {{ duckdb_elements(json_content(relation, path[:1], content), '"JSON"', 'any') }}
        ) as parent_lists
    ) as parents
    {%- endif -%}
{%- endmacro %}

{% macro postgres__flatten(relation, path, content, keys, kind, first_index) -%}
select
    fixture_id,
    loaded_at,
    parent_index + array_number + {{ first_index }} as array_index,
    {{ json_values('element', keys) }}
from (
    select
        fixture_id,
        loaded_at,
        parent_index,
        {{ json_elements('content', kind) }} as list
    from (
        {{ json_content(relation, path, content) }}
    ) as contents
) as lists
left join lateral jsonb_array_elements(list) with ordinality as elements (document, array_number) on true
left join lateral jsonb_to_record(
    case when jsonb_typeof(document) = 'object' then document end
) as element (
    {{ json_columns(keys) }}
) on true
where list is not null
{%- endmacro %}

{#- `offset 0` is an optimization fence: without it the planner inlines the expression, and
    decompresses the payload each time that it is used. -#}
{% macro postgres__json_content(relation, path, content) -%}
    {%- if path | length == 1 -%}
    select
        fixture_id,
        loaded_at,
        cast(0 as bigint) as parent_index,
        {{ content }} as content
    from {{ relation }}
    offset 0
    {%- else -%}
    select
        fixture_id,
        loaded_at,
        coalesce(parent_number, 0) * 1000000 as parent_index,
        case when parent_number is null then cast('null' as jsonb) else parent -> '{{ path[1] }}' end as content
    from (
        select
            fixture_id,
            loaded_at,
            {{ json_elements('content', 'any') }} as list
        from (
            {{ json_content(relation, path[:1], content) }}
        ) as parent_contents
    ) as parent_lists
    left join lateral jsonb_array_elements(list) with ordinality as parents (parent, parent_number) on true
    where list is not null
    offset 0
    {%- endif -%}
{%- endmacro %}

{#- The list is an array of VARIANT, Spark's type for parsed JSON. -#}
{% macro spark__flatten(relation, path, content, keys, kind, first_index) -%}
select
    fixture_id,
    loaded_at,
    parent_index + position + 1 + {{ first_index }} as array_index,
    {{ json_values('element', keys) }}
from (
    select
        fixture_id,
        loaded_at,
        parent_index,
        posexplode_outer({{ json_elements('content', kind) }}) as (position, element)
    from (
        {{ json_content(relation, path, content) }}
    ) as contents
    where {{ json_elements('content', kind) }} is not null
) as elements
{%- endmacro %}

{% macro spark__json_content(relation, path, content) -%}
    {%- if path | length == 1 -%}
    select
        fixture_id,
        loaded_at,
        cast(0 as bigint) as parent_index,
        {{ content }} as content
    from {{ relation }}
    {%- else -%}
    select
        fixture_id,
        loaded_at,
        coalesce(position + 1, 0) * 1000000 as parent_index,
        case when position is null then parse_json('null') else {{ json_get('parent', path[1]) }} end as content
    from (
        select
            fixture_id,
            loaded_at,
            posexplode_outer({{ json_elements('content', 'any') }}) as (position, parent)
        from (
            {{ json_content(relation, path[:1], content) }}
        ) as parent_contents
        where {{ json_elements('content', 'any') }} is not null
    ) as parents
    {%- endif -%}
{%- endmacro %}

{% macro json_elements(json, kind) -%}
    {%- if kind == 'array' -%}
        {{ json_list(json) }}
    {%- elif kind == 'object' -%}
        {{ json_object_list(json) }}
    {%- else -%}
        coalesce({{ json_list(json) }}, {{ json_object_list(json) }})
    {%- endif -%}
{%- endmacro %}

{% macro json_object_list(json) -%}
    {{ return(adapter.dispatch('json_object_list')(json)) }}
{%- endmacro %}

{% macro duckdb__json_object_list(json) -%}
    case json_type({{ json }}) when 'OBJECT' then json_array({{ json }}) when 'NULL' then cast('[]' as json) end
{%- endmacro %}

{% macro postgres__json_object_list(json) -%}
    case jsonb_typeof({{ json }})
        when 'object' then jsonb_build_array({{ json }})
        when 'null' then cast('[]' as jsonb)
    end
{%- endmacro %}

{% macro spark__json_object_list(json) -%}
    case
        when is_variant_null({{ json }}) then array()
        when try_variant_get({{ json }}, '$', 'map<string, variant>') is not null then array({{ json }})
    end
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

{% macro spark__json_list(json) -%}
    {%- set entries = "try_variant_get(" ~ json ~ ", '$', 'map<string, variant>')" -%}
    case
        when is_variant_null({{ json }}) then array()
        when
            forall(map_keys({{ entries }}), key -> {{ matches('key', '^[0-9]+$') }})
            then transform(
                array_sort(transform(map_keys({{ entries }}), key -> struct(length(key) as digits, key as key))),
                entry -> {{ entries }}[entry.key]
            )
        else try_variant_get({{ json }}, '$', 'array<variant>')
    end
{%- endmacro %}

{#-
    A duplicate key would violate the primary key, and fail the model for all fixtures. Duplicates
    keep their row with a null key, because that row may be the only one that tells the strategy
    `replace_array` to delete the fixture's old rows. They are rare: only they are ranked.
-#}
{% macro deduplicate(relation, key, within_fixture=false) -%}
    {{ return(adapter.dispatch('deduplicate')(relation, key, within_fixture)) }}
{%- endmacro %}

{#- Spark would compute the relation once for each mention of it, and sorts in parallel. -#}
{% macro spark__deduplicate(relation, key, within_fixture) -%}
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
    from {{ relation }}
) as numbered
{%- endmacro %}

{% macro default__deduplicate(relation, key, within_fixture) -%}
    {%- set columns = ['source_id', 'fixture_id'] if within_fixture else ['source_id'] -%}
    {%- set is_repeated -%}
exists (
    select 1
    from repeated
    where
        {%- for column in columns %}
        {{ 'and ' if not loop.first }}repeated.{{ column }} = {{ relation }}.{{ column }}
        {%- endfor %}
)
    {%- endset %}
with repeated as materialized (

    {{ repeated_keys(relation, columns) }}

)

select
    *,
    case when repetition = 1 then source_id end as {{ key }}
from (
    select
        *,
        1 as repetition
    from {{ relation }}
    where not {{ is_repeated }}

    union all

    select
        *,
        row_number() over (
            partition by {{ columns | join(', ') }}
            order by loaded_at desc, fixture_id desc, array_index desc
        ) as repetition
    from {{ relation }}
    where {{ is_repeated }}
) as numbered
{%- endmacro %}

{% macro repeated_keys(relation, columns) -%}
    {{ return(adapter.dispatch('repeated_keys')(relation, columns)) }}
{%- endmacro %}

{% macro default__repeated_keys(relation, columns) -%}
select {{ columns | join(', ') }}
from {{ relation }}
group by {{ '1, 2' if columns | length == 2 else '1' }}
having count(*) > 1
{%- endmacro %}

{#-
    By sorting. PostgreSQL expects few keys here, and would group millions of them in a hash table that
    does not fit into its memory, which takes 1.7 times as long.
-#}
{% macro postgres__repeated_keys(relation, columns) -%}
select {{ columns | join(', ') }}
from (
    select
        {{ columns | join(', ') }},
        row_number() over (partition by {{ columns | join(', ') }}) as occurrence
    from {{ relation }}
) as occurrences
where occurrence = 2
{%- endmacro %}

{% macro read_fields(relation, keys, columns) -%}
    {{ return(adapter.dispatch('read_fields')(relation, keys, columns)) }}
{%- endmacro %}

{% macro duckdb__read_fields(relation, keys, columns) -%}
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

{% macro postgres__read_fields(relation, keys, columns) -%}
select
    {{ columns | join(', ') }},
    {{ json_values('object', keys) }}
from {{ relation }}
cross join lateral jsonb_to_record(payload) as object (
    {{ json_columns(keys) }}
)
{%- endmacro %}

{% macro spark__read_fields(relation, keys, columns) -%}
select
    {{ columns | join(', ') }},
    {{ json_values('object', keys) }}
from (
    select
        *,
        try_parse_json(payload) as object
    from {{ relation }}
) as {{ relation }}
{%- endmacro %}

{% macro json_values(object, keys) -%}
    {%- for key in keys.fields + keys.texts + keys.objects %}
    {%- set value = json_value(object, key, key in keys.fields) %}
    {{ to_text(value) if key in keys.texts else value }} as {{ adapter.quote(key) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro json_value(object, key, as_text) -%}
    {{ return(adapter.dispatch('json_value')(object, key, as_text)) }}
{%- endmacro %}

{% macro default__json_value(object, key, as_text) -%}
    {{ object }}.{{ adapter.quote(key) }}
{%- endmacro %}

{% macro spark__json_value(object, key, as_text) -%}
    {%- if as_text -%}
    {{ json_get_text(object, key) }}
    {%- else -%}
    case when not is_variant_null({{ json_get(object, key) }}) then {{ json_get(object, key) }} end
    {%- endif -%}
{%- endmacro %}

{% macro json_shape(keys) -%}
    {%- set shape = [] -%}
    {%- for key in keys.fields -%} {%- do shape.append('"' ~ key ~ '":"VARCHAR"') -%} {%- endfor -%}
    {%- for key in keys.texts + keys.objects -%} {%- do shape.append('"' ~ key ~ '":"JSON"') -%} {%- endfor -%}
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

{% macro spark__unpivot(relation, columns, names, rows) -%}
select
    {%- for column, sql in columns.items() %}
    {{ sql }} as {{ column }},
    {%- endfor %}
    {%- for name in names %}
    unpivoted.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ relation }}
lateral view inline(array(
    {%- for row in rows %}
    struct(
        {%- for value in row %}{{ value }} as {{ names[loop.index0] }}{{ ', ' if not loop.last }}{% endfor -%}
    ){{ ',' if not loop.last }}
    {%- endfor %}
)) unpivoted as {{ names | join(', ') }}
{%- endmacro %}

{% macro get_parts_materialization() -%}
    {{ return(adapter.dispatch('get_parts_materialization')()) }}
{%- endmacro %}

{% macro default__get_parts_materialization() -%}
    {{ return('incremental') }}
{%- endmacro %}

{% macro postgres__get_parts_materialization() -%}
    {{ return('view') }}
{%- endmacro %}

{#- The keys of the payload that are fields of the fixture itself. -#}
{% macro get_fixture_keys() -%}
    {{ return(get_keys(get_document_fields('fixture'), with_id=false)) }}
{%- endmacro %}

{% macro changed_payloads(fixtures, version) -%}
(
    select * from {{ fixtures }}
    {%- if is_incremental() %}
    where
        fixture_id in (
            select versions.fixture_id
            from {{ fixtures.render() }} as versions
            left join {{ this }} as built on versions.fixture_id = built.fixture_id
            where
                not coalesce(
                    built.loaded_at = versions.loaded_at and built.parts_version = '{{ version }}',
                    false
                )
        )
    {%- endif %}
) as payloads
{%- endmacro %}

{% macro read_parts(relation, keys) -%}
    {{ return(adapter.dispatch('read_parts')(relation, keys)) }}
{%- endmacro %}

{% macro duckdb__read_parts(relation, keys) -%}
select
    *,
    {%- for key in keys %}
    parts[{{ loop.index }}] as {{ adapter.quote(key) }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    select
        *,
        to_json(from_json(payload, '{{ json_shape(get_fixture_keys()) }}')) as fixture,
        -- Unlike `from_json`, it tells null from a missing key.
        json_extract(payload, [{% for key in keys %}'$."{{ key }}"'{{ ', ' if not loop.last }}{% endfor %}]) as parts
    from {{ relation }}
) as fixtures
{%- endmacro %}

{% macro spark__read_parts(relation, keys) -%}
select
    * except (document),
    to_json(struct(
        {%- set fields = get_fixture_keys() %}
        {%- for key in fields.fields + fields.texts + fields.objects %}
        {{ json_get('document', key) }} as {{ adapter.quote(key) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )) as fixture,
    {%- for key in keys %}
    to_json({{ json_get('document', key) }}) as {{ adapter.quote(key) }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    select
        *,
        try_parse_json(payload) as document
    from {{ relation }}
) as fixtures
{%- endmacro %}

{% macro postgres__read_parts(relation, keys) -%}
select
    *,
    payload as fixture,
    {%- for key in keys %}
    payload -> '{{ key }}' as {{ adapter.quote(key) }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ relation }}
{%- endmacro %}
