{#- Finds the values in payloads that do not fit their column, for `quarantine`. -#}

{% macro validation_keys(document) -%}
    {%- set keys = payload_keys(document) -%}
    {{ return({
        'fields': keys.fields,
        'texts': [],
        'objects': keys.texts + keys.objects + (payload_arrays() if document == 'fixture' else [])
    }) }}
{%- endmacro %}

{% macro validation_rules(document, prefix='') -%}
    {%- set reasons = {
        'bigint': 'is not an integer of 64 bits',
        'double': 'is not a number of 64 bits',
        'boolean': 'is neither true nor false',
        'epoch_seconds': 'is not a time in seconds since 1970',
        'timestamp_text': 'is not a time such as 2026-03-14 15:00:00',
        'date': 'is not a date such as 2026-03-14',
    } -%}
    {%- set rules = [] -%}
    {%- if document in payload_arrays() -%}
        {#- An element that is not an object has no id either. -#}
        {%- do rules.append({
            'path': 'id',
            'type': 'bigint',
            'condition': to_bigint(prefix ~ 'id') ~ ' is null',
            'value': prefix ~ 'id',
            'reason': 'is not an integer of 64 bits: the row is left out',
        }) -%}
    {%- endif -%}
    {%- for path, type in payload_fields(document).items() if path != 'id' -%}
        {%- if type == 'text' -%}
            {%- set value = "(" ~ prefix ~ path.split('.')[0] ~ " -> '" ~ path.split('.')[1] ~ "')" if '.' in path else prefix ~ path -%}
            {%- do rules.append({
                'path': path,
                'type': type,
                'condition': is_other_json(value, 'string'),
                'value': json_as_text(value),
                'reason': 'is not text',
            }) -%}
        {%- else -%}
            {%- set value = payload_value(path, prefix) -%}
            {%- do rules.append({
                'path': path,
                'type': type,
                'condition': "(" ~ value ~ " is not null and " ~ cast_text(value, type) ~ " is null)",
                'value': value,
                'reason': reasons[type],
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in payload_keys(document).objects -%}
        {%- do rules.append({
            'path': key,
            'type': 'object',
            'condition': is_other_json(prefix ~ key, 'object'),
            'value': json_as_text(prefix ~ key),
            'reason': 'is not an object',
        }) -%}
    {%- endfor -%}
    {%- for array in (payload_arrays() if document == 'fixture' else []) -%}
        {%- do rules.append({
            'path': array,
            'type': 'list',
            'condition': "(" ~ prefix ~ array ~ " is not null and " ~ json_list(prefix ~ array) ~ " is null)",
            'value': json_as_text(prefix ~ array),
            'reason': 'is not a list',
        }) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{% macro invalid_values(relation, document, columns) -%}
    {%- set rows = [] -%}
    {%- for rule in validation_rules(document) -%}
        {%- do rows.append([
            rule.condition, "'" ~ rule.path ~ "'", rule.value, "'" ~ rule.reason ~ "'"
        ]) -%}
    {%- endfor -%}
select
    {{ columns.keys() | join(', ') }},
    path,
    value,
    reason
from (
    {{ unpivot(relation, columns, ['is_invalid', 'path', 'value', 'reason'], rows) }}
) as unpivoted_{{ relation }}
where is_invalid
{%- endmacro %}

{% macro payloads_to_validate(relation) -%}
    {{ return(adapter.dispatch('payloads_to_validate')(relation)) }}
{%- endmacro %}

{#- from_json returns null for a value that is not a list, as for an include that was not requested. -#}
{% macro duckdb__payloads_to_validate(relation) -%}
    {%- set keys = validation_keys('fixture') -%}
    {%- set lists = {} -%}
    {%- for array in payload_arrays() -%} {%- do lists.update({array: validation_keys(array)}) -%} {%- endfor -%}
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
    {{ may_be_invalid('fixture', payload_arrays()) }}
    {%- for array in payload_arrays() %}
    or fixture.{{ array }} is null
    or len(list_filter(
        fixture.{{ array }},
        lambda element: {{ may_be_invalid(array) }}
    )) > 0
    {%- endfor %}
{%- endmacro %}

{% macro postgres__payloads_to_validate(relation) -%}
select
    fixture_id,
    payload,
    loaded_at
from {{ relation }}
cross join lateral jsonb_to_record(payload) as fixture (
    {{ json_columns(validation_keys('fixture')) }}
)
where
    {{ may_be_invalid('fixture') }}
    {%- for array in payload_arrays() %}
    or exists (
        select 1
        from jsonb_array_elements({{ json_list('fixture.' ~ array) }}) as elements (document)
        left join lateral jsonb_to_record(
            case when jsonb_typeof(document) = 'object' then document end
        ) as element (
            {{ json_columns(validation_keys(array)) }}
        ) on true
        where {{ may_be_invalid(array) }}
    )
    {%- endfor %}
{%- endmacro %}

{#-
    Nearly all numbers are short integers, so that one regular expression over all numbers of an
    object together clears most objects.
-#}
{% macro may_be_invalid(document, except=[]) -%}
    {%- set prefix = 'element.' if document in payload_arrays() else 'fixture.' -%}
    {%- set usual_patterns = {
        'bigint': '(0|[1-9][0-9]{0,14})',
        'double': '(0|[1-9][0-9]{0,14})',
        'epoch_seconds': '(0|[1-9][0-9]{0,10})',
        'boolean': '(true|false)',
    } -%}
    {%- set values = {} -%}
    {%- set conditions = [prefix ~ 'id is null'] if document in payload_arrays() else [] -%}
    {%- for rule in validation_rules(document, prefix) if rule.path not in except -%}
        {%- if rule.type in usual_patterns -%}
            {%- do values.setdefault(usual_patterns[rule.type], []).append(rule.value) -%}
        {%- else -%}
            {%- do conditions.append(rule.condition) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for pattern, texts in values.items() -%}
        {%- do conditions.append('not ' ~ all_match(texts, pattern)) -%}
    {%- endfor -%}
    {{ conditions | join(' or ') }}
{%- endmacro %}

{#- The texts are joined by commas. A comma inside a text makes one more, which does not match. -#}
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

{% macro is_other_json(json, kind) -%}
    {{ return(adapter.dispatch('is_other_json')(json, kind)) }}
{%- endmacro %}

{% macro duckdb__is_other_json(json, kind) -%}
    json_type({{ json }}) not in ('{{ {'string': 'VARCHAR'}.get(kind, kind | upper) }}', 'NULL')
{%- endmacro %}

{% macro postgres__is_other_json(json, kind) -%}
    jsonb_typeof({{ json }}) not in ('{{ kind }}', 'null')
{%- endmacro %}
