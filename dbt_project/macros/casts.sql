{#-
    Text to a column's type, as strictly on DuckDB as on PostgreSQL: text that is no value of the
    type gives null, never an error, never a rounded number.
-#}

{#- A whole number of 64 bits; 45.0 is one too. -#}
{% macro to_bigint(text) -%}
    case
        when {{ matches(text, '^-?(0|[1-9][0-9]{0,18})([.]0+)?$') }}
            then {{ whole_part_as_bigint(text) }}
    end
{%- endmacro %}

{#- The digits before the point, null if 64 bits cannot hold them. -#}
{% macro whole_part_as_bigint(text) -%}
    {{ return(adapter.dispatch('whole_part_as_bigint')(text)) }}
{%- endmacro %}

{% macro duckdb__whole_part_as_bigint(text) -%}
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

{#- A number with 64 bits of floating point. -#}
{% macro to_double(text) -%}
    case
        when
            {{ matches(text, '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?$') }}
            and length({{ text }}) < 1000
            then {{ number_as_double(text) }}
    end
{%- endmacro %}

{#- A number, null if it is too large for a double, 0 if it is too small. -#}
{% macro number_as_double(text) -%}
    {{ return(adapter.dispatch('number_as_double')(text)) }}
{%- endmacro %}

{% macro duckdb__number_as_double(text) -%}
    case
        when isfinite(try_cast({{ text }} as double))
            -- Minus zero, which PostgreSQL's JSON does not know, becomes zero.
            then try_cast({{ text }} as double) + 0
    end
{%- endmacro %}

{#- PostgreSQL raises an error where the smallest and the largest double end. -#}
{% macro postgres__number_as_double(text) -%}
    case
        when abs(cast({{ text }} as numeric)) > 1.7976931348623158e308 then null
        when abs(cast({{ text }} as numeric)) < 2.5e-324 then 0
        else cast({{ text }} as double precision) + 0
    end
{%- endmacro %}

{#- A JSON string to text; null for JSON that is no string, which the engines write differently. -#}
{% macro to_text(json) -%}
    {{ return(adapter.dispatch('to_text')(json)) }}
{%- endmacro %}

{% macro duckdb__to_text(json) -%}
    case when json_type({{ json }}) = 'VARCHAR' then {{ json }} ->> '$' end
{%- endmacro %}

{% macro postgres__to_text(json) -%}
    case when jsonb_typeof({{ json }}) = 'string' then {{ json }} #>> '{}' end
{%- endmacro %}

{% macro to_boolean(text) -%}
    case {{ text }} when 'true' then true when 'false' then false end
{%- endmacro %}

{#- Seconds since 1970, negative before, to a timestamp with time zone; years 1 to 9999. -#}
{% macro to_timestamp_utc(text) -%}
    case
        when {{ to_bigint(text) }} between -62135596800 and 253402300799
            then to_timestamp({{ to_bigint(text) }})
    end
{%- endmacro %}

{#- 'YYYY-MM-DD' to a date. -#}
{% macro to_date(text) -%}
    case
        when {{ matches(text, '^' ~ date_pattern() ~ '$') }} and {{ is_day_of_month(text) }}
            then cast({{ text }} as date)
    end
{%- endmacro %}

{#-
    'YYYY-MM-DD HH:MM:SS', as the API writes times, to a timestamp with time zone. The time is in UTC
    where it has no offset, such as +07:00 or Z; instead of the blank there may be a T. The first and
    the last day that a year of four digits has take no offset, which could lead out of those years.
-#}
{% macro to_utc(text) -%}
    case
        when
            {{ matches(
                text,
                '^' ~ date_pattern() ~ '[ T]([01][0-9]|2[0-3])(:[0-5][0-9]){2}'
                ~ '(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$'
            ) }}
            and {{ is_day_of_month(text) }}
            and (length({{ text }}) < 25 or substr({{ text }}, 1, 10) not in ('0001-01-01', '9999-12-31'))
            then timezone('UTC', cast(substr({{ text }}, 1, 19) as timestamp) - {{ utc_offset(text) }})
    end
{%- endmacro %}

{#- The offset from UTC at the end of a time that `to_utc` reads, as an interval. -#}
{% macro utc_offset(text) -%}
    case
        when length({{ text }}) = 25
            then
                case when substr({{ text }}, 20, 1) = '-' then -1 else 1 end
                * (cast(substr({{ text }}, 21, 2) as integer) * 60 + cast(substr({{ text }}, 24, 2) as integer))
        else 0
    end * interval '1 minute'
{%- endmacro %}

{#- A number's text without decimals that are all zero: 5.0 says what 5 says. -#}
{% macro without_zeros(text) -%}
    regexp_replace({{ text }}, '[.]0+$', '')
{%- endmacro %}

{#- Whether text matches a regular expression. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches(text, pattern) -%}
    ({{ text }}) ~ '{{ pattern }}'
{%- endmacro %}

{% macro date_pattern() -%}
    (000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])
{%- endmacro %}

{#- Whether the day of a text that begins with YYYY-MM-DD exists in its month. Both engines raise an
    error where it does not. -#}
{% macro is_day_of_month(text) -%}
    cast(substr({{ text }}, 9, 2) as integer) <= case substr({{ text }}, 6, 2)
        when '02' then
            case
                when
                    cast(substr({{ text }}, 1, 4) as integer) % 4 = 0
                    and (
                        cast(substr({{ text }}, 1, 4) as integer) % 100 <> 0
                        or cast(substr({{ text }}, 1, 4) as integer) % 400 = 0
                    )
                    then 29
                else 28
            end
        when '04' then 30 when '06' then 30 when '09' then 30 when '11' then 30
        else 31
    end
{%- endmacro %}

{#- A timestamp as text in UTC, as the API writes times. -#}
{% macro utc_text(timestamp) -%}
    {{ return(adapter.dispatch('utc_text')(timestamp)) }}
{%- endmacro %}

{% macro duckdb__utc_text(timestamp) -%}
    strftime({{ timestamp }} at time zone 'UTC', '%Y-%m-%d %H:%M:%S')
{%- endmacro %}

{% macro postgres__utc_text(timestamp) -%}
    to_char({{ timestamp }} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
{%- endmacro %}
