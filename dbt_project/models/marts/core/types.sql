{{ reference_model('types', key='type_id') }}
