{{ list_model(
    'topscorers',
    key='topscorer_id',
    indexes=[{'columns': ['season_id', 'type_id']}, {'columns': ['player_id']}]
) }}
