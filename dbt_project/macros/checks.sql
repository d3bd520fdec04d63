{#- How the data tests run. -#}

{#-
    What a test reads of a model; dbt calls it for every test with a `where`.

    `where: __unchecked__` restricts a test to the fixtures that were built since the tests last
    passed, `where: __unchecked_seasons__` to their seasons. `fixture_quality` notes the version of
    each fixture, and is built only when they have. On a full refresh all are read.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- if where in ['__unchecked__', '__unchecked_seasons__'] -%}
        {%- set fixtures = relation.incorporate(path={'identifier': 'fixtures'}) -%}
        {%- set checked = adapter.get_relation(relation.database, relation.schema, 'fixture_quality') if execute -%}
        {%- if not checked or flags.FULL_REFRESH -%}
            {%- set where = none -%}
        {%- elif where == '__unchecked__' -%}
            {%- set where = 'fixture_id in (' ~ unchecked('fixture_id', fixtures, checked) ~ ')' -%}
        {%- else -%}
            {#- Ids rather than a query: engines take these to where a view begins to read. -#}
            {%- set ids = run_query(unchecked('season_id', fixtures, checked)).columns[0].values() | reject('none') | join(', ') -%}
            {%- set where = 'season_id in (' ~ (ids or 'null') ~ ')' -%}
        {%- endif -%}
    {%- endif -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- A column of the fixtures that were built since the tests last passed, as a query. -#}
{% macro unchecked(column, fixtures, checked) -%}
select distinct fixtures.{{ column }}
from {{ fixtures }} as fixtures
left join {{ checked }} as checked
    on
        fixtures.fixture_id = checked.fixture_id
        and fixtures.loaded_at = checked.loaded_at
where checked.fixture_id is null
{%- endmacro %}

{#- Says of each test that failed or warns what it found: its description, and the first rows. -#}
{% macro show_findings(results) -%}
    {%- if execute -%}
        {%- for result in results if result.node.resource_type == 'test' and result.status in ['fail', 'warn'] -%}
            {%- do log(result.status | upper ~ ' ' ~ result.node.name ~ ': ' ~ result.failures ~ ' found. ' ~ (result.node.description or '') | trim, info=true) -%}
            {%- set rows = run_query('select * from (' ~ result.node.compiled_code ~ ') as found limit 5') -%}
            {%- for row in rows -%}
                {%- set shown = [] -%}
                {%- for column, value in row.items() if value is not none -%}
                    {%- do shown.append(column ~ ' ' ~ value) -%}
                {%- endfor -%}
                {%- do log('    ' ~ shown | join(', '), info=true) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
