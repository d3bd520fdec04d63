{#- Both includes return the same rows. Some responses have those about expected goals in xglineup only. -#}
{{ array_model(
    ['lineups.details', 'lineups.xglineup'],
    key='player_statistic_id',
    indexes=[{'columns': ['player_id', 'type_id']}, {'columns': ['lineup_id']}]
) }}
