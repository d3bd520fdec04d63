{{ object_model(
    'round',
    key='round_id',
    within_fixture=true,
    indexes=[{'columns': ['fixture_id']}]
) }}
