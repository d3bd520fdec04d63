{{ array_model(
    'events',
    key='event_id',
    indexes=[
        {'columns': ['participant_id', 'type_id']},
        {'columns': ['type_id']},
        {'columns': ['player_id']}
    ]
) }}
