{#- Only when dbt runs does it know which models read which raw table. The tables are therefore read
    without `source()`, and the lineage does not show them. -#}
{%- set sources = graph.sources.values() | sort(attribute='name') if execute else [] -%}
{%- set parts = [] -%}
{%- for source in sources if source.name != 'fixtures' -%}
    {%- for path in get_documents(source.name) -%}
        {%- do parts.append([source.name, path, source.relation_name]) -%}
    {%- endfor -%}
{%- endfor -%}
with

{% for table, path, relation in parts %}
{%- set documents = get_documents(table) -%}
{%- set columns = {
    'source_table': "'" ~ table ~ "'",
    'source_id': 'source_id',
    'loaded_at': 'loaded_at',
} %}
{%- set name = [table, path] | unique | join('_') | replace('.', '_') %}
{{ name }}_payloads as (

    select
        id as source_id,
        id as fixture_id,
        payload,
        fetched_at as loaded_at
    from {{ relation }}
    where payload is not null

),

{{ name }} as (

    {% if documents[path].kind == 'root' %}
    {{ read_fields(
        name ~ '_payloads', get_validation_keys(documents, path), ['source_id', 'loaded_at']
    ) }}
    {% else %}
    {{ flatten(name ~ '_payloads', path, get_validation_keys(documents, path)) }}
    {% endif %}

),

{{ name }}_invalid_values as (

    {% if documents[path].kind == 'root' %}
    {{ invalid_values(name, documents, path, columns) }}
    {% else %}
    {% do columns.update({'source_id': 'fixture_id', 'array_index': 'array_index'}) %}
    select
        source_table,
        source_id,
        loaded_at,
        {{ element_path(documents, path) }} || path as path,
        value,
        reason
    from (
        {{ invalid_values(name, documents, path, columns) }}
    ) as elements
    where array_index is not null
    {% endif %}

),

{% endfor %}
final as (

    {% for table, path, relation in parts %}
    {{ 'union all' if not loop.first }}
    select
        source_table,
        source_id,
        loaded_at,
        path,
        value,
        reason
    from {{ [table, path] | unique | join('_') | replace('.', '_') }}_invalid_values

    {% endfor %}
)

select * from final
