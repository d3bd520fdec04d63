{{ object_model(
    'stage',
    key='stage_id',
    within_fixture=true,
    indexes=[{'columns': ['fixture_id']}]
) }}
