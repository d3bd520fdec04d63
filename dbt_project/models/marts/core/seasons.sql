{{ reference_model('seasons', key='season_id', indexes=[{'columns': ['league_id']}]) }}
