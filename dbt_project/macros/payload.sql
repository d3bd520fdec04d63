{#-
    What the tables read of a payload: the one list that the models cast by, and that `quarantine`
    checks.
-#}

{#-
    The fields of a fixture, or of the objects in one of its arrays, with the type of their column:
    bigint, double, boolean, text, seconds (since 1970), utc (a time as text) or date. A field of an
    object inside is written with a point.

    Args:
        document: fixture, or an array's key.
-#}
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
            'starting_at_timestamp': 'seconds',
            'starting_at': 'utc',
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
            'last_played_at': 'utc',
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
            'started': 'seconds',
            'ended': 'seconds',
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
            'last_played_at': 'utc',
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

{#- The arrays of a fixture that have tables of their own. -#}
{% macro payload_arrays() -%}
    {{ return(['participants', 'scores', 'statistics', 'events', 'periods']) }}
{%- endmacro %}

{#-
    The keys to read of a document, by how `flatten` and `read_fields` read them.

    Returns:
        fields (read as text), texts (strings), objects.
-#}
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

{#-
    The select list that casts the fields of a flattened document to their columns. A column has the
    field's name; that of a field of an object inside is the name behind the point.

    Args:
        document: as in `payload_fields`.
        except: fields to leave out.
-#}
{% macro payload_columns(document, except=['id']) -%}
    {%- for path in payload_fields(document) if path not in except %}
    {{ payload_column(document, path) }} as {{ path.split('.') | last }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- One field of a flattened document, cast to its column's type. -#}
{% macro payload_column(document, path) -%}
    {%- set type = payload_fields(document)[path] -%}
    {%- if '.' in path and type == 'text' -%}
        {{ to_text("(" ~ path.split('.')[0] ~ " -> '" ~ path.split('.')[1] ~ "')") }}
    {%- elif type == 'text' -%}
        {{ path }}
    {%- else -%}
        {{ cast_text(payload_value(path), type) }}
    {%- endif -%}
{%- endmacro %}

{#-
    The SQL of a field that `flatten` reads as text.

    Args:
        path: as in `payload_fields`.
        object: what stands before its name.
-#}
{% macro payload_value(path, object='') -%}
    {%- if '.' in path -%}
        ({{ object ~ path.split('.')[0] }} ->> '{{ path.split('.')[1] }}')
    {%- else -%}
        {{ object ~ path }}
    {%- endif -%}
{%- endmacro %}

{#- Text to one of the types of `payload_fields`. -#}
{% macro cast_text(text, type) -%}
    {%- if type == 'bigint' -%} {{ to_bigint(text) }}
    {%- elif type == 'double' -%} {{ to_double(text) }}
    {%- elif type == 'boolean' -%} {{ to_boolean(text) }}
    {%- elif type == 'seconds' -%} {{ to_timestamp_utc(text) }}
    {%- elif type == 'utc' -%} {{ to_utc(text) }}
    {%- elif type == 'date' -%} {{ to_date(text) }}
    {%- endif -%}
{%- endmacro %}
