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

-- In the order of preference: a lineup has the name of every player, and without trailing blanks.
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
        trim(player_name) as player_name,
        row_number() over (
            partition by player_id
            order by preference, loaded_at desc, fixture_id desc, row_id desc
        ) as name_rank
    from names
    where player_id is not null and trim(player_name) <> ''

),

final as (

    select
        coalesce(players.player_id, names.player_id) as player_id,
        players.country_id,
        players.nationality_id,
        players.city_id,
        players.position_id,
        players.detailed_position_id,
        players.type_id,
        players.common_name,
        players.firstname,
        players.lastname,
        coalesce(players.name, names.player_name) as name,
        coalesce(players.display_name, names.player_name) as display_name,
        players.image_path,
        players.gender,
        -- The API sends 0 for a height or a weight that it does not know.
        nullif(players.height, 0) as height,
        nullif(players.weight, 0) as weight,
        players.date_of_birth
    from (select * from ranked_players where age_rank = 1) as players
    full outer join (select * from ranked_names where name_rank = 1) as names
        on players.player_id = names.player_id

)

select * from final
