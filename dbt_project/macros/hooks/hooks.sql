{% macro begin_run() -%}
    {#- Outside the condition: dbt parses the project once for all commands, and the first may be `dbt test`. -#}
    {%- set checked = ref('fixture_quality') -%}
    {{ return(adapter.dispatch('begin_run')(checked)) }}
{%- endmacro %}

{#- The raw tables lie in the lake as Delta tables, and become known to Spark here. -#}
{% macro spark__begin_run(checked) -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() | unique(attribute='schema') -%}
            {%- do run_query('create schema if not exists ' ~ source.schema) -%}
        {%- endfor -%}
        {%- for source in graph.sources.values() -%}
            {%- do run_query(
                'create table if not exists ' ~ source.relation_name ~ " using delta location '"
                ~ env_var('LAKE_URL') ~ '/' ~ source.schema ~ '/' ~ source.name ~ "'"
            ) -%}
        {%- endfor -%}
        {%- if flags.WHICH != 'test' -%}
            {%- do run_query(
                'create or replace table ' ~ get_unchecked_fixtures() ~ ' using delta as '
                ~ select_unchecked(checked)
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__begin_run(checked) -%}
    {%- if flags.WHICH != 'test' -%}
    {{ share_write_lock() }};

    {{ clear_build_marker() }};

    {{ mark_unchecked(checked) }}
    {%- endif -%}
{%- endmacro %}

{% macro clear_build_marker() -%}
    drop table if exists {{ generate_schema_name('staging', none) }}.last_transform
{%- endmacro %}

{% macro refresh_statistics() -%}
    {{ return(adapter.dispatch('refresh_statistics')()) }}
{%- endmacro %}

{#- DuckDB and Delta keep their statistics up to date by themselves. -#}
{% macro default__refresh_statistics() -%}
{%- endmacro %}

{% macro postgres__refresh_statistics() -%}
    do $$
    begin
        if (
            select pg_relation_size(oid) > 1.1 * relpages * current_setting('block_size')::int
            from pg_class
            where oid = '{{ this }}'::regclass
        ) then
            analyze {{ this }};
        end if;
    end
    $$
{%- endmacro %}

{#-
    dbt builds a table beside the old one, and while both exist their indexes need different names.
    It therefore names indexes by a hash, and a primary key after the temporary table.
-#}
{% macro name_indexes() -%}
    {{ return(adapter.dispatch('name_indexes')()) }}
{%- endmacro %}

{% macro default__name_indexes() -%}
{%- endmacro %}

{% macro postgres__name_indexes() -%}
    {{ share_write_lock() }};

    do $$
    declare
        entry record;
    begin
        for entry in
            select
                indexes.relname as name,
                left(
                    '{{ this.identifier }}_'
                    || case
                        when indisprimary then 'pkey'
                        else string_agg(attname, '_' order by key_position) || '_idx'
                    end,
                    63
                ) as proper_name
            from pg_index
            inner join pg_class as indexes on indexes.oid = indexrelid
            cross join unnest(indkey::int2[]) with ordinality as keys (number, key_position)
            inner join pg_attribute on attrelid = indrelid and attnum = keys.number
            where indrelid = '{{ this }}'::regclass
            group by indexes.relname, indisprimary
        loop
            if entry.name <> entry.proper_name then
                execute format(
                    'alter index %I.%I rename to %I',
                    '{{ this.schema }}', entry.name, entry.proper_name
                );
            end if;
        end loop;
    end
    $$
{%- endmacro %}

{#- The automatic choice of DuckDB tries all methods on long texts, and takes longer than zstd itself. -#}
{% macro compress_texts(method) -%}
    {%- if target.type == 'duckdb' -%}
    set force_compression = '{{ method }}'
    {%- endif -%}
{%- endmacro %}
