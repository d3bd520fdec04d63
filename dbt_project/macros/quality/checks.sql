{#- Runs once, before a build: each of the twenty tests would take longer to find these than to run. -#}
{% macro mark_unchecked(checked) -%}
    drop table if exists {{ get_unchecked_fixtures() }};

    create table {{ get_unchecked_fixtures() }} as
    {{ select_unchecked(checked) }}
{%- endmacro %}

{% macro select_unchecked(checked) -%}
    select fixtures.id as fixture_id
    from {{ source('sportmonks_raw', 'fixtures').render() }} as fixtures
    {%- if load_relation(checked) %}
    left join {{ checked.render() }} as checked
        on
            fixtures.id = checked.fixture_id
            and fixtures.fetched_at = checked.loaded_at
    where checked.fixture_id is null
    {%- endif %}
{%- endmacro %}

{% macro get_unchecked_fixtures() -%}
    {{ return(generate_schema_name('staging', none) ~ '.unchecked_fixtures') }}
{%- endmacro %}

{#- Overrides dbt's own macro. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- if where == '__unchecked__' -%}
        {%- set fixtures = 'select fixture_id from ' ~ get_unchecked_fixtures() -%}
        {%- set reads_all = flags.FULL_REFRESH or flags.WHICH == 'test' -%}
        {%- set where = 'fixture_id in (' ~ fixtures ~ ')' if not reads_all -%}
    {%- endif -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{% macro log_test_failures(results) -%}
    {#- A name from the API may contain terminal control characters. These are those of extract/text.py, and also tab and line feed. -#}
    {%- set controls = '[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]' -%}
    {%- if execute -%}
        {%- for result in results if result.node.resource_type == 'test' and result.status in ['fail', 'warn'] -%}
            {%- set lines = [result.status | upper ~ ' ' ~ result.node.name ~ ': ' ~ result.failures ~ ' found. ' ~ (result.node.description or '') | trim] -%}
            {%- set rows = run_query(get_failures(result.node.compiled_code)) -%}
            {%- for row in rows -%}
                {%- set values = [] -%}
                {%- for column, value in row.items() if value is not none -%}
                    {%- do values.append(column ~ ' ' ~ modules.re.sub(controls, '?', value | string)) -%}
                {%- endfor -%}
                {%- do lines.append('    ' ~ values | join(', ')) -%}
            {%- endfor -%}
            {%- do log(lines | join('\n'), info=true) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro get_failures(sql) -%}
    {{ return(adapter.dispatch('get_failures')(sql)) }}
{%- endmacro %}

{% macro default__get_failures(sql) -%}
    select * from ({{ sql }}) as failures limit 5
{%- endmacro %}

{% macro spark__get_failures(sql) -%}
    select * from ({{ to_spark_sql(sql) }}) as failures limit 5
{%- endmacro %}
