{{ array_model('formations', key='formation_id', indexes=[{'columns': ['participant_id']}]) }}
