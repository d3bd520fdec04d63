{#- The API's winner takes precedence over the score, for example in an awarded match. -#}
{% macro team_result(team_id, opponent_id, goals_for, goals_against) -%}
    case
        when phase <> 'finished' then null
        when winner_participant_id = {{ team_id }} then 'won'
        when winner_participant_id = {{ opponent_id }} then 'lost'
        when {{ goals_for }} = {{ goals_against }} then 'drawn'
        when {{ goals_for }} > {{ goals_against }} then 'won'
        when {{ goals_for }} < {{ goals_against }} then 'lost'
    end
{%- endmacro %}
