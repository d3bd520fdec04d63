{#- Finds the values in payloads that do not fit their column, for `quarantine`. -#}

{% macro get_child_keys(documents, path) -%}
    {%- set keys = [] -%}
    {%- for other in documents if other != 'fixture' -%}
        {%- set parts = other.split('.') -%}
        {%- if (path == 'fixture' and parts | length == 1) or (parts | length == 2 and parts[0] == path) -%}
            {%- do keys.append(parts[-1]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}

{% macro get_validation_keys(documents, path) -%}
    {%- set document = documents[path] -%}
    {%- set keys = get_keys(document.fields, with_id=document.kind != 'root') -%}
    {{ return({
        'fields': keys.fields,
        'texts': [],
        'objects': (keys.texts + keys.objects + get_child_keys(documents, path)) | unique | list
    }) }}
{%- endmacro %}

{% macro validation_rules(documents, path, prefix='') -%}
    {%- set document = documents[path] -%}
    {%- set reasons = {
        'bigint': 'is not an integer of 64 bits',
        'double': 'is not a number of 64 bits',
        'number_or_boolean': 'is neither a number of 64 bits nor true or false',
        'percent': 'is not a percentage such as 44%',
        'boolean': 'is neither true nor false',
        'epoch_seconds': 'is not a time in seconds since 1970',
        'timestamp_text': 'is not a time such as 2026-03-14 15:00:00',
        'date': 'is not a date such as 2026-03-14',
    } -%}
    {%- set rules = [] -%}
    {%- set parents = [] -%}
    {%- if document.kind != 'root' -%}
        {#- An element that is not an object has no id either. -#}
        {%- do rules.append({
            'path': 'id',
            'format': 'bigint',
            'condition': to_bigint(prefix ~ 'id') ~ ' is null',
            'value': prefix ~ 'id',
            'reason': 'is not an integer of 64 bits: the row is left out',
        }) -%}
    {%- endif -%}
    {%- for field, format in document.fields.items() if format != 'json' -%}
        {%- if '.' in field and field.split('.')[0] not in parents -%}
            {%- do parents.append(field.split('.')[0]) -%}
        {%- endif -%}
        {%- if format == 'text' -%}
            {%- do rules.append({
                'path': field,
                'format': format,
                'condition': is_other_json(field_json(field, prefix), 'string'),
                'value': json_as_text(field_json(field, prefix)),
                'reason': 'is not text',
            }) -%}
        {%- else -%}
            {%- set value = field_text(field, prefix) -%}
            {%- do rules.append({
                'path': field,
                'format': format,
                'condition': "(" ~ value ~ " is not null and " ~ cast_text(value, format) ~ " is null)",
                'value': value,
                'reason': reasons[format],
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in parents -%}
        {%- do rules.append(object_rule(key, prefix)) -%}
    {%- endfor -%}
    {%- for key in get_child_keys(documents, path) if key not in parents -%}
        {%- set child = documents[key if path == 'fixture' else path ~ '.' ~ key] -%}
        {%- set value = prefix ~ adapter.quote(key) -%}
        {%- do rules.append(object_rule(key, prefix) if child.kind == 'object' else {
            'path': key,
            'format': 'list',
            'condition': "(" ~ value ~ " is not null and " ~ json_list(value) ~ " is null)",
            'value': json_as_text(value),
            'reason': 'is not a list',
        }) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{% macro object_rule(key, prefix) -%}
    {%- set value = prefix ~ adapter.quote(key) -%}
    {{ return({
        'path': key,
        'format': 'object',
        'condition': is_other_json(value, 'object'),
        'value': json_as_text(value),
        'reason': 'is not an object',
    }) }}
{%- endmacro %}

{% macro invalid_values(relation, documents, path, columns) -%}
    {%- set is_element = documents[path].kind != 'root' -%}
    {%- set sources = dict(columns) -%}
    {%- if is_element -%} {%- do sources.update({'array_index': 'array_index'}) -%} {%- endif -%}
    {%- set rows = [] -%}
    {%- for rule in validation_rules(documents, path) -%}
        {%- do rows.append([
            rule.condition, "'" ~ rule.path ~ "'", rule.value, "'" ~ rule.reason ~ "'"
        ]) -%}
    {%- endfor -%}
select
    {{ columns.keys() | join(', ') }},
    {{ element_path(documents, path) ~ ' || ' if is_element }}path as path,
    value,
    reason
from (
    {{ unpivot(relation, sources, ['is_invalid', 'path', 'value', 'reason'], rows) }}
) as unpivoted_{{ relation }}
where is_invalid{{ ' and array_index is not null' if is_element }}
{%- endmacro %}

{% macro element_path(documents, path) -%}
    {%- set parts = path.split('.') -%}
    {%- set kinds = [documents.get(parts[0], {}).get('kind', 'array'), documents[path].kind] -%}
    {%- set places = [
        'floor(array_index / 1000000) - 1' if parts | length == 2 else 'array_index - 1',
        'array_index % 1000000 - 1',
    ] -%}
    {%- set texts = [] -%}
    {%- for part in parts -%}
        {%- if kinds[loop.index0 if parts | length == 2 else 1] == 'object' -%}
            {%- do texts.append("'" ~ part ~ ".'") -%}
        {%- else -%}
            {%- do texts.append(
                "'" ~ part ~ "[' || cast(cast(" ~ places[loop.index0] ~ " as bigint) as text) || '].'"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ texts | join(' || ') }}
{%- endmacro %}

{% macro payloads_to_validate(relation, documents) -%}
    {{ return(adapter.dispatch('payloads_to_validate')(relation, documents)) }}
{%- endmacro %}

{% macro duckdb__payloads_to_validate(relation, documents) -%}
select
    fixture_id,
    payload,
    loaded_at
from (
    select
        *,
        from_json(payload, '{{ json_shape(get_validation_keys(documents, 'fixture')) }}') as fixture
    from {{ relation }}
) as parsed_payloads
where
    {{ may_be_invalid(documents, 'fixture', 'fixture.', except=get_child_keys(documents, 'fixture')) }}
    {%- for key in get_child_keys(documents, 'fixture') %}
    or {{ elements_may_be_invalid(documents, key, 'fixture.') }}
    {%- endfor %}
{%- endmacro %}

{% macro postgres__payloads_to_validate(relation, documents) -%}
select
    fixture_id,
    payload,
    loaded_at
from {{ relation }}
cross join lateral jsonb_to_record(payload) as fixture (
    {{ json_columns(get_validation_keys(documents, 'fixture')) }}
)
where
    {{ may_be_invalid(documents, 'fixture', 'fixture.') }}
    {%- for key in get_child_keys(documents, 'fixture') %}
    or {{ elements_may_be_invalid(documents, key, 'fixture.') }}
    {%- endfor %}
{%- endmacro %}

{#- The payloads are few, unless a column was declared. -#}
{% macro spark__payloads_to_validate(relation, documents) -%}
select
    fixture_id,
    payload,
    loaded_at
from {{ relation }}
{%- endmacro %}

{% macro elements_may_be_invalid(documents, path, prefix) -%}
    {%- set value = prefix ~ adapter.quote(path.split('.')[-1]) -%}
    {%- set element = 'element' if '.' not in path else 'nested_element' -%}
    {{ return(adapter.dispatch('elements_may_be_invalid')(documents, path, value, element)) }}
{%- endmacro %}

{#- from_json returns null for a value of another kind. -#}
{% macro duckdb__elements_may_be_invalid(documents, path, value, element) -%}
    {%- set shape = json_shape(get_validation_keys(documents, path)) -%}
    {%- set condition -%}
        lambda {{ element }}: {{ object_may_be_invalid(documents, path, element ~ '.', except=get_child_keys(documents, path)) }}
    {%- endset -%}
    {%- if documents[path].kind == 'object' -%}
    ({{ is_other_json(value, 'object') }} or (
        json_type({{ value }}) = 'OBJECT'
        and len(list_filter([from_json({{ value }}, '{{ shape }}')], {{ condition }})) > 0
    ))
    {%- else -%}
    (
        json_type({{ value }}) <> 'NULL'
        and coalesce(len(list_filter(from_json({{ value }}, '[{{ shape }}]'), {{ condition }})) > 0, true)
    )
    {%- endif -%}
{%- endmacro %}

{% macro postgres__elements_may_be_invalid(documents, path, value, element) -%}
    exists (
        select 1
        from jsonb_array_elements(
            {{ json_elements(value, documents[path].kind) }}
        ) as {{ element }}s (document)
        left join lateral jsonb_to_record(
            case when jsonb_typeof({{ element }}s.document) = 'object' then {{ element }}s.document end
        ) as {{ element }} (
            {{ json_columns(get_validation_keys(documents, path)) }}
        ) on true
        where {{ object_may_be_invalid(documents, path, element ~ '.') }}
    )
{%- endmacro %}

{#- `spark__payloads_to_validate` rules nothing out. -#}
{% macro spark__elements_may_be_invalid(documents, path, value, element) -%}
    true
{%- endmacro %}

{% macro object_may_be_invalid(documents, path, prefix, except=[]) -%}
    {{ may_be_invalid(documents, path, prefix, except) }}
    {%- for key in get_child_keys(documents, path) %}
    or {{ elements_may_be_invalid(documents, path ~ '.' ~ key, prefix) }}
    {%- endfor %}
{%- endmacro %}

{#-
    Nearly all numbers are short, so that one regular expression over all numbers of an object
    together clears most objects.
-#}
{% macro may_be_invalid(documents, path, prefix, except=[]) -%}
    {%- set usual_patterns = {
        'bigint': '(0|[1-9][0-9]{0,14})',
        'double': '-?(0|[1-9][0-9]{0,14})([.][0-9]{1,20})?',
        'number_or_boolean': '(true|false|-?(0|[1-9][0-9]{0,14})([.][0-9]{1,20})?)',
        'epoch_seconds': '(0|[1-9][0-9]{0,10})',
        'boolean': '(true|false)',
    } -%}
    {%- set values = {} -%}
    {%- set conditions = [prefix ~ 'id is null'] if documents[path].kind != 'root' else [] -%}
    {%- for rule in validation_rules(documents, path, prefix) if rule.path not in except -%}
        {%- if rule.format in usual_patterns -%}
            {%- do values.setdefault(usual_patterns[rule.format], []).append(rule.value) -%}
        {%- else -%}
            {%- do conditions.append(rule.condition) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for pattern, texts in values.items() -%}
        {%- do conditions.append('not ' ~ all_match(texts, pattern)) -%}
    {%- endfor -%}
    {{ conditions | join(' or ') or 'false' }}
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

{% macro spark__is_other_json(json, kind) -%}
    {%- set type = {'string': 'STRING', 'object': 'OBJECT<%', 'array': 'ARRAY<%'}[kind] -%}
    (schema_of_variant({{ json }}) <> 'VOID' and schema_of_variant({{ json }}) not like '{{ type }}')
{%- endmacro %}
