with

source as (

    select * from {{ source('sportmonks_raw', 'leagues') }}

),

fields as (

    {{ read_fields(
        'source',
        'payload',
        ['id as league_id'],
        [
            'sport_id', 'country_id', 'name', 'active', 'short_code',
            'image_path', 'type', 'sub_type', 'category', 'last_played_at'
        ],
        ['currentseason']
    ) }}

)

select * from fields
