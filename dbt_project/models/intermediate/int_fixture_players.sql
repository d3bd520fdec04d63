{{ object_model(
    'lineups.player',
    key='player_id',
    within_fixture=true,
    indexes=[{'columns': ['fixture_id']}]
) }}
