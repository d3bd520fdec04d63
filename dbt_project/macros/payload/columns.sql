{% macro payload_columns(except=[]) -%}
    {%- for field in get_model_fields() if field.column not in except %}
    {{ payload_column(field) }} as {{ field.column }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro payload_column(field, fits=false) -%}
    {%- set values = [] -%}
    {%- for path in field.paths -%}
        {%- set format = field.formats[loop.index0] -%}
        {%- do values.append(regular_value(path, format) if fits else cast_field(path, format)) -%}
    {%- endfor -%}
    {{ values[0] if values | length == 1 else 'coalesce(' ~ values | join(', ') ~ ')' }}
{%- endmacro %}

{% macro cast_field(path, format) -%}
    {%- if format == 'text' and '.' not in path -%}
        {{ adapter.quote(path) }}
    {%- elif format == 'text' -%}
        {{ to_text(field_json(path)) }}
    {%- elif format == 'json' -%}
        {{ json_column(field_json(path)) }}
    {%- else -%}
        {{ cast_text(field_text(path), format) }}
    {%- endif -%}
{%- endmacro %}

{% macro field_json(path, prefix='') -%}
    {%- set keys = path.split('.') -%}
    {%- set json = prefix ~ adapter.quote(keys[0]) -%}
    {{ json if keys | length == 1 else json_get(json, keys[1:] | join('.')) }}
{%- endmacro %}

{% macro field_text(path, prefix='') -%}
    {%- set keys = path.split('.') -%}
    {%- if keys | length == 1 -%}
        {{ prefix ~ adapter.quote(path) }}
    {%- else -%}
        {{ json_get_text(field_json(keys[:-1] | join('.'), prefix), keys[-1]) }}
    {%- endif -%}
{%- endmacro %}

{% macro cast_text(text, format) -%}
    {%- if format == 'bigint' -%} {{ to_bigint(text) }}
    {%- elif format == 'double' -%} {{ to_double(text) }}
    {%- elif format == 'number_or_boolean' -%} {{ number_or_boolean_to_double(text) }}
    {%- elif format == 'percent' -%} {{ percent_to_double(text) }}
    {%- elif format == 'boolean' -%} {{ to_boolean(text) }}
    {%- elif format == 'epoch_seconds' -%} {{ epoch_to_timestamp(text) }}
    {%- elif format == 'timestamp_text' -%} {{ text_to_timestamp(text) }}
    {%- elif format == 'date' -%} {{ to_date(text) }}
    {%- else -%} {{ exceptions.raise_compiler_error('`' ~ format ~ '` is no format of a payload field.') }}
    {%- endif -%}
{%- endmacro %}
