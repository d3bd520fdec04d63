{#-
    How the final tables are kept. All strategies write only what changed, and leave what stands
    where they do not.

    `replace_by_fixture` is for models whose rows are a function of their fixture. Every row carries
    loaded_at, the version of the payload it was made of. A run reads the fixtures whose current
    version is not built and replaces all their rows. There is no watermark: order and time of loads
    do not matter, and an element that vanished, an array that became empty and a fixture that was
    withdrawn leave no rows behind.

    `replace_array` is the same for the rows of one of a payload's arrays, of which there are many.
    Their versions are noted in a small table beside, so that no run looks through them all.

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
    {%- set built = built_versions(this) if array else this -%}
-- Materialized: otherwise a look into the payload would be taken before the changed ones are known.
with found as {{ 'materialized' if is_incremental() else 'not materialized' }} (
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
            left join {{ built }} as built
                on versions.fixture_id = built.fixture_id
            where
                built.loaded_at is distinct from versions.loaded_at
                {%- if array %}
                and (
                    built.fixture_id is not null
                    or coalesce(',' || versions.non_empty_keys || ',' like '%,{{ array }},%', true)
                )
                {%- endif %}
        )
    {%- endif %}
)

select * from found
{%- endmacro %}

{#-
    The rows of the CTE `fixtures` whose version the model does not hold yet; all of them on a full
    refresh.

    Args:
        columns: other columns that a row depends on, beside the payload. They stand in the model
            and in the CTE under the same name.
        left_out: a boolean column of the CTE: fixtures with true have no rows in the model. They
            are among the changed ones only while the model still holds rows of them. The CTE is read
            twice, and should not be materialized.
-#}
{% macro changed_fixtures(columns, left_out=none) -%}
select * from fixtures
{%- if not is_incremental() and left_out %}
where not {{ left_out }}
{%- endif %}
{%- if is_incremental() %}
where
    {% if left_out -%}
    not {{ left_out }}
    and {% endif -%}
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
{%- if left_out %}

union all

select * from fixtures
where
    {{ left_out }}
    and exists (
        select 1
        from {{ this }} as built
        where built.fixture_id = fixtures.fixture_id
    )
{%- endif %}
{%- endif %}
{%- endmacro %}

{#-
    The condition under which a row of a flattened array is a row of the model. Rows without a key
    only say that a fixture has none; the incremental strategy needs to see them.
-#}
{% macro is_row(key) -%}
    {%- if is_incremental() -%} true {%- else -%} {{ key }} is not null {%- endif -%}
{%- endmacro %}

{#- The new rows replace all rows of the fixtures they name. -#}
{% macro get_incremental_replace_by_fixture_sql(arg_dict) -%}
    {{ replace_rows(arg_dict, arg_dict['target_relation']) }}
{%- endmacro %}

{#- The same, and the table of versions is kept with it. -#}
{% macro get_incremental_replace_array_sql(arg_dict) -%}
    {%- set versions = built_versions(arg_dict['target_relation']) -%}
    {%- set changes = arg_dict['temp_relation'] -%}
    {{ replace_rows(arg_dict, versions) }};

    delete from {{ versions }}
    where fixture_id in (select fixture_id from {{ changes }});

    insert into {{ versions }} (fixture_id, loaded_at)
    select distinct
        fixture_id,
        loaded_at
    from {{ changes }}
    where {{ key_of_rows(arg_dict) }} is not null
{%- endmacro %}

{#-
    Where the key is one column, another fixture may hold a new row's key: the row of the newer
    payload stays, as in a full refresh.

    Args:
        arg_dict: as dbt calls a strategy.
        versions: a relation that has each fixture of the target.
-#}
{% macro replace_rows(arg_dict, versions) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set changes = arg_dict['temp_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set key = key_of_rows(arg_dict) -%}
    {%- set key_is_one_column = key == arg_dict['unique_key'] -%}

    -- Fixtures whose payload is gone get a row without a version. Under --empty and --sample both a
    -- plain reference and the staging view show no or few rows, and everything would seem to be
    -- gone: .render() names the table itself.
    insert into {{ changes }} (fixture_id)
    select fixture_id
    from {{ versions }} as built
    where
        not exists (
            select 1
            from {{ source('sportmonks_raw', 'fixtures').render() }} as fixtures
            where fixtures.id = built.fixture_id
        );

    delete from {{ target }}
    where fixture_id in (select fixture_id from {{ changes }});

    {% if key_is_one_column -%}
    delete from {{ target }}
    where
        {{ key }} in (
            select built.{{ key }}
            from {{ changes }} as changes
            inner join {{ target }} as built on changes.{{ key }} = built.{{ key }}
            where
                changes.loaded_at > built.loaded_at
                or (changes.loaded_at = built.loaded_at and changes.fixture_id > built.fixture_id)
        );
    {%- endif %}

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ changes }} as changes
    where
        {{ key }} is not null
        and loaded_at is not null
        {%- if key_is_one_column %}
        and not exists (
            select 1
            from (
                select built.{{ key }}
                from {{ changes }} as new
                inner join {{ target }} as built on new.{{ key }} = built.{{ key }}
            ) as taken
            where taken.{{ key }} = changes.{{ key }}
        )
        {%- endif %}
{%- endmacro %}

{#- The last column of a `unique_key`: it tells a row from the mark of an empty array. -#}
{% macro key_of_rows(arg_dict) -%}
    {{ arg_dict['unique_key'] if arg_dict['unique_key'] is string else arg_dict['unique_key'] | last }}
{%- endmacro %}

{#- The table beside a model of the strategy `replace_array`: fixture_id and the loaded_at of its rows. -#}
{% macro built_versions(relation) -%}
    {#- In a unit test it is the name of made-up rows, which tell their versions as well. -#}
    {{ return(relation if relation.identifier is not defined else api.Relation.create(
        database=relation.database,
        schema=generate_schema_name('staging', none),
        identifier=relation.identifier ~ '_versions',
        type='table'
    )) }}
{%- endmacro %}

{#-
    A hook around every model. A full refresh makes the table of versions anew, in the transaction
    that makes the model; and so it comes back if somebody has dropped it.
-#}
{% macro note_versions(before) -%}
    {%- if config.get('incremental_strategy') == 'replace_array' -%}
        {%- if before and not is_incremental() -%}
    drop table if exists {{ built_versions(this) }}
        {%- else -%}
    create table if not exists {{ built_versions(this) }} as
    select distinct
        fixture_id,
        loaded_at
    from {{ this }}
        {%- endif -%}
    {%- endif -%}
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
    The version that each fixture's rows in a model of the strategy `replace_array` were built from,
    as a query of fixture_id and loaded_at. A fixture without rows there is missing.

    Args:
        rows: name of a CTE on the whole model.
        model: the model's name.
-#}
{% macro child_versions(rows, model) -%}
{%- if is_incremental() %}
select
    fixture_id,
    loaded_at
from {{ built_versions(ref(model)) }}
{%- else %}
select
    fixture_id,
    max(loaded_at) as loaded_at
from {{ rows }}
group by 1
{%- endif %}
{%- endmacro %}
