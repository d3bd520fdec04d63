{#-
    Tables on Spark are Delta tables. Each build of a table is one commit, so that readers see the
    table as it was before or after, and an end at any moment leaves nothing by halves.
-#}
{%- materialization incremental, adapter='spark' -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- if is_incremental() -%}
        {%- do update_delta_table(target) -%}
    {%- else -%}
        {%- do create_delta_table(target) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {%- do drop_work_tables() -%}
    {{ return({'relations': [target]}) }}
{%- endmaterialization -%}

{#-
    Tables that last as long as the build of a model. Their names have the id of the run: without a
    metastore in common, another session would use the same files. A build that is killed leaves them,
    and later sessions remove them (extract/warehouse/spark.py).
-#}
{% macro create_work_table(name, query) -%}
    {%- set table = get_work_table(name) -%}
    {%- do run_query('create table ' ~ table ~ ' using parquet as ' ~ query) -%}
    {{ return(table) }}
{%- endmacro %}

{% macro drop_work_tables() -%}
    {%- set table = get_work_table('*') -%}
    {%- for row in run_query('show tables in ' ~ table.schema ~ " like '" ~ table.identifier ~ "'") -%}
        {%- do run_query('drop table ' ~ table.schema ~ '.' ~ row['tableName']) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro get_work_table(name) -%}
    {{ return(api.Relation.create(
        schema=generate_schema_name('staging', none),
        identifier='work__' ~ this.identifier ~ '__' ~ name ~ '__' ~ invocation_id[:8],
        type='table'
    )) }}
{%- endmacro %}

{#-
    Part of a model that the rest of it reads several times. Spark would put the whole part into each
    place, and optimize a plan of thousands of steps for a minute. Others compute it once.
-#}
{% macro store_part(name, query) -%}
    {{ return(adapter.dispatch('store_part')(name, query)) }}
{%- endmacro %}

{% macro default__store_part(name, query) -%}
    {{ return(query) }}
{%- endmacro %}

{% macro spark__store_part(name, query) -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set query = 'select * from ' ~ create_work_table(name, to_spark_sql(query)) -%}
    {%- endif -%}
    {{ return(query) }}
{%- endmacro %}

{% macro create_spark_view(target) -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        create or replace view {{ target }} (
            {%- for column in get_names_of_columns() %}
            {#- A Hive metastore stores up to 256 characters of a view's column. #}
            {{ adapter.quote(column) }} comment {{ describe_column(column, 256) }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        comment {{ quote_text(model.description) }}
        {#- A Hive metastore in Derby stores up to 32,700 characters. #}
        as {{ modules.re.sub('\\n\\s+', '\\n', select_columns()) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target]}) }}
{%- endmacro %}

{#-
    Deletion vectors: an update writes only its own rows, and no file again for one row of it. Delta
    cannot merge into a table with them that has a column `path`.
-#}
{% macro create_delta_table(target) -%}
    {%- set existing = load_cached_relation(target) -%}
    {%- if existing and existing.is_view -%} {%- do adapter.drop_relation(existing) -%} {%- endif -%}
    {%- set names = get_names_of_columns() -%}
    {%- call statement('main') -%}
        create or replace table {{ target }}
        using delta
        {%- if 'fixture_id' in names %}
        cluster by (fixture_id)
        {%- endif %}
        comment {{ quote_text(model.description) }}
        tblproperties ('delta.enableDeletionVectors' = '{{ 'false' if 'path' in names else 'true' }}')
        as {{ select_columns() }}
    {%- endcall -%}
    {%- call statement('describe_columns') -%}
        alter table {{ target }} alter column
        {%- for column in names %}
        {{ adapter.quote(column) }} comment {{ describe_column(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- endcall -%}
{%- endmacro %}

{% macro update_delta_table(target) -%}
    {%- set strategy = adapter.get_incremental_strategy_macro(context, config.get('incremental_strategy')) -%}
    {#- A table: the strategy reads the changes several times, and Spark plans a query each time. -#}
    {%- set changes = create_work_table('changes', select_columns()) -%}
    {%- do process_schema_changes(
        incremental_validate_on_schema_change(config.get('on_schema_change')), changes, target
    ) -%}
    {%- call statement('main') -%}
        {{ strategy({
            'target_relation': target,
            'temp_relation': changes,
            'unique_key': config.get('unique_key'),
            'dest_columns': adapter.get_columns_in_relation(changes),
        }) }}
    {%- endcall -%}
{%- endmacro %}

{#- The declared columns with their types, for models with a contract; otherwise those of the query. -#}
{% macro get_names_of_columns() -%}
    {%- if config.get('contract').enforced -%}
        {{ return(model.columns.keys() | list) }}
    {%- endif -%}
    {{ return(get_columns_in_query(to_spark_sql(sql))) }}
{%- endmacro %}

{% macro select_columns() -%}
    {%- if config.get('contract').enforced -%}
        select
            {%- for column in model.columns.values() %}
            cast({{ adapter.quote(column.name) }} as {{ to_spark_type(column.data_type) }}) as {{ adapter.quote(column.name) }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from ({{ to_spark_sql(sql) }}) as built
    {%- else -%}
        {{ to_spark_sql(sql) }}
    {%- endif -%}
{%- endmacro %}

{% macro to_spark_type(data_type) -%}
    {{ return({
        'double precision': 'double',
        'timestamp with time zone': 'timestamp',
        'text': 'string',
        'json': 'string',
        'jsonb': 'string',
    }.get(data_type, data_type)) }}
{%- endmacro %}

{#- Spark has other names for some types, and decides itself what it computes once. -#}
{% macro to_spark_sql(sql) -%}
    {%- set sql = modules.re.sub('\\bas (not )?materialized \\(', 'as (', sql) -%}
    {%- set sql = sql | replace(' as text)', ' as string)') | replace(' as double precision)', ' as double)') -%}
    {{ return(sql | replace(' as timestamp with time zone)', ' as timestamp)')) }}
{%- endmacro %}

{% macro describe_column(name, longest=none) -%}
    {%- set description = model.columns[name].description if name in model.columns else '' -%}
    {{ quote_text(description | truncate(longest, leeway=0) if longest else description) }}
{%- endmacro %}

{% macro quote_text(text) -%}
    '{{ text | trim | replace('\\', '\\\\') | replace("'", "\\'") }}'
{%- endmacro %}

{% macro spark__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
    {{ dbt.default__get_test_sql(to_spark_sql(main_sql), fail_calc, warn_if, error_if, limit) }}
{%- endmacro %}

{#- The tables lie in the lake, beside the raw tables. -#}
{% macro spark__create_schema(relation) -%}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation }} location '{{ env_var('LAKE_URL') }}/{{ relation.schema }}'
    {%- endcall -%}
{%- endmacro %}
