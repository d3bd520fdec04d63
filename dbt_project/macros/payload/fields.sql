{#-
    The fields that the tables read from payloads. The yml of a model is the only list of them: a
    column is read from the field of its name, or from `config.meta.path`. Casts, `quarantine` and
    tests follow from it.
-#}

{#- dbt knows the yml of all models when it runs, and not yet when it parses: then there are no fields. -#}
{% macro get_model_fields(node=none) -%}
    {%- set formats = {
        'double precision': 'double',
        'timestamp with time zone': 'timestamp_text',
        'jsonb': 'json',
    } -%}
    {%- set fields = [] -%}
    {%- if execute -%}
        {%- set node = node or graph.nodes[model.get('tested_node_unique_id') or model.unique_id] -%}
        {%- set others = ['fixture_id', 'loaded_at', get_key(node)] -%}
        {%- for column in node.columns.values() if column.name not in others -%}
            {%- set meta = column.config.meta -%}
            {%- if not meta.computed -%}
                {%- set paths = meta.path or column.name -%}
                {%- set format = meta.format or formats.get(column.data_type, column.data_type) -%}
                {%- set paths = [paths] if paths is string else paths -%}
                {%- do fields.append({
                    'column': column.name,
                    'paths': paths,
                    'formats': [format] * (paths | length) if format is string else format,
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(fields) }}
{%- endmacro %}

{% macro get_key(node) -%}
    {%- set key = node.config.unique_key -%}
    {{ return(key if key is string else key | last) }}
{%- endmacro %}

{#- Each payload model asks for them. `graph` is the same object in all models of a run, and keeps them. -#}
{% macro get_documents(source) -%}
    {%- set known = graph.setdefault('payload_documents', {}) if execute else {} -%}
    {%- if source not in known -%}
        {%- set documents = {} if execute else {'fixture': {'kind': 'root', 'fields': {}}} -%}
        {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' -%}
            {%- set payload = node.config.get('meta', {}).get('payload') -%}
            {%- if payload and payload.source == source -%}
                {%- set fields = get_model_fields(node) -%}
                {%- for path in payload.paths -%}
                    {%- do documents.setdefault(path, {'kind': payload.kind, 'fields': {}}) -%}
                    {%- for field in fields -%}
                        {%- for field_path in field.paths -%}
                            {%- do documents[path].fields.update({field_path: field.formats[loop.index0]}) -%}
                        {%- endfor -%}
                    {%- endfor -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
        {#- In a fixed order, so that the compiled SQL is the same in each run. -#}
        {%- do known.update({source: dict(documents | dictsort)}) -%}
    {%- endif -%}
    {{ return(known[source]) }}
{%- endmacro %}

{% macro get_document_fields(path, source='fixtures') -%}
    {{ return(get_documents(source).get(path, {}).get('fields', {})) }}
{%- endmacro %}

{% macro get_part_keys(paths) -%}
    {%- set keys = [] -%}
    {%- for path in paths if path.split('.')[0] not in keys -%}
        {%- do keys.append(path.split('.')[0]) -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}

{% macro get_keys(fields, with_id=true) -%}
    {%- set keys = {'fields': ['id'] if with_id else [], 'texts': [], 'objects': []} -%}
    {%- for path, format in fields.items() -%}
        {%- set key = path.split('.')[0] -%}
        {%- set kind = 'objects' if '.' in path or format == 'json' else 'texts' if format == 'text' else 'fields' -%}
        {%- if key not in keys[kind] -%}
            {%- do keys[kind].append(key) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}

{% macro get_model_keys(with_id=true) -%}
    {%- set fields = {} -%}
    {%- for field in get_model_fields() -%}
        {%- for path in field.paths -%}
            {%- do fields.update({path: field.formats[loop.index0]}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(get_keys(fields, with_id)) }}
{%- endmacro %}
