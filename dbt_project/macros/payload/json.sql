{#- JSON is parsed text: JSON on DuckDB, jsonb on PostgreSQL, VARIANT on Spark, which stores it as text. -#}

{#- The value of a key; `path` may lead through several objects. -#}
{% macro json_get(json, path) -%}
    {{ return(adapter.dispatch('json_get')(json, path)) }}
{%- endmacro %}

{% macro default__json_get(json, path) -%}
    ({{ json }} -> '{{ path.split('.') | join("' -> '") }}')
{%- endmacro %}

{% macro spark__json_get(json, path) -%}
    variant_get({{ json }}, '$.{{ path }}', 'variant')
{%- endmacro %}

{% macro json_get_text(json, key) -%}
    {{ return(adapter.dispatch('json_get_text')(json, key)) }}
{%- endmacro %}

{% macro default__json_get_text(json, key) -%}
    ({{ json }} ->> '{{ key }}')
{%- endmacro %}

{% macro spark__json_get_text(json, key) -%}
    variant_get({{ json }}, '$.{{ key }}', 'string')
{%- endmacro %}

{% macro parse_json_text(text) -%}
    {{ return(adapter.dispatch('parse_json_text')(text)) }}
{%- endmacro %}

{% macro default__parse_json_text(text) -%}
    {{ text }}
{%- endmacro %}

{% macro spark__parse_json_text(text) -%}
    try_parse_json({{ text }})
{%- endmacro %}

{#- JSON as a column of a final table. -#}
{% macro json_column(json) -%}
    {{ return(adapter.dispatch('json_column')(json)) }}
{%- endmacro %}

{% macro default__json_column(json) -%}
    {{ json }}
{%- endmacro %}

{% macro spark__json_column(json) -%}
    to_json({{ json }})
{%- endmacro %}
