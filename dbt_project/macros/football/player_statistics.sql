{% macro player_counts() -%}
    {{ return({
        41: 'shots_off_target',
        42: 'shots_total',
        51: 'offsides',
        52: 'goals',
        56: 'fouls',
        57: 'saves',
        58: 'shots_blocked',
        64: 'hit_woodwork',
        78: 'tackles',
        79: 'assists',
        80: 'passes',
        83: 'red_cards',
        84: 'yellow_cards',
        85: 'yellow_red_cards',
        86: 'shots_on_target',
        94: 'dispossessed',
        96: 'fouls_drawn',
        97: 'blocked_shots',
        98: 'crosses',
        99: 'accurate_crosses',
        100: 'interceptions',
        101: 'clearances',
        105: 'duels',
        106: 'duels_won',
        107: 'aerials_won',
        108: 'dribble_attempts',
        109: 'successful_dribbles',
        110: 'dribbled_past',
        111: 'penalties_scored',
        112: 'penalties_missed',
        113: 'penalties_saved',
        114: 'penalties_committed',
        115: 'penalties_won',
        116: 'accurate_passes',
        117: 'key_passes',
        120: 'touches',
        122: 'long_balls',
        123: 'long_balls_won',
        324: 'own_goals',
        571: 'errors_lead_to_goal',
        580: 'big_chances_created',
        581: 'big_chances_missed',
        1535: 'goalkeeper_goals_conceded',
        9706: 'chances_created',
        27266: 'aerials_lost',
        27267: 'tackles_won',
        27269: 'passes_in_final_third',
        27271: 'ball_recoveries',
        27273: 'possession_lost',
    }) }}
{%- endmacro %}

{% macro player_doubles() -%}
    {{ return({
        118: 'rating',
        1584: 'accurate_passes_percentage',
        5304: 'xg',
        5305: 'xgot',
        9685: 'shooting_performance',
    }) }}
{%- endmacro %}

{#- Types that come with the include `lineups.xGLineup` alone, and say nothing about the other types. -#}
{% macro player_xg_types() -%} (5304, 5305, 9685) {%- endmacro %}

{% macro player_event_counts() -%}
    {{ return([
        'goals', 'penalties_scored', 'penalties_missed', 'own_goals', 'assists', 'yellow_cards',
        'yellow_red_cards', 'red_cards'
    ]) }}
{%- endmacro %}

{% macro player_season_counts() -%}
    {{ return([
        'shots_total', 'shots_on_target', 'passes', 'accurate_passes', 'key_passes',
        'big_chances_created', 'big_chances_missed', 'crosses', 'dribble_attempts',
        'successful_dribbles', 'touches', 'tackles', 'interceptions', 'clearances', 'duels',
        'duels_won', 'fouls', 'fouls_drawn', 'offsides', 'saves'
    ]) }}
{%- endmacro %}

{#-
    An absent count is zero, and a null is unknown. -1 is an explicit null, because an aggregate does
    not tell a null from an absent row.
-#}
{% macro pivot_player_statistics(relation) -%}
    {%- for type_id, column in player_counts().items() %}
    coalesce(max(case when {{ relation }}.type_id = {{ type_id }} then coalesce({{ relation }}.value, -1) end), 0)
        as {{ column }},
    {%- endfor %}
    {%- for type_id, column in player_doubles().items() %}
    max(case when {{ relation }}.type_id = {{ type_id }} then {{ relation }}.value end) as {{ column }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro player_count(column) -%}
    {{ double_to_bigint("nullif(" ~ column ~ ", -1)") }}
{%- endmacro %}

{#- An event of a goal or a substitution is about two players. -#}
{% macro select_player_events(relation, columns) -%}
select
    {{ columns | join(', ') }},
    player_id,
    player_name,
    minute,
    case type_id
        when 14 then 'goal'
        when 15 then 'own_goal'
        when 16 then 'penalty_scored'
        when 17 then 'penalty_missed'
        when 18 then 'substituted_on'
        when 19 then 'yellow_card'
        when 20 then 'red_card'
        when 21 then 'yellow_red_card'
    end as part,
    {{ is_card('type_id', 'rescinded') }} as is_card,
    -- Cards are also shown to players on the bench.
    not coalesce(on_bench, false) as is_on_pitch
from {{ relation }}
where type_id between 14 and 23

union all

select
    {{ columns | join(', ') }},
    related_player_id as player_id,
    related_player_name as player_name,
    minute,
    case type_id when 14 then 'assist' when 18 then 'substituted_off' end as part,
    false as is_card,
    true as is_on_pitch
from {{ relation }}
where type_id in (14, 18)
{%- endmacro %}

{#- The names of the columns are those of `player_event_counts`. -#}
{% macro count_player_events() -%}
    count(case when part in ('goal', 'penalty_scored') then 1 end) as goals,
    {%- for part, column in {
        'penalty_scored': 'penalties_scored',
        'penalty_missed': 'penalties_missed',
        'own_goal': 'own_goals',
        'assist': 'assists',
    }.items() %}
    count(case when part = '{{ part }}' then 1 end) as {{ column }},
    {%- endfor %}
    {%- for part in ['yellow_card', 'yellow_red_card', 'red_card'] %}
    count(case when part = '{{ part }}' and is_card then 1 end) as {{ part }}s
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
