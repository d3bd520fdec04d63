{#- Hooks: before a run, and after each final table what an administrator would do by hand. -#}

{#-
    Before a run that builds something: takes away what `make transform` has noted of the last one, for
    while that stands there is nothing to build, and notes what the tests are to read.
-#}
{% macro begin_run() -%}
    {#- Outside the condition: dbt reads a project once for all commands, and the first may be a test. -#}
    {%- set checked = ref('fixture_quality') -%}
    {%- if flags.WHICH != 'test' -%}
    {{ share_write_lock() }};

    drop table if exists {{ generate_schema_name('staging', none) }}.last_transform;

    {{ note_unchecked(checked) }}
    {%- endif -%}
{%- endmacro %}

{#- Gives the planner new statistics once a tenth of the table is new. -#}
{% macro refresh_statistics() -%}
    {{ return(adapter.dispatch('refresh_statistics')()) }}
{%- endmacro %}

{#- DuckDB keeps its statistics by itself. -#}
{% macro duckdb__refresh_statistics() -%}
{%- endmacro %}

{% macro postgres__refresh_statistics() -%}
    do $$
    begin
        if (
            select pg_relation_size(oid) > 1.1 * relpages * current_setting('block_size')::int
            from pg_class
            where oid = '{{ this }}'::regclass
        ) then
            analyze {{ this }};
        end if;
    end
    $$
{%- endmacro %}

{#-
    Gives indexes the names that PostgreSQL would give them. dbt names them by a hash and a key after
    the table that it builds beside the old one, because both tables stand for a moment.
-#}
{% macro name_indexes() -%}
    {{ return(adapter.dispatch('name_indexes')()) }}
{%- endmacro %}

{% macro duckdb__name_indexes() -%}
{%- endmacro %}

{% macro postgres__name_indexes() -%}
    {{ share_write_lock() }};

    do $$
    declare
        found record;
    begin
        for found in
            select
                indexes.relname as name,
                left(
                    '{{ this.identifier }}_'
                    || case
                        when indisprimary then 'pkey'
                        else string_agg(attname, '_' order by place) || '_idx'
                    end,
                    63
                ) as proper_name
            from pg_index
            inner join pg_class as indexes on indexes.oid = indexrelid
            cross join unnest(indkey::int2[]) with ordinality as keys (number, place)
            inner join pg_attribute on attrelid = indrelid and attnum = keys.number
            where indrelid = '{{ this }}'::regclass
            group by indexes.relname, indisprimary
        loop
            if found.name <> found.proper_name then
                execute format(
                    'alter index %I.%I rename to %I',
                    '{{ this.schema }}', found.name, found.proper_name
                );
            end if;
        end loop;
    end
    $$
{%- endmacro %}

{#-
    DuckDB scans columns faster than it would search an index, and its list of indexes fails while
    another thread drops a table that has one.
-#}
{% macro duckdb__create_indexes(relation) -%}
{%- endmacro %}

{#-
    DuckDB leaves the name of the database out of a view's text. In a file that is called like the
    schema, which the default file is, `sportmonks.fixtures` could then be either. A name without a
    schema is looked up in the view's own.
-#}
{% macro duckdb__create_view_as(relation, sql) -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif %}
    create view {{ relation }} as (
        {{ sql | replace(relation.include(identifier=false) ~ '.', '') }}
    );
{%- endmacro %}
