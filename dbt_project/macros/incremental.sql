{#-
    How the final tables are kept. Both strategies write only what changed, and leave what stands
    where they do not.

    `replace_by_fixture` is for models whose rows are a function of their fixture's payload. Every
    row carries loaded_at, the version of the payload it was made of. A run reads the fixtures whose
    current version is not built and replaces all their rows. There is no watermark: order and time
    of loads do not matter, and an element that vanished, an array that became empty and a fixture
    that was withdrawn leave no rows behind.

    `replace_changed` is for small tables that are computed as a whole.
-#}

{#-
    The payloads whose version the model does not hold yet; all of them on a full refresh. No other
    payload is read.

    Args:
        array: key of the array that the model is made of. A payload in which it is empty leaves no
            row that could tell its version: it is read only while the model holds rows of the
            fixture.

    Returns:
        fixture_id, payload, loaded_at.
-#}
{% macro changed_payloads(array=none) -%}
    {%- set fixtures = ref('stg_sportmonks__fixtures') -%}
select
    fixture_id,
    payload,
    loaded_at
from {{ fixtures }}
{%- if is_incremental() %}
where
    fixture_id in (
        select versions.fixture_id
        -- Named without what --empty and --sample add, for it needs an alias here.
        from {{ fixtures.render() }} as versions
        where
            not exists (
                select 1
                from {{ this }} as built
                where
                    built.fixture_id = versions.fixture_id
                    and built.loaded_at = versions.loaded_at
            )
            {%- if array %}
            and (
                coalesce(',' || versions.filled_keys || ',' like '%,{{ array }},%', true)
                or exists (
                    select 1
                    from {{ this }} as built
                    where built.fixture_id = versions.fixture_id
                )
            )
            {%- endif %}
    )
{%- endif %}
{%- endmacro %}

{#-
    The rows of the CTE `fixtures` whose version the model does not hold yet; all of them on a full
    refresh.

    Args:
        columns: other columns that a row depends on, beside the payload. They stand in the model
            and in the CTE under the same name.
-#}
{% macro changed_fixtures(columns) -%}
select * from fixtures
{%- if is_incremental() %}
where
    not exists (
        select 1
        from {{ this }} as built
        where
            built.fixture_id = fixtures.fixture_id
            and built.loaded_at = fixtures.loaded_at
            {%- for column in columns %}
            and built.{{ column }} is not distinct from fixtures.{{ column }}
            {%- endfor %}
    )
{%- endif %}
{%- endmacro %}

{#-
    The condition under which a row of a flattened array is a row of the model. Rows without a key
    only say that a fixture has none; the incremental strategy needs to see them.
-#}
{% macro is_row(key) -%}
    {%- if is_incremental() -%} true {%- else -%} {{ key }} is not null {%- endif -%}
{%- endmacro %}

{#-
    The new rows replace all rows of the fixtures they name. The last column of `unique_key` tells a
    row from the mark of an empty array. Where the key is one column, another fixture may hold a new
    row's key: the row of the newer payload stays, as in a full refresh.
-#}
{% macro get_incremental_replace_by_fixture_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set changes = arg_dict['temp_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set keys = [arg_dict['unique_key']] if arg_dict['unique_key'] is string else arg_dict['unique_key'] -%}
    {%- set key = keys | last -%}
    {#- Under --empty and --sample both a plain reference and the staging view show no or few rows,
        and this would delete the others: .render() names the table itself. -#}
    {%- set fixtures = source('sportmonks_raw', 'fixtures').render() -%}

    delete from {{ target }}
    where fixture_id in (select fixture_id from {{ changes }});

    delete from {{ target }} as built
    where not exists (
        select 1 from {{ fixtures }} as fixtures
        where fixtures.id = built.fixture_id
    );

    {% if keys | length == 1 -%}
    delete from {{ target }} as built
    where exists (
        select 1 from {{ changes }} as changes
        where
            changes.{{ key }} = built.{{ key }}
            and (
                changes.loaded_at > built.loaded_at
                or (changes.loaded_at = built.loaded_at and changes.fixture_id > built.fixture_id)
            )
    );
    {%- endif %}

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ changes }} as changes
    where
        {{ key }} is not null
        {%- if keys | length == 1 %}
        and not exists (
            select 1 from {{ target }} as built
            where built.{{ key }} = changes.{{ key }}
        )
        {%- endif %}
{%- endmacro %}

{#-
    Rows that are not among the new ones go, new ones that do not stand yet come. Nothing goes under
    --empty and --sample, which show a model fewer rows than there are.
-#}
{% macro get_incremental_replace_changed_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set new = arg_dict['temp_relation'] -%}
    {%- set key = arg_dict['unique_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}

    {% if not (invocation_args_dict.get('empty') or invocation_args_dict.get('sample')) -%}
    delete from {{ target }}
    where {{ key }} in (
        select {{ key }} from (
            select {{ columns }} from {{ target }}
            except
            select {{ columns }} from {{ new }}
        ) as gone
    );
    {%- endif %}

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ new }}
    except
    select {{ columns }} from {{ target }}
{%- endmacro %}

{#-
    The version that the rows of a fixture in a child table were built from, as a query of
    fixture_id and loaded_at. A fixture without rows there is missing. It reads one row a fixture
    where the engine has an index for that.

    Args:
        children: name of a CTE on the whole child table.
        fixtures: name of a CTE with fixture_id.
-#}
{% macro child_versions(children, fixtures) -%}
    {{ return(adapter.dispatch('child_versions')(children, fixtures)) }}
{%- endmacro %}

{% macro duckdb__child_versions(children, fixtures) -%}
select
    fixture_id,
    max(loaded_at) as loaded_at
from {{ children }}
group by 1
{%- endmacro %}

{% macro postgres__child_versions(children, fixtures) -%}
select
    {{ fixtures }}.fixture_id,
    newest.loaded_at
from {{ fixtures }}
cross join lateral (
    select {{ children }}.loaded_at
    from {{ children }}
    where {{ children }}.fixture_id = {{ fixtures }}.fixture_id
    limit 1
) as newest
{%- endmacro %}
