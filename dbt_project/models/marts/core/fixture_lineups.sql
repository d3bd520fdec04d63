with

lineups as (

    {{ array_model('lineups', key='lineup_id', indexes=[{'columns': ['player_id']}]) }}

)

select
    *,
    type_id = 11 as is_starter
from lineups
