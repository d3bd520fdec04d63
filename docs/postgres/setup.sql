-- Makes the roles and the schemas, in a database of yours. Run once, by a superuser, or by the owner
-- of the database if it may create roles:
--
--   createdb football
--   psql -d football -f docs/postgres/setup.sql
--   psql -d football -c '\password loader'
--
-- Other names: psql -v loader=etl -v analyst=readers -v schema=sportmonks_test -d … -f …
-- Running it again changes nothing that is right already.
--
--   loader    runs `make extract transform`. It owns its four schemas and may make no others.
--   analyst   reads the final tables, and nothing else. It cannot log in: grant it to people and
--             tools, `grant analyst to alice`.

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

-- Who is no superuser can only give things to a role that it is a member of.
select format('grant %I to current_user', :'loader')
where not pg_has_role(current_user, :'loader', 'usage') \gexec

begin;

create schema if not exists :"raw" authorization :"loader";
create schema if not exists :"raw_staging" authorization :"loader";
create schema if not exists :"staging" authorization :"loader";
create schema if not exists :"schema" authorization :"loader";

-- The tables themselves: dbt grants each that it makes, by ANALYST_ROLE in the loader's
-- environment. These two lines also reach tables between their making and that grant.
grant usage on schema :"schema" to :"analyst";
alter default privileges for role :"loader" in schema :"schema"
grant select on tables to :"analyst";

commit;
