with

fixture_invalid_values as (

    select * from {{ ref('int_fixture_invalid_values') }}

),

reference_invalid_values as (

    select * from {{ ref('stg_sportmonks__reference_invalid_values') }}

),

final as (

    select
        fixture_id,
        'fixtures' as source_table,
        fixture_id as source_id,
        row_id,
        path,
        value,
        reason,
        loaded_at
    from fixture_invalid_values
    where path <> ''

    union all

    select
        null as fixture_id,
        source_table,
        source_id,
        null as row_id,
        path,
        value,
        reason,
        loaded_at
    from reference_invalid_values

)

select * from final
