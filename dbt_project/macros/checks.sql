{#- How the data tests run. -#}

{#-
    Notes the fixtures whose payload is newer than the one that was checked. `fixture_quality` notes the
    version of each fixture, and is built only when the tests have passed.

    It is done once, before a run: tests run beside models, and in each of twenty it would take longer
    than the test.

    Args:
        checked: the relation of `fixture_quality`.
-#}
{% macro note_unchecked(checked) -%}
    drop table if exists {{ unchecked_fixtures() }};

    create table {{ unchecked_fixtures() }} as
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

{#- The table of the fixtures to be checked. -#}
{% macro unchecked_fixtures() -%}
    {{ return(generate_schema_name('staging', none) ~ '.unchecked_fixtures') }}
{%- endmacro %}

{#-
    What a test reads of a model; dbt calls it for every test with a `where`.

    `where: __unchecked__` restricts a test to those fixtures. On a full refresh, and by `dbt test`, which
    `make report` runs, all are read.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- if where == '__unchecked__' -%}
        {%- set fixtures = 'select fixture_id from ' ~ unchecked_fixtures() -%}
        {%- set reads_all = flags.FULL_REFRESH or flags.WHICH == 'test' -%}
        {%- set where = 'fixture_id in (' ~ fixtures ~ ')' if not reads_all -%}
    {%- endif -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#-
    Says of each test that failed or warns what it found, in one message: its description, and the first
    rows. `make transform` shows those of warnings only when they are new or have risen.
-#}
{% macro show_findings(results) -%}
    {#- A name of the API may hold what a terminal obeys. The same list is in extract/lines.py. -#}
    {%- set controls = '[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]' -%}
    {%- if execute -%}
        {%- for result in results if result.node.resource_type == 'test' and result.status in ['fail', 'warn'] -%}
            {%- set lines = [result.status | upper ~ ' ' ~ result.node.name ~ ': ' ~ result.failures ~ ' found. ' ~ (result.node.description or '') | trim] -%}
            {%- set rows = run_query('select * from (' ~ result.node.compiled_code ~ ') as found limit 5') -%}
            {%- for row in rows -%}
                {%- set shown = [] -%}
                {%- for column, value in row.items() if value is not none -%}
                    {%- do shown.append(column ~ ' ' ~ modules.re.sub(controls, '?', value | string)) -%}
                {%- endfor -%}
                {%- do lines.append('    ' ~ shown | join(', ')) -%}
            {%- endfor -%}
            {%- do log(lines | join('\n'), info=true) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
