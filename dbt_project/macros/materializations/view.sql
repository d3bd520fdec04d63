{#-
    The default materialization builds every view in every run. This one builds a view only if it is
    missing or its definition has changed: the comment on the view ends with a hash of its
    definition. Rebuilding 20 views takes half a second, and on PostgreSQL it drops the views that
    analysts have created on top of them.
-#}
{%- materialization view, default -%}
    {{ return(keep_unchanged_view() or dbt.materialization_view_default()) }}
{%- endmaterialization -%}

{%- materialization view, adapter='spark' -%}
    {{ return(keep_unchanged_view() or create_spark_view(this.incorporate(type='view'))) }}
{%- endmaterialization -%}

{#- Without an unchanged view, it returns nothing, and adds the hash to the description. -#}
{% macro keep_unchanged_view() -%}
    {%- set column_descriptions = model.columns.values() | map(attribute='description') | list -%}
    {%- set definition = [sql, model.description, column_descriptions, config.get('grants')] -%}
    {%- set mark = '[' ~ local_md5(definition | string)[:12] ~ ']' -%}
    {%- if not should_full_refresh() and get_view_comment(this).endswith(mark) -%}
        {%- call noop_statement('main', 'UNCHANGED') -%} {%- endcall -%}
        {{ return({'relations': [this.incorporate(type='view')]}) }}
    {%- endif -%}
    {%- do model.update({'description': model.description ~ ' ' ~ mark}) -%}
    {{ return(none) }}
{%- endmacro %}

{% macro get_view_comment(relation) -%}
    {{ return(adapter.dispatch('get_view_comment')(relation)) }}
{%- endmacro %}

{% macro default__get_view_comment(relation) -%}
    {%- set result = run_query(select_view_comment(relation)) -%}
    {{ return(result.columns[0].values() | select | join) }}
{%- endmacro %}

{% macro spark__get_view_comment(relation) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {%- if existing and existing.is_view -%}
        {%- for row in run_query('describe table extended ' ~ relation).rows if row[0] == 'Comment' -%}
            {{ return(row[1]) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{% macro select_view_comment(relation) -%}
    {{ return(adapter.dispatch('select_view_comment')(relation)) }}
{%- endmacro %}

{% macro default__select_view_comment(relation) -%}
    {{ exceptions.raise_compiler_error('No query is known that returns the comment on a view of ' ~ target.type ~ '.') }}
{%- endmacro %}

{% macro duckdb__select_view_comment(relation) -%}
    select comment
    from duckdb_views()
    where
        database_name = '{{ relation.database }}'
        and schema_name = '{{ relation.schema }}'
        and view_name = '{{ relation.identifier }}'
{%- endmacro %}

{% macro postgres__select_view_comment(relation) -%}
    select obj_description(to_regclass('{{ relation }}'), 'pg_class')
{%- endmacro %}

{#-
    DuckDB stores a view's text without the name of the database. In a file that is named like the
    schema, `sportmonks.fixtures` would then be ambiguous. DuckDB resolves a name without a schema in
    the view's own schema.
-#}
{% macro duckdb__create_view_as(relation, sql) -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif %}
    create view {{ relation }} as (
        {{ sql | replace(relation.include(identifier=false) ~ '.', '') }}
    );
{%- endmacro %}

{#-
    DuckDB scans a column faster than it would search an index, and listing the indexes fails while
    another thread drops a table that has one.
-#}
{% macro duckdb__create_indexes(relation) -%}
{%- endmacro %}
