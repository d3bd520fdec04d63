{% macro epoch_to_timestamp(text) -%}
    case
        when {{ to_bigint(text) }} between -62135596800 and 253402300799
            then to_timestamp({{ to_bigint(text) }})
    end
{%- endmacro %}

{% macro to_date(text) -%}
    case
        when {{ matches(text, '^' ~ date_pattern() ~ '$') }} and {{ is_day_of_month(text) }}
            then cast({{ text }} as date)
    end
{%- endmacro %}

{#- An offset on the first or the last day of the years 1 to 9999 could lead out of those years. -#}
{% macro text_to_timestamp(text) -%}
    case
        when
            {{ matches(
                text,
                '^' ~ date_pattern() ~ '[ T]([01][0-9]|2[0-3])(:[0-5][0-9]){2}'
                ~ '(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$'
            ) }}
            and {{ is_day_of_month(text) }}
            and (length({{ text }}) < 25 or substr({{ text }}, 1, 10) not in ('0001-01-01', '9999-12-31'))
            then {{ as_utc("cast(substr(" ~ text ~ ", 1, 19) as timestamp) - " ~ utc_offset(text)) }}
    end
{%- endmacro %}

{% macro as_utc(timestamp) -%}
    {{ return(adapter.dispatch('as_utc')(timestamp)) }}
{%- endmacro %}

{% macro default__as_utc(timestamp) -%}
    timezone('UTC', {{ timestamp }})
{%- endmacro %}

{#- The time zone of the session is UTC (profiles.yml). -#}
{% macro spark__as_utc(timestamp) -%}
    {{ timestamp }}
{%- endmacro %}

{% macro utc_offset(text) -%}
    case
        when length({{ text }}) = 25
            then
                case when substr({{ text }}, 20, 1) = '-' then -1 else 1 end
                * (cast(substr({{ text }}, 21, 2) as integer) * 60 + cast(substr({{ text }}, 24, 2) as integer))
        else 0
    end * interval '1 minute'
{%- endmacro %}

{% macro date_pattern() -%}
    (000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])
{%- endmacro %}

{#- Both engines raise an error for a day that its month does not have. -#}
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

{% macro timestamp_to_text(timestamp) -%}
    {{ return(adapter.dispatch('timestamp_to_text')(timestamp)) }}
{%- endmacro %}

{% macro duckdb__timestamp_to_text(timestamp) -%}
    strftime({{ timestamp }} at time zone 'UTC', '%Y-%m-%d %H:%M:%S')
{%- endmacro %}

{% macro postgres__timestamp_to_text(timestamp) -%}
    to_char({{ timestamp }} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
{%- endmacro %}

{% macro spark__timestamp_to_text(timestamp) -%}
    date_format({{ timestamp }}, 'yyyy-MM-dd HH:mm:ss')
{%- endmacro %}

{% macro seconds_between(start, end) -%}
    {{ return(adapter.dispatch('seconds_between')(start, end)) }}
{%- endmacro %}

{% macro default__seconds_between(start, end) -%}
    cast(extract(epoch from {{ end }} - {{ start }}) as double precision)
{%- endmacro %}

{% macro spark__seconds_between(start, end) -%}
    cast(unix_micros({{ end }}) - unix_micros({{ start }}) as double) / 1000000
{%- endmacro %}

{#- The relation has one row. -#}
{% macro days_between(relation, first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(relation, first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(relation, first_day, last_day) -%}
    generate_series(
        (select {{ relation }}.{{ first_day }} from {{ relation }}),
        (select {{ relation }}.{{ last_day }} from {{ relation }}),
        interval '1 day'
    )
{%- endmacro %}

{% macro spark__days_between(relation, first_day, last_day) -%}
    (select explode(sequence({{ first_day }}, {{ last_day }}, interval '1 day')) from {{ relation }})
{%- endmacro %}
