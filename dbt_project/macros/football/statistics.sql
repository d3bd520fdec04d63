{% macro team_statistics() -%}
    {{ return({
        34: 'corners',
        41: 'shots_off_target',
        42: 'shots_total',
        43: 'attacks',
        44: 'dangerous_attacks',
        45: 'possession',
        46: 'ball_safe',
        47: 'penalties',
        49: 'shots_inside_box',
        50: 'shots_outside_box',
        51: 'offsides',
        53: 'goal_kicks',
        54: 'goal_attempts',
        55: 'free_kicks',
        56: 'fouls',
        57: 'saves',
        58: 'shots_blocked',
        59: 'substitutions',
        60: 'throw_ins',
        62: 'long_passes',
        64: 'hit_woodwork',
        65: 'successful_headers',
        78: 'tackles',
        79: 'assists',
        80: 'passes',
        81: 'successful_passes',
        82: 'successful_passes_percentage',
        83: 'red_cards',
        84: 'yellow_cards',
        85: 'yellow_red_cards',
        86: 'shots_on_target',
        87: 'injuries',
        98: 'crosses',
        99: 'accurate_crosses',
        100: 'interceptions',
        106: 'duels_won',
        108: 'dribble_attempts',
        109: 'successful_dribbles',
        117: 'key_passes',
        580: 'big_chances_created',
        581: 'big_chances_missed',
        1527: 'counter_attacks',
        1605: 'successful_dribbles_percentage',
        5304: 'xg',
        5305: 'xgot',
        7939: 'xpts',
        7940: 'xg_penalties',
        7941: 'xg_free_kicks',
        7942: 'xg_corners',
        7943: 'npxg',
        7944: 'xg_set_play',
        7945: 'xg_open_play',
        9685: 'shooting_performance',
        9686: 'xg_prevented',
        27264: 'successful_long_passes',
        27265: 'successful_long_passes_percentage',
    }) }}
{%- endmacro %}

{#- Percentages and expected values: the other statistics of `team_statistics` are counts. -#}
{% macro team_double_types() -%}
    {{ return([45, 82, 1605, 5304, 5305, 7939, 7940, 7941, 7942, 7943, 7944, 7945, 9685, 9686, 27265]) }}
{%- endmacro %}

{% macro pivot_statistics(relation) -%}
    {%- for type_id, column in team_statistics().items() %}
    {%- set value = 'max(case when ' ~ relation ~ '.type_id = ' ~ type_id ~ ' then ' ~ relation ~ '.value end)' %}
    {{ value if type_id in team_double_types() else double_to_bigint(value) }} as {{ column }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
