{#- What the payloads hold that does not fit a column, for `quarantine`. -#}

{#- The keys to read of a document to judge them all; strings too are read as JSON. -#}
{% macro judged_keys(document) -%}
    {%- set keys = payload_keys(document) -%}
    {{ return({
        'fields': keys.fields,
        'texts': [],
        'objects': keys.texts + keys.objects + (payload_arrays() if document == 'fixture' else [])
    }) }}
{%- endmacro %}

{#-
    What can be wrong with a document that was read with `judged_keys`.

    Args:
        document: as in `payload_fields`.
        object: what stands before the names of its fields.

    Returns:
        a list of path, type, condition (SQL that is true where the value does not fit), value (SQL, text)
        and reason.
-#}
{% macro misfits(document, object='') -%}
    {%- set reasons = {
        'bigint': 'is no whole number of 64 bits',
        'double': 'is no number of 64 bits',
        'boolean': 'is neither true nor false',
        'seconds': 'is no time in seconds since 1970',
        'utc': 'is no time such as 2026-03-14 15:00:00',
        'date': 'is no date such as 2026-03-14',
    } -%}
    {%- set found = [] -%}
    {%- if document in payload_arrays() -%}
        {#- What is no object has no id either. -#}
        {%- do found.append({
            'path': 'id',
            'type': 'bigint',
            'condition': to_bigint(object ~ 'id') ~ ' is null',
            'value': object ~ 'id',
            'reason': 'is no whole number of 64 bits: the row is left out',
        }) -%}
    {%- endif -%}
    {%- for path, type in payload_fields(document).items() if path != 'id' -%}
        {%- if type == 'text' -%}
            {%- set value = "(" ~ object ~ path.split('.')[0] ~ " -> '" ~ path.split('.')[1] ~ "')" if '.' in path else object ~ path -%}
            {%- do found.append({
                'path': path,
                'type': type,
                'condition': is_other_json(value, 'string'),
                'value': json_as_text(value),
                'reason': 'is no text',
            }) -%}
        {%- else -%}
            {%- set value = payload_value(path, object) -%}
            {%- do found.append({
                'path': path,
                'type': type,
                'condition': "(" ~ value ~ " is not null and " ~ cast_text(value, type) ~ " is null)",
                'value': value,
                'reason': reasons[type],
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in payload_keys(document).objects -%}
        {%- do found.append({
            'path': key,
            'type': 'object',
            'condition': is_other_json(object ~ key, 'object'),
            'value': json_as_text(object ~ key),
            'reason': 'is no object',
        }) -%}
    {%- endfor -%}
    {%- for array in (payload_arrays() if document == 'fixture' else []) -%}
        {%- do found.append({
            'path': array,
            'type': 'list',
            'condition': "(" ~ object ~ array ~ " is not null and " ~ json_list(object ~ array) ~ " is null)",
            'value': json_as_text(object ~ array),
            'reason': 'is no list',
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#-
    One row for each misfit in the rows of a relation, with path, value and reason.

    Args:
        relation: name of a CTE that was read with `judged_keys`.
        document: what its rows are.
        columns: what to keep of them: SQL by column.
-#}
{% macro found_misfits(relation, document, columns) -%}
    {%- set rows = [] -%}
    {%- for misfit in misfits(document) -%}
        {%- do rows.append([
            misfit.condition, "'" ~ misfit.path ~ "'", misfit.value, "'" ~ misfit.reason ~ "'"
        ]) -%}
    {%- endfor -%}
select
    {{ columns.keys() | join(', ') }},
    path,
    value,
    reason
from (
    {{ expand(relation, columns, ['is_misfit', 'path', 'value', 'reason'], rows) }}
) as expanded_{{ relation }}
where is_misfit
{%- endmacro %}

{#-
    The payloads that may hold a misfit: all that do, and few others. It is found in one pass over
    each document, so that nothing else has to look at the many that are as they should be.

    Args:
        relation: name of a CTE with fixture_id, payload and loaded_at.
-#}
{% macro suspect_payloads(relation) -%}
    {{ return(adapter.dispatch('suspect_payloads')(relation)) }}
{%- endmacro %}

{#- What is no list is null in a list's place, and so is one that was not asked for. -#}
{% macro duckdb__suspect_payloads(relation) -%}
    {%- set keys = judged_keys('fixture') -%}
    {%- set lists = {} -%}
    {%- for array in payload_arrays() -%} {%- do lists.update({array: judged_keys(array)}) -%} {%- endfor -%}
    {%- do keys.update({'objects': keys.objects | reject('in', lists) | list, 'lists': lists}) -%}
select
    fixture_id,
    payload,
    loaded_at
from (
    select
        *,
        from_json(payload, '{{ json_shape(keys) }}') as fixture
    from {{ relation }}
) as documents
where
    {{ may_have_misfit('fixture', payload_arrays()) }}
    {%- for array in payload_arrays() %}
    or fixture.{{ array }} is null
    or len(list_filter(
        fixture.{{ array }},
        lambda element: {{ may_have_misfit(array) }}
    )) > 0
    {%- endfor %}
{%- endmacro %}

{% macro postgres__suspect_payloads(relation) -%}
select
    fixture_id,
    payload,
    loaded_at
from {{ relation }}
cross join lateral jsonb_to_record(payload) as fixture (
    {{ json_columns(judged_keys('fixture')) }}
)
where
    {{ may_have_misfit('fixture') }}
    {%- for array in payload_arrays() %}
    or exists (
        select 1
        from jsonb_array_elements({{ json_list('fixture.' ~ array) }}) as elements (document)
        left join lateral jsonb_to_record(
            case when jsonb_typeof(document) = 'object' then document end
        ) as element (
            {{ json_columns(judged_keys(array)) }}
        ) on true
        where {{ may_have_misfit(array) }}
    )
    {%- endfor %}
{%- endmacro %}

{#-
    A condition that is true for every object with a misfit, and for few others. Nearly all numbers
    are short and whole: one look at all of an object together is enough for them.

    Args:
        document: what it is. Its fields are read of `fixture`, or of `element` in an array.
        except: fields not to look at.
-#}
{% macro may_have_misfit(document, except=[]) -%}
    {%- set object = 'element.' if document in payload_arrays() else 'fixture.' -%}
    {%- set common = {
        'bigint': '(0|[1-9][0-9]{0,14})',
        'double': '(0|[1-9][0-9]{0,14})',
        'seconds': '(0|[1-9][0-9]{0,10})',
        'boolean': '(true|false)',
    } -%}
    {%- set values = {} -%}
    {%- set conditions = [object ~ 'id is null'] if document in payload_arrays() else [] -%}
    {%- for misfit in misfits(document, object) if misfit.path not in except -%}
        {%- if misfit.type in common -%}
            {%- do values.setdefault(common[misfit.type], []).append(misfit.value) -%}
        {%- else -%}
            {%- do conditions.append(misfit.condition) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for pattern, texts in values.items() -%}
        {%- do conditions.append('not ' ~ all_match(texts, pattern)) -%}
    {%- endfor -%}
    {{ conditions | join(' or ') }}
{%- endmacro %}

{#- Whether each of some texts is null or as the pattern says. A comma inside one makes it two. -#}
{% macro all_match(texts, pattern) -%}
    {%- set filled = [] -%}
    {%- for text in texts -%}
        {%- do filled.append("coalesce(" ~ text ~ ", " ~ ("'true'" if 'true' in pattern else "'0'") ~ ")") -%}
    {%- endfor -%}
    {{ matches(
        filled | join(" || ',' || "),
        '^' ~ pattern ~ '(,' ~ pattern ~ '){' ~ (texts | length - 1) ~ '}$'
    ) }}
{%- endmacro %}

{#- Whether JSON is something else than null and than the kind that belongs there. -#}
{% macro is_other_json(json, kind) -%}
    {{ return(adapter.dispatch('is_other_json')(json, kind)) }}
{%- endmacro %}

{% macro duckdb__is_other_json(json, kind) -%}
    json_type({{ json }}) not in ('{{ {'string': 'VARCHAR'}.get(kind, kind | upper) }}', 'NULL')
{%- endmacro %}

{% macro postgres__is_other_json(json, kind) -%}
    jsonb_typeof({{ json }}) not in ('{{ kind }}', 'null')
{%- endmacro %}

{#- Any JSON as text, a string without its quotes. -#}
{% macro json_as_text(json) -%}
    {{ return(adapter.dispatch('json_as_text')(json)) }}
{%- endmacro %}

{% macro duckdb__json_as_text(json) -%}
    {{ json }} ->> '$'
{%- endmacro %}

{% macro postgres__json_as_text(json) -%}
    {{ json }} #>> '{}'
{%- endmacro %}
