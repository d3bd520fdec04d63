{{ array_model(
    'coaches',
    key='coach_id',
    within_fixture=true,
    indexes=[{'columns': ['coach_id']}, {'columns': ['participant_id']}]
) }}
