with

listed as (

    select * from {{ ref('stg_sportmonks__fixture_index') }}

),

fixtures as (

    select * from {{ ref('fixtures') }}

),

checks as (

    select * from {{ ref('stg_sportmonks__fixture_checks') }}

),

due as (

    select * from {{ ref('stg_sportmonks__due_fixtures') }}

),

quality as (

    select * from {{ ref('fixture_quality') }}

),

states as (

    select * from {{ ref('states') }}

),

seasons as (

    select * from {{ ref('seasons') }}

),

leagues as (

    select * from {{ ref('leagues') }}

),

known as (

    select
        coalesce(fixtures.fixture_id, listed.fixture_id) as fixture_id,
        coalesce(fixtures.season_id, listed.season_id) as season_id,
        fixtures.fixture_id is not null as is_stored,
        coalesce(fixtures.is_withdrawn, false) as is_withdrawn,
        fixtures.state_id,
        fixtures.starting_at,
        fixtures.loaded_at
    from listed
    full join fixtures on listed.fixture_id = fixtures.fixture_id
    -- A fixture that was deleted before it was stored is never requested.
    where fixtures.fixture_id is not null or listed.state_id is distinct from 20

),

classified as (

    select
        known.*,
        not known.is_withdrawn and states.phase = 'finished' as is_finished,
        checks.outcome,
        checks.checked_at,
        due.fixture_id is not null as is_due,
        coalesce(quality.statistic_count > 0, false) as has_statistics,
        coalesce(quality.event_count > 0, false) as has_events
    from known
    left join states on known.state_id = states.state_id
    left join checks on known.fixture_id = checks.fixture_id
    left join due on known.fixture_id = due.fixture_id
    left join quality on known.fixture_id = quality.fixture_id

),

counts as (

    select
        season_id,
        count(*) as known,
        count(case when is_stored then 1 end) as stored,
        count(case when is_withdrawn then 1 end) as withdrawn,
        count(case when is_finished then 1 end) as finished,
        count(case when is_finished and has_statistics then 1 end) as finished_with_statistics,
        count(case when is_finished and has_events then 1 end) as finished_with_events,
        count(case when is_due then 1 end) as due,
        count(case when outcome = 'unconfirmed' then 1 end) as unconfirmed,
        count(case when outcome = 'missing' then 1 end) as missing,
        count(case when outcome = 'failed' then 1 end) as failed,
        min(case when not is_withdrawn then starting_at end) as first_kick_off_at,
        max(case when is_finished then starting_at end) as last_finished_kick_off_at,
        max(checked_at) as last_checked_at,
        max(loaded_at) as last_loaded_at
    from classified
    group by 1

),

final as (

    select
        coalesce(counts.season_id, seasons.season_id) as season_id,
        seasons.league_id,
        leagues.name as league_name,
        seasons.name as season_name,
        {%- for count in [
            'known', 'stored', 'withdrawn', 'finished', 'finished_with_statistics',
            'finished_with_events', 'due', 'unconfirmed', 'missing', 'failed'
        ] %}
        coalesce(counts.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        seasons.is_current,
        counts.first_kick_off_at,
        counts.last_finished_kick_off_at,
        counts.last_checked_at,
        counts.last_loaded_at
    from counts
    full join seasons on counts.season_id = seasons.season_id
    left join leagues on seasons.league_id = leagues.league_id

)

select * from final
