{{ array_model(
    'sidelined',
    key='fixture_sidelined_id',
    indexes=[{'columns': ['player_id']}, {'columns': ['participant_id']}]
) }}
