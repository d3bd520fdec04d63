{#- A table on DuckDB, which parses a whole payload to read one key. PostgreSQL stores payloads parsed. -#}
{{
    config(
        materialized=get_parts_materialization(),
        incremental_strategy='replace_by_fixture',
        unique_key='fixture_id',
        on_schema_change='append_new_columns',
        pre_hook="{{ compress_texts('zstd') }}",
        post_hook="{{ compress_texts('auto') }}"
    )
}}

{%- set keys = get_part_keys(get_documents('fixtures') | reject('equalto', 'fixture')) -%}
{#- When a column is declared later, all payloads are read again. -#}
{%- set version = local_md5(tojson([keys, get_fixture_keys()])) %}
{#-
    No `with`: PostgreSQL computes the columns of a view that has one for all of its rows, also of the
    few that a model asks for, and DuckDB stores what is referred to twice.
-#}
select
    fixture_id,
    state_id,
    fixture,
    {%- for key in keys %}
    {{ adapter.quote(key) }},
    {%- endfor %}
    '{{ version }}' as parts_version,
    non_empty_keys,
    irregular_keys,
    declaration_hash,
    loaded_at
from (
    {{ read_parts(changed_payloads(ref('stg_sportmonks__fixtures'), version), keys) }}
) as parts
