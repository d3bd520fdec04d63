{% macro payload_columns(document, except=['id']) -%}
    {%- for path in payload_fields(document) if path not in except %}
    {{ payload_column(document, path) }} as {{ path.split('.') | last }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro payload_column(document, path) -%}
    {%- set type = payload_fields(document)[path] -%}
    {%- if '.' in path and type == 'text' -%}
        {{ to_text("(" ~ path.split('.')[0] ~ " -> '" ~ path.split('.')[1] ~ "')") }}
    {%- elif type == 'text' -%}
        {{ path }}
    {%- else -%}
        {{ cast_text(payload_value(path), type) }}
    {%- endif -%}
{%- endmacro %}

{% macro payload_value(path, prefix='') -%}
    {%- if '.' in path -%}
        ({{ prefix ~ path.split('.')[0] }} ->> '{{ path.split('.')[1] }}')
    {%- else -%}
        {{ prefix ~ path }}
    {%- endif -%}
{%- endmacro %}

{% macro cast_text(text, type) -%}
    {%- if type == 'bigint' -%} {{ to_bigint(text) }}
    {%- elif type == 'double' -%} {{ to_double(text) }}
    {%- elif type == 'boolean' -%} {{ to_boolean(text) }}
    {%- elif type == 'epoch_seconds' -%} {{ epoch_to_timestamp(text) }}
    {%- elif type == 'timestamp_text' -%} {{ text_to_timestamp(text) }}
    {%- elif type == 'date' -%} {{ to_date(text) }}
    {%- endif -%}
{%- endmacro %}
