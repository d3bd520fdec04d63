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

    Returns:
        a list of path, condition (SQL that is true where the value does not fit), value (SQL, text)
        and reason.
-#}
{% macro misfits(document) -%}
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
            'condition': to_bigint('id') ~ ' is null',
            'value': 'id',
            'reason': 'is no whole number of 64 bits: the row is left out',
        }) -%}
    {%- endif -%}
    {%- for path, type in payload_fields(document).items() if path != 'id' -%}
        {%- if type == 'text' -%}
            {%- set value = "(" ~ path.split('.')[0] ~ " -> '" ~ path.split('.')[1] ~ "')" if '.' in path else path -%}
            {%- do found.append({
                'path': path,
                'condition': is_other_json(value, 'string'),
                'value': json_as_text(value),
                'reason': 'is no text',
            }) -%}
        {%- else -%}
            {%- set value = payload_value(path) -%}
            {%- do found.append({
                'path': path,
                'condition': "(" ~ value ~ " is not null and " ~ cast_text(value, type) ~ " is null)",
                'value': value,
                'reason': reasons[type],
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for object in payload_keys(document).objects -%}
        {%- do found.append({
            'path': object,
            'condition': is_other_json(object, 'object'),
            'value': json_as_text(object),
            'reason': 'is no object',
        }) -%}
    {%- endfor -%}
    {%- for array in (payload_arrays() if document == 'fixture' else []) -%}
        {%- do found.append({
            'path': array,
            'condition': is_other_json(array, 'array'),
            'value': json_as_text(array),
            'reason': 'is no list',
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Misfits as rows of `values`: is_misfit, path, value, reason. -#}
{% macro misfit_values(misfits) -%}
    {%- for misfit in misfits %}
        ({{ misfit.condition }}, '{{ misfit.path }}', {{ misfit.value }}, '{{ misfit.reason }}')
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- A condition that is true for rows with any misfit. -#}
{% macro has_misfit(misfits) -%}
    {%- for misfit in misfits %}
    {{ 'or ' if not loop.first }}{{ misfit.condition }}
    {%- endfor %}
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
