with

source as (

    select * from {{ source('sportmonks_raw', 'runs') }}

),

renamed as (

    select

        ----------  ids
        run_id,

        ----------  texts
        outcome,

        ----------  numbers
        {% for count in [
            'known', 'due', 'requested', 'stored', 'unchanged', 'missing', 'unconfirmed', 'failed',
            'superseded', 'resumed', 'calls', 'fixture_calls', 'calls_saved'
        ] %}
        cast({{ json_get_text(parse_json_text('counts'), count) }} as bigint) as {{ count }},
        {% endfor %}
        cast({{ json_get_text(parse_json_text('counts'), 'waited_seconds') }} as double precision)
            as waited_seconds,

        ----------  json
        arguments,

        ----------  timestamps
        started_at,
        updated_at,
        finished_at

    from source

)

select * from renamed
