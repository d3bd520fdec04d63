{{ array_model('predictions', key='prediction_id', indexes=[{'columns': ['type_id']}]) }}
