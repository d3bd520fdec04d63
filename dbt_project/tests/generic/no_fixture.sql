{% test no_fixture(model, condition, shown_columns) %}

with

tested as (

    select * from {{ model }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

)

select
    fixtures.fixture_id,
    fixtures.name as fixture_name,
    {{ shown_columns | join(', ') }}
from tested
inner join fixtures on tested.fixture_id = fixtures.fixture_id
where
    not fixtures.is_withdrawn
    and ({{ condition }})

{% endtest %}
