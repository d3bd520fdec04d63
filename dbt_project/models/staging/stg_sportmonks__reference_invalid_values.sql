{%- set tables = ['leagues', 'seasons', 'states', 'types'] -%}
with

{% for table in tables %}
{{ table }}_source as (

    select * from {{ source('sportmonks_raw', table) }}
    where payload is not null

),

{{ table }} as (

    {{ read_fields(
        table ~ '_source', table, ['id as source_id', 'fetched_at'], validation_keys(table)
    ) }}

),

{% endfor %}
final as (

    {% for table in tables %}
    {{ 'union all' if not loop.first }}
    {{ invalid_values(table, table, {
        'source_table': "'" ~ table ~ "'",
        'source_id': 'source_id',
        'loaded_at': 'fetched_at',
    }) }}

    {% endfor %}
)

select * from final
