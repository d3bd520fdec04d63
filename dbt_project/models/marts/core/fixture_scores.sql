{{ array_model('scores', key='score_id', indexes=[{'columns': ['participant_id', 'type_id']}]) }}
