{#-
    The extractor notes with each payload which parts have a value that does not fit its column
    (extract/payload/regular.py). All other parts are regular. Typed functions of the engines read
    them, which are fast, and which would round or guess where a value does not fit.
-#}

{#- As `Declaration.hash` in extract/config/declared_columns.py. A unit test does not know the project,
    and reads all payloads with casts. -#}
{% macro get_declaration_hash() -%}
    {{ return(local_md5(tojson(get_documents('fixtures'), sort_keys=true)) if graph.nodes else '') }}
{%- endmacro %}

{% macro has_only_fitting_values() -%}
    coalesce(declaration_hash = '{{ get_declaration_hash() }}' and coalesce(irregular_keys, '') = '', false)
{%- endmacro %}

{#- A part without elements is not read as regular: an empty list and a missing one differ. -#}
{% macro is_regular(paths) -%}
    coalesce(
        declaration_hash = '{{ get_declaration_hash() }}'
        {%- for path in paths %}
        and ',' || coalesce(irregular_keys, '') || ',' not like '%,{{ path }},%'
        {%- endfor %}
        and non_empty_keys is not null
        and ({{ may_have_rows(paths) }}),
        false
    )
{%- endmacro %}

{% macro may_have_other_parts(paths) -%}
    {{ return(adapter.dispatch('may_have_other_parts')(paths)) }}
{%- endmacro %}

{#- The branch for other parts costs the other engines hundredths of a second. -#}
{% macro default__may_have_other_parts(paths) -%}
    {{ return(true) }}
{%- endmacro %}

{#- Spark would plan a scan of all changed parts for each path. -#}
{% macro spark__may_have_other_parts(paths) -%}
    {%- if not execute or flags.WHICH not in ['build', 'run'] -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set found -%}
        select 1
        from (
            {{ select_changed_parts(paths) }}
        ) as changed_parts
        where not is_regular
        limit 1
    {%- endset -%}
    {{ return(run_query(to_spark_sql(found)).rows | length > 0) }}
{%- endmacro %}

{% macro may_have_invalid_values() -%}
    {%- if not execute -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set found -%}
        select 1
        from {{ source('sportmonks_raw', 'fixtures') }}
        where not {{ has_only_fitting_values() }}
        limit 1
    {%- endset -%}
    {{ return(run_query(found).rows | length > 0) }}
{%- endmacro %}

{% macro read_regular(relation, paths, kind) -%}
select
    source_id,
    fixture_id,
    {%- for field in get_model_fields() %}
    {{ payload_column(field, fits=true) }} as {{ field.column }},
    {%- endfor %}
    loaded_at,
    array_index
from (
    {{ regular_elements(relation, paths, kind) }}
) as regular_elements
{%- endmacro %}

{% macro regular_value(path, format) -%}
    {%- set is_nested = '.' in path -%}
    {%- set value = json_column(field_json(path)) if format == 'json' else field_text(path) -%}
    {%- if format == 'double' -%}
        {{ 'cast(' ~ value ~ ' as double precision)' if is_nested else value }} + 0
    {%- elif format == 'bigint' and is_nested -%}
        cast({{ value }} as bigint)
    {%- elif format == 'epoch_seconds' -%}
        to_timestamp({{ 'cast(' ~ value ~ ' as bigint)' if is_nested else value }})
    {%- elif format == 'number_or_boolean' -%}
        case {{ value }} when 'true' then 1 when 'false' then 0 else cast({{ value }} as double precision) + 0 end
    {%- elif format in ('json', 'text', 'bigint') or (format == 'boolean' and not is_nested) -%}
        {{ value }}
    {%- else -%}
        {{ cast_text(value, format) }}
    {%- endif -%}
{%- endmacro %}

{#- The keys of an element with their types; objects are read as JSON. -#}
{% macro get_regular_keys() -%}
    {%- set types = {
        'bigint': 'bigint', 'double': 'double precision', 'boolean': 'boolean', 'epoch_seconds': 'bigint',
    } -%}
    {%- set keys = {'id': 'bigint'} -%}
    {%- for field in get_model_fields() -%}
        {%- for path in field.paths -%}
            {%- set format = field.formats[loop.index0] -%}
            {%- if '.' in path or format == 'json' -%}
                {%- do keys.update({path.split('.')[0]: 'json'}) -%}
            {%- else -%}
                {%- do keys.setdefault(path, types.get(format, 'text')) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}

{% macro regular_elements(relation, paths, kind) -%}
    {{ return(adapter.dispatch('regular_elements')(relation, paths, kind, get_regular_keys())) }}
{%- endmacro %}

{% macro duckdb__regular_elements(relation, paths, kind, keys) -%}
    {%- set names = {'bigint': 'BIGINT', 'double precision': 'DOUBLE', 'boolean': 'BOOLEAN', 'text': 'VARCHAR', 'json': 'JSON'} -%}
    {%- set columns = {} -%}
    {%- for key, type in keys.items() -%} {%- do columns.update({key: names[type]}) -%} {%- endfor -%}
    {%- set element = tojson(columns) -%}
    {%- set shapes = {} -%}
    {%- set lists = [] -%}
    {%- for path in paths -%}
        {%- set part = adapter.quote(path.split('.')[0]) -%}
        {%- set list = 'fixture.' ~ part -%}
        {%- set shape = element if kind == 'object' else '[' ~ element ~ ']' -%}
        {%- if '.' in path -%}
            {%- set name = path.split('.')[1] -%}
            {%- set list = 'list_transform(' ~ list ~ ', lambda parent: parent.' ~ adapter.quote(name) ~ ')' -%}
            {%- do lists.append(list if kind == 'object' else 'flatten(' ~ list ~ ')') -%}
            {%- do shapes.setdefault(part, []).append('"' ~ name ~ '":' ~ shape) -%}
        {%- else -%}
            {%- do lists.append('[' ~ list ~ ']' if kind == 'object' else list) -%}
            {%- do shapes.update({part: shape}) -%}
        {%- endif -%}
    {%- endfor -%}
    select
        fixture_id,
        loaded_at,
        element.id as source_id,
        array_index,
        {%- for key in keys if key != 'id' %}
        element.{{ adapter.quote(key) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            fixture_id,
            loaded_at,
            unnest(elements) as element,
            generate_subscripts(elements, 1) as array_index
        from (
            select
                fixture_id,
                loaded_at,
                {{ lists[0] if lists | length == 1 else 'list_concat(' ~ lists | join(', ') ~ ')' }} as elements
            from (
                select
                    fixture_id,
                    loaded_at,
                    {%- for part, shape in shapes.items() %}
                    from_json({{ part }}, '{{ shape if shape is string else '[{' ~ shape | join(',') ~ '}]' }}') as {{ part }}
                    {{- ',' if not loop.last }}
                    {%- endfor %}
                from {{ relation }}
                where is_regular
            ) as fixture
        ) as lists
    ) as elements
    where element is not null
{%- endmacro %}

{#- The names of the alias and of the nested key are those of `duckdb__regular_elements`. -#}
{% macro spark__regular_elements(relation, paths, kind, keys) -%}
    {#- `from_json` does not read a number from text, such as the latitude of a venue. -#}
    {%- set names = {'bigint': 'string', 'double precision': 'string', 'text': 'string', 'json': 'variant'} -%}
    {%- set columns = [] -%}
    {%- for key, type in keys.items() -%}
        {%- do columns.append(adapter.quote(key) ~ ': ' ~ names.get(type, type)) -%}
    {%- endfor -%}
    {%- set element = 'struct<' ~ columns | join(', ') ~ '>' -%}
    {%- set shapes = {} -%}
    {%- set lists = [] -%}
    {%- for path in paths -%}
        {%- set part = adapter.quote(path.split('.')[0]) -%}
        {%- set list = 'fixture.' ~ part -%}
        {%- set shape = element if kind == 'object' else 'array<' ~ element ~ '>' -%}
        {%- if '.' in path -%}
            {%- set name = adapter.quote(path.split('.')[1]) -%}
            {%- if kind == 'object' -%}
                {%- set list = 'transform(' ~ list ~ ', parent -> parent.' ~ name ~ ')' -%}
            {%- else -%}
                {%- set list = 'flatten(transform(' ~ list ~ ', parent -> coalesce(parent.' ~ name ~ ', array())))' -%}
            {%- endif -%}
            {%- do shapes.setdefault(part, []).append(name ~ ': ' ~ shape) -%}
        {%- else -%}
            {%- set list = 'array(' ~ list ~ ')' if kind == 'object' else list -%}
            {%- do shapes.update({part: shape}) -%}
        {%- endif -%}
        {%- do lists.append('coalesce(' ~ list ~ ', array())') -%}
    {%- endfor -%}
    select
        fixture_id,
        loaded_at,
        cast(element.id as bigint) as source_id,
        cast(position + 1 as bigint) as array_index,
        {%- for key, type in keys.items() if key != 'id' %}
        {%- set value = 'element.' ~ adapter.quote(key) %}
        {{ 'cast(' ~ value ~ ' as ' ~ to_spark_type(type) ~ ')' if names.get(type) == 'string' else value }} as {{ adapter.quote(key) }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            fixture_id,
            loaded_at,
            posexplode(concat({{ lists | join(', ') }})) as (position, element)
        from (
            select
                fixture_id,
                loaded_at,
                {%- for part, shape in shapes.items() %}
                from_json({{ part }}, '{{ shape if shape is string else 'array<struct<' ~ shape | join(', ') ~ '>>' }}') as {{ part }}
                {{- ',' if not loop.last }}
                {%- endfor %}
            from {{ relation }}
            where is_regular
        ) as fixture
    ) as elements
    where element is not null
{%- endmacro %}

{% macro postgres__regular_elements(relation, paths, kind, keys) -%}
    {%- set names, columns = [], [] -%}
    {%- for key, type in keys.items() -%}
        {%- do names.append(adapter.quote(key)) -%}
        {%- do columns.append(adapter.quote(key) ~ ' ' ~ ('jsonb' if type == 'json' else type)) -%}
    {%- endfor -%}
    select
        fixture_id,
        loaded_at,
        element."id" as source_id,
        array_index,
        {%- for name in names if name != '"id"' %}
        element.{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    cross join lateral (
        -- An optimization fence: the planner would inline the expression, and decompress the payload
        -- each time that it is used.
        select {% for key in get_part_keys(paths) %}{{ relation }}.{{ adapter.quote(key) }}{{ ', ' if not loop.last }}{% endfor %}
        offset 0
    ) as fixture
    cross join lateral (
        {%- for path in paths %}
        {%- set parent, name = path.split('.')[0], path.split('.')[-1] %}
        {{ 'union all' if not loop.first }}
        select
            {{ loop.index0 * 10 ** 12 }} + element_number{{ ' + 1000000 * parent_number' if '.' in path }} as array_index,
            {{ names | join(', ') }}
        from
            {%- if '.' in path %}
            rows from (
                jsonb_to_recordset({{ regular_list('fixture.' ~ adapter.quote(parent), 'array') }})
                as ({{ adapter.quote(name) }} jsonb)
            ) with ordinality as parents (nested, parent_number)
            cross join lateral
            {%- endif %}
            rows from (
                jsonb_to_recordset({{ regular_list('nested' if '.' in path else 'fixture.' ~ adapter.quote(name), kind) }})
                as ({{ columns | join(', ') }})
            ) with ordinality as elements ({{ names | join(', ') }}, element_number)
        {%- endfor %}
    ) as element
    where is_regular
{%- endmacro %}

{% macro regular_list(json, kind) -%}
    {%- if kind == 'object' -%}
    case when jsonb_typeof({{ json }}) = 'object' then jsonb_build_array({{ json }}) end
    {%- else -%}
    case when jsonb_typeof({{ json }}) = 'array' then {{ json }} end
    {%- endif -%}
{%- endmacro %}
