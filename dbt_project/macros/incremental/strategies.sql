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
    {{ adapter.dispatch('replace_array')(arg_dict) }}
{%- endmacro %}

{% macro spark__replace_array(arg_dict) -%}
    {{ replace_rows(arg_dict, arg_dict['target_relation']) }}
{%- endmacro %}

{% macro default__replace_array(arg_dict) -%}
    {%- set versions = get_versions_table(arg_dict['target_relation']) -%}
    {%- set changes = arg_dict['temp_relation'] -%}
    {{ replace_rows(arg_dict, versions) }};

    delete from {{ versions }}
    where fixture_id in (select fixture_id from {{ changes }});

    insert into {{ versions }} (fixture_id, loaded_at)
    {{ select_versions(changes) }}
    where {{ get_row_key(arg_dict) }} is not null
{%- endmacro %}

{% macro replace_rows(arg_dict, versions) -%}
    {{ adapter.dispatch('replace_rows')(arg_dict, versions) }}
{%- endmacro %}

{#- One statement, which is one commit. -#}
{% macro spark__replace_rows(arg_dict, versions) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set key = get_row_key(arg_dict) -%}
    {%- set key_is_one_column = key == arg_dict['unique_key'] -%}
merge into {{ target }} as built
using (
    with changed_fixtures as (
        select fixture_id from {{ arg_dict['temp_relation'] }}

        union

        -- Fixtures without a payload.
        select fixture_id
        from {{ target }} as stored
        where
            not exists (
                select 1
                from {{ source('sportmonks_raw', 'fixtures').render() }} as fixtures
                where fixtures.id = stored.fixture_id
            )
    ),

    new_rows as (
        select * from {{ arg_dict['temp_relation'] }}
        where {{ key }} is not null and loaded_at is not null
    )

    {% if key_is_one_column -%}
        {{ match_rows_by_key(target, key) }}
    {%- else -%}
    -- All rows of a changed fixture are deleted, and its new ones match nothing.
    select
        changed_fixtures.fixture_id as merge_key,
        true as is_outdated,
        new_rows.*
    from changed_fixtures
    left join new_rows on false

    union all

    select
        null as merge_key,
        false as is_outdated,
        new_rows.*
    from new_rows
    {%- endif %}
) as changes
on built.{{ key if key_is_one_column else 'fixture_id' }} = changes.merge_key
when matched and changes.is_outdated then delete
{%- if key_is_one_column %}
when matched then update set
    {%- for column in columns %}
    {{ adapter.quote(column) }} = changes.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endif %}
when not matched and not changes.is_outdated then insert ({% for column in columns %}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
values ({% for column in columns %}changes.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Another fixture may have a row with the same key: the row of the newer payload wins. -#}
{% macro match_rows_by_key(target, key) -%}
    , old_rows as (
        select
            stored.{{ key }},
            stored.fixture_id as old_fixture_id,
            stored.loaded_at as old_loaded_at,
            changed_fixtures.fixture_id is not null as is_changed
        from {{ target }} as stored
        left join changed_fixtures on stored.fixture_id = changed_fixtures.fixture_id
        left join (select distinct {{ key }} from new_rows) as new_keys on stored.{{ key }} = new_keys.{{ key }}
        where
            changed_fixtures.fixture_id is not null
            or new_keys.{{ key }} is not null
    )

    select
        coalesce(new_rows.{{ key }}, old_rows.{{ key }}) as merge_key,
        new_rows.{{ key }} is null as is_outdated,
        new_rows.*
    from new_rows
    full outer join old_rows on new_rows.{{ key }} = old_rows.{{ key }}
    where
        old_rows.is_changed
        or old_rows.{{ key }} is null
        or new_rows.loaded_at > old_rows.old_loaded_at
        or (new_rows.loaded_at = old_rows.old_loaded_at and new_rows.fixture_id > old_rows.old_fixture_id)
{%- endmacro %}

{% macro default__replace_rows(arg_dict, versions) -%}
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
    {{ adapter.dispatch('replace_changed')(arg_dict) }}
{%- endmacro %}

{% macro spark__replace_changed(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | map('string') | list -%}
merge into {{ arg_dict['target_relation'] }} as built
using {{ arg_dict['temp_relation'] }} as new
on built.{{ arg_dict['unique_key'] }} = new.{{ arg_dict['unique_key'] }}
when matched and (
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}built.{{ adapter.quote(column) }} is distinct from new.{{ adapter.quote(column) }}
    {%- endfor %}
) then update set *
when not matched then insert *
{%- if not (invocation_args_dict.get('empty') or invocation_args_dict.get('sample')) %}
when not matched by source then delete
{%- endif %}
{%- endmacro %}

{% macro default__replace_changed(arg_dict) -%}
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
