{#- The include xGFixture returns all statistics under the same ids, and adds those about expected
    goals. The documentation calls its key `expected`. -#}
{{ array_model(
    ['statistics', 'xgfixture', 'expected'],
    key='statistic_id',
    indexes=[{'columns': ['participant_id', 'type_id']}, {'columns': ['type_id']}]
) }}
