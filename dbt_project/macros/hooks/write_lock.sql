{% macro share_write_lock() -%}
    {{ return(adapter.dispatch('share_write_lock')()) }}
{%- endmacro %}

{#- DuckDB lets only one process open the file. Delta rejects a commit that conflicts with another one. -#}
{% macro default__share_write_lock() -%}
{%- endmacro %}

{#-
    The setting `sportmonks.write_lock` is `key:key:process id:start of the session`. The process that
    runs dbt sets it, as the session that holds the lock (extract/warehouse/postgres.py).
-#}
{% macro postgres__share_write_lock() -%}
    do $$
    declare
        shared text[] := string_to_array(nullif(current_setting('sportmonks.write_lock', true), ''), ':');
    begin
        if shared is null then
            return;
        end if;
        perform pg_advisory_xact_lock_shared(shared[1]::integer, shared[2]::integer);
        -- Checked after the lock is shared: from here on another writer waits for this transaction.
        if not exists (
            select 1
            from pg_locks
            inner join pg_stat_activity on pg_locks.pid = pg_stat_activity.pid
            where
                pg_locks.locktype = 'advisory'
                and pg_locks.granted
                and pg_locks.mode = 'ShareLock'
                and pg_locks.classid = shared[1]::oid
                and pg_locks.objid = shared[2]::oid
                and pg_locks.pid = shared[3]::integer
                and extract(epoch from pg_stat_activity.backend_start)::text = shared[4]
        ) then
            raise exception 'The write lock was lost with its session.';
        end if;
    end
    $$
{%- endmacro %}
