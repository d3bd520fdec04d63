{{ array_model('metadata', key='metadata_id', indexes=[{'columns': ['type_id']}]) }}
