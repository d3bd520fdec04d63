{{ reference_model('leagues', key='league_id') }}
