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
    select
        fixture_id as source_id,
        *
    from ({{ flatten(name ~ '_payloads', path, get_validation_keys(documents, path)) }}) as elements
    {% endif %}

),

{{ name }}_invalid_values as (

    {{ invalid_values(name, documents, path, columns) }}

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
