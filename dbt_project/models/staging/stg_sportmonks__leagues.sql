with

source as (

    select * from {{ source('sportmonks_raw', 'leagues') }}

),

fields as (

    {{ read_fields(
        'source',
        'payload',
        ['id as league_id'],
        ['sport_id', 'country_id', 'active', 'category', 'last_played_at'],
        texts=['name', 'short_code', 'image_path', 'type', 'sub_type'],
        objects=['currentseason']
    ) }}

)

select * from fields
