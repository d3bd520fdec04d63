{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        unique_key='player_id',
        on_schema_change='fail'
    )
}}

with

fixture_players as (

    select * from {{ ref('int_fixture_players') }}

),

fixture_lineups as (

    select * from {{ ref('fixture_lineups') }}

),

fixture_events as (

    select * from {{ ref('fixture_events') }}

),

ranked_players as (

    select
        *,
        row_number() over (
            partition by player_id
            order by loaded_at desc, fixture_id desc
        ) as age_rank
    from fixture_players

),

newest_players as (

    select * from ranked_players
    where age_rank = 1

),

-- In the order of preference.
names as (

    select
        player_id,
        player_name,
        1 as preference,
        loaded_at,
        fixture_id,
        lineup_id as row_id
    from fixture_lineups

    union all

    select
        player_id,
        player_name,
        2 as preference,
        loaded_at,
        fixture_id,
        event_id as row_id
    from fixture_events

    union all

    select
        related_player_id as player_id,
        related_player_name as player_name,
        3 as preference,
        loaded_at,
        fixture_id,
        event_id as row_id
    from fixture_events

),

ranked_names as (

    select
        player_id,
        trim(both ' ' from player_name) as player_name,
        row_number() over (
            partition by player_id
            order by preference asc, loaded_at desc, fixture_id desc, row_id desc
        ) as name_rank
    from names
    where
        player_id is not null
        and trim(both ' ' from player_name) <> ''

),

newest_names as (

    select * from ranked_names
    where name_rank = 1

),

final as (

    select
        coalesce(newest_players.player_id, newest_names.player_id) as player_id,
        newest_players.country_id,
        newest_players.nationality_id,
        newest_players.city_id,
        newest_players.position_id,
        newest_players.detailed_position_id,
        newest_players.type_id,
        newest_players.common_name,
        newest_players.firstname,
        newest_players.lastname,
        coalesce(newest_players.name, newest_names.player_name) as name,
        coalesce(newest_players.display_name, newest_names.player_name) as display_name,
        newest_players.image_path,
        newest_players.gender,
        -- The API sends 0 for a height or a weight that it does not know.
        nullif(newest_players.height, 0) as height,
        nullif(newest_players.weight, 0) as weight,
        newest_players.date_of_birth
    from newest_players
    full outer join newest_names on newest_players.player_id = newest_names.player_id

)

select * from final
