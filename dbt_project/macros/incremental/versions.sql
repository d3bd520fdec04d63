{% macro select_changed_parts(paths) -%}
    {%- set parts = ref('int_fixture_parts') -%}
select
    fixture_id,
    {%- for key in get_part_keys(paths) %}
    {{ adapter.quote(key) }},
    {%- endfor %}
    {{ is_regular(paths) }} as is_regular,
    loaded_at
from {{ parts }}
where
    {% if is_incremental() -%}
    fixture_id in (
        select versions.fixture_id
        -- `.render()`, because --empty and --sample add an alias of their own to a plain reference.
        from {{ parts.render() }} as versions
        left join {{ get_versions_table(this) }} as built
            on versions.fixture_id = built.fixture_id
        where
            built.loaded_at is distinct from versions.loaded_at
            and (
                built.fixture_id is not null
                or {{ may_have_rows(paths, 'versions.') }}
            )
    )
    {%- else -%}
    {{ may_have_rows(paths) }}
    {%- endif %}
{%- endmacro %}

{#-
    In an incremental run, parts are read only when it is known which have changed: the planner
    would evaluate expressions on all of them. Otherwise nearly all are read, and a copy of them
    would not fit into memory.
-#}
{% macro materialized_changes() -%}
    {{ 'materialized' if is_incremental() else 'not materialized' }}
{%- endmacro %}

{% macro may_have_rows(paths, prefix='') -%}
    {%- set conditions = [prefix ~ 'non_empty_keys is null'] -%}
    {%- for path in paths -%}
        {%- do conditions.append("',' || " ~ prefix ~ "non_empty_keys || ',' like '%," ~ path ~ ",%'") -%}
    {%- endfor -%}
    {{ conditions | join(' or ') }}
{%- endmacro %}

{% macro select_changed_fixtures(relation, columns, excluded_when=none) -%}
select * from {{ relation }}
{%- if not is_incremental() and excluded_when %}
where not {{ excluded_when }}
{%- endif %}
{%- if is_incremental() %}
where
    {% if excluded_when -%}
    not {{ excluded_when }}
    and {% endif -%}
    not exists (
        select 1
        from {{ this }} as built
        where
            built.fixture_id = {{ relation }}.fixture_id
            and built.loaded_at = {{ relation }}.loaded_at
            {%- for column in columns %}
            and built.{{ column }} is not distinct from {{ relation }}.{{ column }}
            {%- endfor %}
    )
{%- if excluded_when %}

union all

select * from {{ relation }}
where
    {{ excluded_when }}
    and exists (
        select 1
        from {{ this }} as built
        where built.fixture_id = {{ relation }}.fixture_id
    )
{%- endif %}
{%- endif %}
{%- endmacro %}

{% macro select_child_versions(model) -%}
select
    fixture_id,
    loaded_at
from {{ get_versions_table(ref(model)) }}
{%- endmacro %}

{% macro get_versions_table(relation) -%}
    {{ return(adapter.dispatch('get_versions_table')(relation)) }}
{%- endmacro %}

{#- Read from the table itself: a commit of Delta writes one table, and a kill could come before the second. -#}
{% macro spark__get_versions_table(relation) -%}
    {{ return('(select distinct fixture_id, loaded_at from ' ~ relation ~ ')') }}
{%- endmacro %}

{% macro default__get_versions_table(relation) -%}
    {#- In a unit test, `this` is the name of the given rows, which have their versions themselves. -#}
    {{ return(relation if relation.identifier is not defined else api.Relation.create(
        database=relation.database,
        schema=generate_schema_name('staging', none),
        identifier=relation.identifier ~ '_versions',
        type='table'
    )) }}
{%- endmacro %}

{#- A full refresh rebuilds the table in the model's own transaction. A table that was dropped comes back. -#}
{% macro record_versions(before) -%}
    {{ return(adapter.dispatch('record_versions')(before)) }}
{%- endmacro %}

{% macro spark__record_versions(before) -%}
{%- endmacro %}

{% macro default__record_versions(before) -%}
    {%- if config.get('incremental_strategy') == 'replace_array' -%}
        {%- if before and not is_incremental() -%}
    drop table if exists {{ get_versions_table(this) }}
        {%- else -%}
    create table if not exists {{ get_versions_table(this) }} as
    {{ select_versions(this) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#-
    All rows of a fixture have the same version. Not `select distinct`: PostgreSQL expects few fixtures
    in a new table, and would group them in a hash table that does not fit into its memory. That did not
    end within 20 minutes for a million fixtures.
-#}
{% macro select_versions(relation) -%}
select distinct on (fixture_id)
    fixture_id,
    loaded_at
from {{ relation }}
{%- endmacro %}
