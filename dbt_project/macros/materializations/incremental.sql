{#-
    dbt's own materialization sends 18 queries for a table that exists. Most of them find out whether
    columns, comments, hooks and grants are right. A model with the tag of extract/transform/changed.py
    has the definition that its table was built with, so that only rows can differ.
-#}
{%- materialization incremental, default -%}
    {{ return(update_rows() if is_update_of_rows() else dbt.materialization_incremental_default()) }}
{%- endmaterialization -%}

{%- materialization incremental, adapter='duckdb', supported_languages=['sql', 'python'] -%}
    {{ return(update_rows() if is_update_of_rows() else dbt.materialization_incremental_duckdb()) }}
{%- endmaterialization -%}

{% macro is_update_of_rows() -%}
    {{ return('changed_since_last_transform' in model.tags and model.language == 'sql') }}
{%- endmacro %}

{% macro update_rows() -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set changes = make_temp_relation(target) -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {%- set columns = [] if has_contract else adapter.get_columns_in_relation(target) -%}
    {%- for column in model.columns.values() if has_contract -%}
        {%- do columns.append(api.Column(column.name, column.data_type)) -%}
    {%- endfor -%}
    {%- set strategy = adapter.get_incremental_strategy_macro(context, config.get('incremental_strategy')) -%}
    {%- call statement('main') -%}
        {{ share_write_lock() }};

        create temporary table {{ changes }} as (
            {{ sql }}
        );

        {{ strategy({
            'target_relation': target,
            'temp_relation': changes,
            'unique_key': config.get('unique_key'),
            'dest_columns': columns,
        }) }};

        drop table {{ changes }};

        {{ refresh_statistics() }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{%- endmacro %}
