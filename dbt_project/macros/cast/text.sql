{#- The engines write JSON that is not a string in different ways, so that it becomes null. -#}
{% macro to_text(json) -%}
    {{ return(adapter.dispatch('to_text')(json)) }}
{%- endmacro %}

{% macro duckdb__to_text(json) -%}
    case when json_type({{ json }}) = 'VARCHAR' then {{ json }} ->> '$' end
{%- endmacro %}

{% macro postgres__to_text(json) -%}
    case when jsonb_typeof({{ json }}) = 'string' then {{ json }} #>> '{}' end
{%- endmacro %}

{% macro spark__to_text(json) -%}
    case when schema_of_variant({{ json }}) = 'STRING' then cast({{ json }} as string) end
{%- endmacro %}

{% macro to_boolean(text) -%}
    case {{ text }} when 'true' then true when 'false' then false end
{%- endmacro %}

{% macro json_as_text(json) -%}
    {{ return(adapter.dispatch('json_as_text')(json)) }}
{%- endmacro %}

{% macro duckdb__json_as_text(json) -%}
    {{ json }} ->> '$'
{%- endmacro %}

{% macro postgres__json_as_text(json) -%}
    {{ json }} #>> '{}'
{%- endmacro %}

{% macro spark__json_as_text(json) -%}
    cast({{ json }} as string)
{%- endmacro %}

{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches(text, pattern) -%}
    ({{ text }}) ~ '{{ pattern }}'
{%- endmacro %}

{#- In Java's regular expressions `$` also matches before a line break at the end. -#}
{% macro spark__matches(text, pattern) -%}
    ({{ text }}) rlike '{{ pattern[:-1] ~ '\\\\z' if pattern.endswith('$') else pattern }}'
{%- endmacro %}
