{#-
    Views are made once, not with every run: the comment on a view ends with a mark of what it was
    made of, and a view that bears the mark of today's definition stands. Making 20 of them anew takes
    half a second, and on PostgreSQL drops the views that people have put on them.
-#}
{%- materialization view, default -%}
    {%- set meaning = model.columns.values() | map(attribute='description') | list -%}
    {%- set mark = '[' ~ local_md5([sql, model.description, meaning, config.get('grants')] | string)[:12] ~ ']' -%}
    {%- if not should_full_refresh() and comment_of_view(this).endswith(mark) -%}
        {%- call noop_statement('main', 'UNCHANGED') -%} {%- endcall -%}
        {{ return({'relations': [this.incorporate(type='view')]}) }}
    {%- endif -%}
    {%- do model.update({'description': model.description ~ ' ' ~ mark}) -%}
    {{ return(dbt.materialization_view_default()) }}
{%- endmaterialization -%}

{#- The comment on a view, empty where there is none. -#}
{% macro comment_of_view(relation) -%}
    {%- set found = run_query(adapter.dispatch('select_comment')(relation)) -%}
    {{ return(found.columns[0].values() | select | join) }}
{%- endmacro %}

{% macro duckdb__select_comment(relation) -%}
    select comment
    from duckdb_views()
    where
        database_name = '{{ relation.database }}'
        and schema_name = '{{ relation.schema }}'
        and view_name = '{{ relation.identifier }}'
{%- endmacro %}

{% macro postgres__select_comment(relation) -%}
    select obj_description(to_regclass('{{ relation }}'), 'pg_class')
{%- endmacro %}
