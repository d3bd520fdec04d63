{#-
    dbt asks twice for the columns of a table before it comments on them, and sends its own comment
    apart. A contract has the columns, so that one message is enough.
-#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {{ return(write_comments(relation, model, for_relation, for_columns)) }}
{%- endmacro %}

{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {{ return(write_comments(relation, model, for_relation, for_columns)) }}
{%- endmacro %}

{% macro write_comments(relation, model, for_relation, for_columns) -%}
    {%- if not config.get('contract').enforced -%}
        {{ return(dbt.default__persist_docs(relation, model, for_relation, for_columns)) }}
    {%- endif -%}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append(alter_relation_comment(relation, model.description)) -%}
    {%- endif -%}
    {%- for column in (model.columns.values() if for_columns and config.persist_column_docs() else []) -%}
        {%- set text = column.description | replace("'", "''") -%}
        {%- do comments.append('comment on column ' ~ relation ~ '.' ~ column.name ~ " is '" ~ text ~ "';") -%}
    {%- endfor -%}
    {%- if comments -%}
        {%- do run_query(comments | join('\n')) -%}
    {%- endif -%}
{%- endmacro %}
