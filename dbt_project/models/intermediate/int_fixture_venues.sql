{{ object_model(
    'venue',
    key='venue_id',
    within_fixture=true,
    indexes=[{'columns': ['fixture_id']}]
) }}
