{%- set tables = ['leagues', 'seasons', 'states', 'types'] -%}
with

{% for table in tables %}
{{ table }}_source as (

    select * from {{ source('sportmonks_raw', table) }}
    where payload is not null

),

{{ table }} as (

    {{ read_fields(table ~ '_source', table, ['id as source_id', 'fetched_at'], judged_keys(table)) }}

),

{% endfor %}
found as (

    {% for table in tables %}
    {{ 'union all' if not loop.first }}
    select
        '{{ table }}' as source_table,
        source_id,
        misfits.path,
        misfits.value,
        misfits.reason,
        fetched_at as loaded_at
    from {{ table }}
    cross join lateral (
        values
        {{ misfit_values(misfits(table)) }}
    ) as misfits (is_misfit, path, value, reason)
    where misfits.is_misfit

    {% endfor %}
)

select * from found
