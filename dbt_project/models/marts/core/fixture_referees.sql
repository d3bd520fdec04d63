{{ array_model(
    'referees',
    key='fixture_referee_id',
    indexes=[{'columns': ['referee_id', 'type_id']}]
) }}
