{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key=['fixture_id', 'path'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['fixture_id', 'loaded_at']}
        ]
    )
}}

{#- The rules are part of the version: when a model or a column is added, all payloads are validated. -#}
{%- set fixtures = ref('stg_sportmonks__fixtures') -%}
{%- set documents = get_documents('fixtures') -%}
{%- set rules = local_md5(tojson(documents)) -%}
{%- set paths = documents | reject('equalto', 'fixture') | list -%}
{#- The statement for all documents is long. Planning it takes longer than a small update. -#}
{%- set reads_payloads = may_have_invalid_values() -%}
{%- set changed_payloads %}
select
    fixture_id,
    case when not {{ has_only_fitting_values() }} then payload end as payload,
    {{ has_only_fitting_values() }} as is_regular,
    loaded_at
from {{ fixtures }}
{% if is_incremental() %}
where
    fixture_id in (
        select versions.fixture_id
        -- `.render()`, because --empty and --sample add an alias of their own to a plain reference.
        from {{ fixtures.render() }} as versions
        left join {{ this }} as built on versions.fixture_id = built.fixture_id
        where
            (built.path = '' and built.value is distinct from '{{ rules }}')
            or coalesce(built.loaded_at <> versions.loaded_at, true)
    )
{% endif %}
{% endset -%}
with

changed_payloads as {{ materialized_changes() }} (

    {{ store_part('payloads', changed_payloads) if reads_payloads else changed_payloads }}

),

{% if reads_payloads %}
irregular_payloads as not materialized (

    select * from changed_payloads
    where not is_regular

),

payloads_to_validate as materialized (

    {{ payloads_to_validate('irregular_payloads', documents) }}

),

fixture as (

    {{ read_fields(
        'payloads_to_validate',
        get_validation_keys(documents, 'fixture'),
        ['fixture_id', 'loaded_at']
    ) }}

),

fixture_invalid_values as (

    {{ invalid_values(
        'fixture', documents, 'fixture', {'fixture_id': 'fixture_id', 'loaded_at': 'loaded_at'}
    ) }}

),

{% for path in paths %}
{#- A path alone may be a keyword, such as `group`. -#}
{%- set name = (path | replace('.', '__')) ~ '_elements' %}
all_{{ name }} as (

    {{ flatten(
        'payloads_to_validate',
        path,
        get_validation_keys(documents, path),
        documents[path].kind
    ) }}

),

{{ name }} as (

    select
        *,
        {{ to_bigint('id') }} as row_id
    from all_{{ name }}
    where array_index is not null

),

{{ name }}_invalid_values as (

    {{ invalid_values(name, documents, path, {
        'fixture_id': 'fixture_id',
        'loaded_at': 'loaded_at',
        'row_id': 'row_id',
    }) }}

),

{% endfor %}
{% endif %}
final as (

    -- One marker row per fixture, which records the version that was validated.
    select
        fixture_id,
        '' as path,
        cast(null as bigint) as row_id,
        '{{ rules }}' as value,
        cast(null as text) as reason,
        loaded_at
    from changed_payloads
    {% if not reads_payloads -%}
    -- A payload that arrived after the check above is validated by the next run.
    where is_regular
    {%- endif %}

    {% if reads_payloads %}
    union all

    select
        fixture_id,
        path,
        null as row_id,
        value,
        reason,
        loaded_at
    from fixture_invalid_values

    {% for path in paths %}
    union all

    select
        fixture_id,
        path,
        row_id,
        value,
        reason,
        loaded_at
    from {{ path | replace('.', '__') }}_elements_invalid_values

    {% endfor %}
    {% endif %}
)

select * from final
