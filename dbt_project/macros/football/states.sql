{% macro state_phase(state_id) -%}
    case {{ state_id }}
        {%- for id, code, phase, group in var('states') %}
        when {{ id }} then '{{ phase }}' -- {{ code }}
        {%- endfor %}
    end
{%- endmacro %}
