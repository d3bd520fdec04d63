{#-
    No fixture is as a condition says, but for those that the API has withdrawn. Those that are, come
    with their name.

    Args:
        model: a table with a row for each fixture, called `tested` in the condition.
        condition: SQL, on it and on the fixture's row in `fixtures`.
        shown: the columns that tell a person what is wrong.
-#}
{% test no_fixture(model, condition, shown) %}

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
    {{ shown | join(', ') }}
from tested
inner join fixtures on tested.fixture_id = fixtures.fixture_id
where
    not fixtures.is_withdrawn
    and ({{ condition }})

{% endtest %}
