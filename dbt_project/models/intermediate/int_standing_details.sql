{{ list_model(
    'standings',
    key='standing_detail_id',
    path='data.details',
    indexes=[{'columns': ['standing_id']}]
) }}
