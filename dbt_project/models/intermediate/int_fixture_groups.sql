{{ object_model(
    'group',
    key='group_id',
    within_fixture=true,
    indexes=[{'columns': ['fixture_id']}]
) }}
