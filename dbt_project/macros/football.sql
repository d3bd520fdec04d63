{#- What the provider's codes mean. -#}

{#-
    The phase that a state belongs to: scheduled, live, finished or called_off; null for a state
    that is not known. SUSPENDED and INTERRUPTED matches are live, as the provider's own flags said
    until 2023; ABANDONED ones are called off, although some are resumed.

    Args:
        state_id: SQL of the state's id.
-#}
{% macro state_phase(state_id) -%}
    case
        -- NS, TBA, DELAYED
        when {{ state_id }} in (1, 13, 16) then 'scheduled'
        -- Halves, extra time, shoot-out, breaks; SUSPENDED, INTERRUPTED, AWAITING_UPDATES, PENDING
        when {{ state_id }} in (2, 3, 4, 6, 9, 11, 18, 19, 21, 22, 23, 25, 26) then 'live'
        -- FT, AET, FT_PEN, WO, AWARDED
        when {{ state_id }} in (5, 7, 8, 14, 17) then 'finished'
        -- POSTPONED, CANCELLED, ABANDONED, DELETED
        when {{ state_id }} in (10, 12, 15, 20) then 'called_off'
    end
{%- endmacro %}

{#- Types of events that count as a goal: GOAL, OWNGOAL, PENALTY. -#}
{% macro goal_types() -%} (14, 15, 16) {%- endmacro %}

{#- Types of shoot-out kicks: PENALTY_SHOOTOUT_MISS, PENALTY_SHOOTOUT_GOAL. -#}
{% macro shootout_types() -%} (22, 23) {%- endmacro %}

{#-
    Whether an event is a card that counts: YELLOWCARD, REDCARD or YELLOWREDCARD, and not rescinded.
    A second yellow card is a YELLOWREDCARD and no YELLOWCARD.

    Args:
        type_id: SQL of the event's type.
        rescinded: SQL of the event's `rescinded`.
-#}
{% macro is_card(type_id, rescinded) -%}
    coalesce({{ type_id }} in (19, 20, 21) and {{ rescinded }} is not true, false)
{%- endmacro %}

{#- The minute as people write it: 45+2'. -#}
{% macro minute_label(minute, extra_minute) -%}
    cast({{ minute }} as text)
    || case
        when {{ extra_minute }} > 0 then '+' || cast({{ extra_minute }} as text) else ''
    end
    || ''''
{%- endmacro %}

{#- The statistics that are columns of `team_fixtures`: id of the type, and the column's name. -#}
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
        27264: 'successful_long_passes',
        27265: 'successful_long_passes_percentage',
    }) }}
{%- endmacro %}

{#- Rows of `fixture_statistics` as the columns of `team_fixtures`, in a query of a
    CTE `statistics` that is grouped by team. -#}
{% macro pivoted_statistics() -%}
    {%- for type_id, column in team_statistics().items() %}
    max(case when statistics.type_id = {{ type_id }} then statistics.value end) as {{ column }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
