{#- The fields that the tables read from a payload. Models cast by this list, and `quarantine` validates by it. -#}

{% macro payload_fields(document) -%}
    {{ return({
        'fixture': {
            'sport_id': 'bigint',
            'league_id': 'bigint',
            'season_id': 'bigint',
            'stage_id': 'bigint',
            'group_id': 'bigint',
            'aggregate_id': 'bigint',
            'round_id': 'bigint',
            'state_id': 'bigint',
            'venue_id': 'bigint',
            'name': 'text',
            'result_info': 'text',
            'leg': 'text',
            'details': 'text',
            'length': 'bigint',
            'placeholder': 'boolean',
            'has_odds': 'boolean',
            'has_premium_odds': 'boolean',
            'starting_at_timestamp': 'epoch_seconds',
            'starting_at': 'timestamp_text',
        },
        'participants': {
            'id': 'bigint',
            'sport_id': 'bigint',
            'country_id': 'bigint',
            'venue_id': 'bigint',
            'name': 'text',
            'short_code': 'text',
            'gender': 'text',
            'type': 'text',
            'image_path': 'text',
            'meta.location': 'text',
            'founded': 'bigint',
            'meta.position': 'bigint',
            'meta.winner': 'boolean',
            'placeholder': 'boolean',
            'last_played_at': 'timestamp_text',
        },
        'scores': {
            'id': 'bigint',
            'type_id': 'bigint',
            'participant_id': 'bigint',
            'description': 'text',
            'score.participant': 'text',
            'score.goals': 'bigint',
        },
        'statistics': {
            'id': 'bigint',
            'type_id': 'bigint',
            'participant_id': 'bigint',
            'location': 'text',
            'data.value': 'double',
        },
        'events': {
            'id': 'bigint',
            'type_id': 'bigint',
            'sub_type_id': 'bigint',
            'participant_id': 'bigint',
            'period_id': 'bigint',
            'detailed_period_id': 'bigint',
            'player_id': 'bigint',
            'related_player_id': 'bigint',
            'coach_id': 'bigint',
            'section': 'text',
            'player_name': 'text',
            'related_player_name': 'text',
            'result': 'text',
            'info': 'text',
            'addition': 'text',
            'minute': 'bigint',
            'extra_minute': 'bigint',
            'sort_order': 'bigint',
            'injured': 'boolean',
            'on_bench': 'boolean',
            'rescinded': 'boolean',
        },
        'periods': {
            'id': 'bigint',
            'type_id': 'bigint',
            'description': 'text',
            'counts_from': 'bigint',
            'sort_order': 'bigint',
            'time_added': 'bigint',
            'period_length': 'bigint',
            'minutes': 'bigint',
            'seconds': 'bigint',
            'ticking': 'boolean',
            'has_timer': 'boolean',
            'started': 'epoch_seconds',
            'ended': 'epoch_seconds',
        },
        'leagues': {
            'sport_id': 'bigint',
            'country_id': 'bigint',
            'currentseason.id': 'bigint',
            'name': 'text',
            'short_code': 'text',
            'image_path': 'text',
            'type': 'text',
            'sub_type': 'text',
            'category': 'bigint',
            'active': 'boolean',
            'last_played_at': 'timestamp_text',
        },
        'seasons': {
            'sport_id': 'bigint',
            'league_id': 'bigint',
            'tie_breaker_rule_id': 'bigint',
            'name': 'text',
            'finished': 'boolean',
            'pending': 'boolean',
            'is_current': 'boolean',
            'starting_at': 'date',
            'ending_at': 'date',
        },
        'states': {
            'state': 'text',
            'name': 'text',
            'short_name': 'text',
            'developer_name': 'text',
        },
        'types': {
            'name': 'text',
            'code': 'text',
            'developer_name': 'text',
            'model_type': 'text',
            'stat_group': 'text',
        },
    }[document]) }}
{%- endmacro %}

{% macro payload_arrays() -%}
    {{ return(['participants', 'scores', 'statistics', 'events', 'periods']) }}
{%- endmacro %}

{% macro payload_keys(document) -%}
    {%- set keys = {'fields': [], 'texts': [], 'objects': []} -%}
    {%- for path, type in payload_fields(document).items() -%}
        {%- set key = path.split('.')[0] -%}
        {%- set kind = 'objects' if '.' in path else 'texts' if type == 'text' else 'fields' -%}
        {%- if key not in keys[kind] -%}
            {%- do keys[kind].append(key) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
