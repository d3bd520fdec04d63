{{ object_model('weatherreport', key='weather_id') }}
