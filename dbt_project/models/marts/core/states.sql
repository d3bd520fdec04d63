with

states as (

    {{ reference_model('states', key='state_id') }}

)

select
    *,
    {{ state_phase('state_id') }} as phase
from states
