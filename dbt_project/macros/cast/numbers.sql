{#-
    The casts are as strict on DuckDB as on PostgreSQL: text that is not a value of the type becomes
    null. It never raises an error, and a number is never rounded to fit.
-#}

{% macro to_bigint(text) -%}
    case
        when {{ matches(text, '^-?(0|[1-9][0-9]{0,18})([.]0+)?$') }}
            then {{ whole_part_as_bigint(text) }}
    end
{%- endmacro %}

{% macro whole_part_as_bigint(text) -%}
    {{ return(adapter.dispatch('whole_part_as_bigint')(text)) }}
{%- endmacro %}

{% macro default__whole_part_as_bigint(text) -%}
    try_cast(split_part({{ text }}, '.', 1) as bigint)
{%- endmacro %}

{% macro postgres__whole_part_as_bigint(text) -%}
    case
        when
            cast({{ text }} as numeric)
            between -9223372036854775808 and 9223372036854775807
            then cast(split_part({{ text }}, '.', 1) as bigint)
    end
{%- endmacro %}

{% macro to_double(text) -%}
    case
        when
            {{ matches(text, '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?$') }}
            and length({{ text }}) < 1000
            then {{ number_as_double(text) }}
    end
{%- endmacro %}

{% macro number_as_double(text) -%}
    {{ return(adapter.dispatch('number_as_double')(text)) }}
{%- endmacro %}

{% macro duckdb__number_as_double(text) -%}
    case
        when isfinite(try_cast({{ text }} as double))
            -- Adding 0 turns minus zero, which PostgreSQL's jsonb cannot represent, into zero.
            then try_cast({{ text }} as double) + 0
    end
{%- endmacro %}

{#- PostgreSQL raises an error for a number outside the range of doubles. -#}
{% macro postgres__number_as_double(text) -%}
    case
        when abs(cast({{ text }} as numeric)) > 1.7976931348623158e308 then null
        when abs(cast({{ text }} as numeric)) < 2.5e-324 then 0
        else cast({{ text }} as double precision) + 0
    end
{%- endmacro %}

{% macro spark__number_as_double(text) -%}
    case
        when abs(try_cast({{ text }} as double)) < double('infinity')
            then try_cast({{ text }} as double) + 0
    end
{%- endmacro %}

{% macro number_or_boolean_to_double(text) -%}
    case {{ text }} when 'true' then 1 when 'false' then 0 else {{ to_double(text) }} end
{%- endmacro %}

{% macro percent_to_double(text) -%}
    {{ to_double("trim(trailing ' ' from regexp_replace(" ~ text ~ ", '%+$', ''))") }}
{%- endmacro %}

{% macro double_to_bigint(number) -%}
    case
        when
            {{ number }} = floor({{ number }})
            -- The largest double below 2^63.
            and abs({{ number }}) <= 9223372036854774784
            then cast({{ number }} as bigint)
    end
{%- endmacro %}

{% macro strip_zero_decimals(text) -%}
    regexp_replace({{ text }}, '[.]0+$', '')
{%- endmacro %}
