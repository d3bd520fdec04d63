{{ array_model('periods', key='period_id') }}
