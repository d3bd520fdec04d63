{#- GOAL, OWNGOAL, PENALTY. -#}
{% macro goal_types() -%} (14, 15, 16) {%- endmacro %}

{#- PENALTY_SHOOTOUT_MISS, PENALTY_SHOOTOUT_GOAL. -#}
{% macro shootout_types() -%} (22, 23) {%- endmacro %}

{#- YELLOWCARD, REDCARD, YELLOWREDCARD. A second yellow card is a YELLOWREDCARD and no YELLOWCARD. -#}
{% macro is_card(type_id, rescinded) -%}
    coalesce({{ type_id }} in (19, 20, 21) and {{ rescinded }} is not true, false)
{%- endmacro %}

{% macro minute_label(minute, extra_minute) -%}
    cast({{ minute }} as text)
    || case
        when {{ extra_minute }} > 0 then '+' || cast({{ extra_minute }} as text) else ''
    end
    || chr(39)
{%- endmacro %}
