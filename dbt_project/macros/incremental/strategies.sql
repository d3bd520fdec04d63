{#-
    Three incremental strategies, which write only the rows that changed.

    `replace_by_fixture` is for models whose rows depend on one fixture. Each row has loaded_at, the
    version of the payload that it was built from. A run reads the fixtures whose current version is
    not built yet and replaces all their rows. There is no watermark, so that the order and the time
    of loads do not matter. No rows remain of an element that was removed, of an array that became
    empty, or of a fixture that was deleted from the raw table.

    `replace_array` does the same for the rows of one array of the payload, which are many. It keeps
    the versions in a small table of their own, so that a run does not scan the model.

    `replace_changed` is for small tables that are always computed as a whole.
-#}

{% macro get_incremental_replace_by_fixture_sql(arg_dict) -%}
    {{ replace_rows(arg_dict, arg_dict['target_relation']) }}
{%- endmacro %}

{% macro get_incremental_replace_array_sql(arg_dict) -%}
    {%- set versions = get_versions_table(arg_dict['target_relation']) -%}
    {%- set changes = arg_dict['temp_relation'] -%}
    {{ replace_rows(arg_dict, versions) }};

    delete from {{ versions }}
    where fixture_id in (select fixture_id from {{ changes }});

    insert into {{ versions }} (fixture_id, loaded_at)
    select distinct
        fixture_id,
        loaded_at
    from {{ changes }}
    where {{ get_row_key(arg_dict) }} is not null
{%- endmacro %}

{% macro replace_rows(arg_dict, versions) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set changes = arg_dict['temp_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set key = get_row_key(arg_dict) -%}
    {%- set key_is_one_column = key == arg_dict['unique_key'] -%}

    -- A fixture without a payload gets a row without a version, which deletes its rows. `.render()`
    -- names the whole table: under --empty and --sample a plain reference shows few rows or none,
    -- and this would delete almost everything.
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
    -- Another fixture may have a row with the same key: the row of the newer payload wins.
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
            ) as existing
            where existing.{{ key }} = changes.{{ key }}
        )
        {%- endif %}
{%- endmacro %}

{% macro get_row_key(arg_dict) -%}
    {{ arg_dict['unique_key'] if arg_dict['unique_key'] is string else arg_dict['unique_key'] | last }}
{%- endmacro %}

{#- Under --empty and --sample a model returns fewer rows than there are, so that nothing is deleted. -#}
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
        ) as outdated
    );
    {%- endif %}

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ new }}
    except
    select {{ columns }} from {{ target }}
{%- endmacro %}

{% macro has_key(key) -%}
    {%- if is_incremental() -%} true {%- else -%} {{ key }} is not null {%- endif -%}
{%- endmacro %}
