{#-
    Text to a column's type, as strictly on DuckDB as on PostgreSQL: text that is no value of the
    type gives null, never an error, never a rounded number.
-#}

{#- A whole number of 64 bits. -#}
{% macro to_bigint(text) -%}
    {{ return(adapter.dispatch('to_bigint')(text)) }}
{%- endmacro %}

{#- try_cast alone would round '1.5' and read '1_000'. -#}
{% macro duckdb__to_bigint(text) -%}
    case
        when cast(try_cast({{ text }} as bigint) as varchar) = {{ text }}
            then try_cast({{ text }} as bigint)
    end
{%- endmacro %}

{% macro postgres__to_bigint(text) -%}
    case
        when
            {{ text }} ~ '^(0|-?[1-9][0-9]{0,18})$'
            and cast({{ text }} as numeric)
            between -9223372036854775808 and 9223372036854775807
            then cast({{ text }} as bigint)
    end
{%- endmacro %}

{#- A number with 64 bits of floating point. -#}
{% macro to_double(text) -%}
    case
        when {{ matches(text, '^-?[0-9]{1,300}([.][0-9]+)?([eE][-+]?[0-9]{1,2})?$') }}
            then cast({{ text }} as double precision)
    end
{%- endmacro %}

{% macro to_boolean(text) -%}
    case {{ text }} when 'true' then true when 'false' then false end
{%- endmacro %}

{#- Seconds since 1970 to a timestamp with time zone; up to the year 9999. -#}
{% macro to_timestamp_utc(text) -%}
    case
        when {{ to_bigint(text) }} between 0 and 253402300799
            then to_timestamp({{ to_bigint(text) }})
    end
{%- endmacro %}

{#- Whether text matches a regular expression. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches(text, pattern) -%}
    {{ text }} ~ '{{ pattern }}'
{%- endmacro %}

{#- 'YYYY-MM-DD' to a date. -#}
{% macro to_date(text) -%}
    {{ return(adapter.dispatch('to_date')(text)) }}
{%- endmacro %}

{% macro duckdb__to_date(text) -%}
    cast(try_strptime({{ text }}, '%Y-%m-%d') as date)
{%- endmacro %}

{% macro postgres__to_date(text) -%}
    case
        when {{ text }} ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
            then to_date({{ text }}, 'YYYY-MM-DD')
    end
{%- endmacro %}

{#- 'YYYY-MM-DD HH:MM:SS' in UTC, as the API writes times, to a timestamp with time zone. -#}
{% macro to_utc(text) -%}
    {{ return(adapter.dispatch('to_utc')(text)) }}
{%- endmacro %}

{% macro duckdb__to_utc(text) -%}
    timezone('UTC', try_strptime({{ text }}, '%Y-%m-%d %H:%M:%S'))
{%- endmacro %}

{% macro postgres__to_utc(text) -%}
    case
        when
            {{ text }} ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]) ([01][0-9]|2[0-3])(:[0-5][0-9]){2}$'
            then timezone('UTC', cast({{ text }} as timestamp))
    end
{%- endmacro %}
