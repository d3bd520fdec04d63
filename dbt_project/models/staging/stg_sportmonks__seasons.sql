with

source as (

    select * from {{ source('sportmonks_raw', 'seasons') }}

),

fields as (

    {{ read_fields(
        'source',
        'payload',
        ['id as season_id'],
        [
            'sport_id', 'league_id', 'tie_breaker_rule_id', 'finished', 'pending',
            'is_current', 'starting_at', 'ending_at'
        ],
        texts=['name']
    ) }}

)

select * from fields
