{{ array_model(
    'participants',
    key='participant_id',
    within_fixture=true,
    indexes=[{'columns': ['participant_id']}]
) }}
