-- Creates the roles and schemas in an existing database. Run it as a superuser, or as the owner of
-- the database if that role may create roles:
--
--   createdb football
--   psql -d football -f docs/postgres/setup.sql
--   psql -d football -c '\password loader'
--
-- Other names: psql -v loader=etl -v analyst=readers -v schema=sportmonks_test -d … -f …
--
--   loader    runs extract and transform. It owns its four schemas and can create no others.
--   analyst   reads the final tables, and nothing else. It cannot log in: grant it to people and
--             tools with `grant analyst to alice`, then run this file again. It sets the search_path
--             of all members that you may administer.
--
-- Running it again changes nothing else.

\set ON_ERROR_STOP on
\if :{?loader} \else \set loader loader \endif
\if :{?analyst} \else \set analyst analyst \endif
\if :{?schema} \else \set schema sportmonks \endif
\set raw :schema _raw
\set raw_staging :schema _raw_staging
\set staging :schema _staging

select format('create role %I login', :'loader')
where not exists (select 1 from pg_roles where rolname = :'loader') \gexec

select format('create role %I nologin', :'analyst')
where not exists (select 1 from pg_roles where rolname = :'analyst') \gexec

-- A role that is not a superuser can give objects only to a role that it is a member of.
select format('grant %I to current_user', :'loader')
where not pg_has_role(current_user, :'loader', 'usage') \gexec

begin;

create schema if not exists :"raw" authorization :"loader";
create schema if not exists :"raw_staging" authorization :"loader";
create schema if not exists :"staging" authorization :"loader";
create schema if not exists :"schema" authorization :"loader";

-- dbt grants each table that it creates, because of ANALYST_ROLE in the loader's environment. These
-- statements also cover the moment between a table's creation and that grant.
grant usage on schema :"schema" to :"analyst";
alter default privileges for role :"loader" in schema :"schema"
grant select on tables to :"analyst";

-- With it, analysts can write `fixtures` for `sportmonks.fixtures`. Members do not inherit it from the
-- role, so each one gets it, in this database only, unless the member has a search_path there.
select format(
    'alter role %I in database %I set search_path = %I, public',
    rolname, current_database(), :'schema'
)
from pg_roles
where
    (
        rolname = :'analyst'
        or (
            pg_has_role(oid, :'analyst', 'member')
            and rolcanlogin
            and not rolsuper
            and rolname not in (:'loader', current_user)
            and (
                pg_has_role(current_user, oid, 'usage with admin option')
                or (select me.rolsuper from pg_roles as me where me.rolname = current_user)
            )
        )
    )
    and not exists (
        select 1
        from pg_db_role_setting
        where
            setrole = pg_roles.oid
            and setdatabase = (select oid from pg_database where datname = current_database())
            and array_to_string(setconfig, ' ') like '%search_path=%'
    ) \gexec

commit;
