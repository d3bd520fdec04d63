{% macro latest(value, columns, with_nulls=false) -%}
    {{ return(adapter.dispatch('latest')(value, columns, '' if with_nulls else 'filter (where ' ~ value ~ ' is not null)')) }}
{%- endmacro %}

{% macro default__latest(value, columns, filter) -%}
    (array_agg({{ value }} order by {{ columns | join(' desc nulls last, ') }} desc nulls last) {{ filter }})[1]
{%- endmacro %}

{% macro spark__latest(value, columns, filter) -%}
    max_by({{ value }}, struct({{ columns | join(', ') }})) {{ filter }}
{%- endmacro %}

{% macro join_texts(text, order_by) -%}
    {{ return(adapter.dispatch('join_texts')(text, order_by)) }}
{%- endmacro %}

{% macro default__join_texts(text, order_by) -%}
    string_agg({{ text }}, '' order by {{ order_by }})
{%- endmacro %}

{% macro spark__join_texts(text, order_by) -%}
    listagg({{ text }}, '') within group (order by {{ order_by }})
{%- endmacro %}

{% macro join_texts_over(text, window) -%}
    {{ return(adapter.dispatch('join_texts_over')(text, window)) }}
{%- endmacro %}

{% macro default__join_texts_over(text, window) -%}
    string_agg({{ text }}, '') over {{ window }}
{%- endmacro %}

{% macro spark__join_texts_over(text, window) -%}
    nullif(array_join(collect_list({{ text }}) over {{ window }}, ''), '')
{%- endmacro %}

{#- One of the times: the middle one, or the earlier of two. -#}
{% macro median_time(time) -%}
    {{ return(adapter.dispatch('median_time')(time)) }}
{%- endmacro %}

{% macro default__median_time(time) -%}
    percentile_disc(0.5) within group (order by {{ time }})
{%- endmacro %}

{% macro spark__median_time(time) -%}
    timestamp_micros(cast(percentile_disc(0.5) within group (order by unix_micros({{ time }})) as bigint))
{%- endmacro %}
