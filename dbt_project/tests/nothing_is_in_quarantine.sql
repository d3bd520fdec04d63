{{ config(severity='warn') }}

select
    source_table,
    source_id,
    path,
    value,
    reason
from {{ ref('quarantine') }}
