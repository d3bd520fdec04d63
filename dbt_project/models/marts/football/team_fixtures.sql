{{
    config(
        materialized='incremental',
        incremental_strategy='replace_by_fixture',
        unique_key=['fixture_id', 'team_id'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['team_id', 'starting_at']},
            {'columns': ['season_id', 'starting_at']},
            {'columns': ['league_id', 'starting_at']}
        ]
    )
}}

with

fixture_versions as (

    select
        fixture_id,
        league_id,
        season_id,
        state_id,
        state_code,
        is_withdrawn,
        loaded_at
    from {{ ref('fixtures') }}

),

built_fixtures as (

    select * from {{ ref('fixtures') }}

),

statistics as (

    select * from {{ ref('fixture_statistics') }}

),

formations as (

    select * from {{ ref('fixture_formations') }}

),

coaches as (

    select * from {{ ref('fixture_coaches') }}

),

states as (

    select * from {{ ref('states') }}

),

leagues as (

    select * from {{ ref('leagues') }}

),

seasons as (

    select * from {{ ref('seasons') }}

),

statistic_versions as (

    {{ select_child_versions('fixture_statistics') }}

),

formation_versions as (

    {{ select_child_versions('fixture_formations') }}

),

coach_versions as (

    {{ select_child_versions('fixture_coaches') }}

),

-- Few columns, because all rows are compared with the built ones to find the changes.
fixtures as not materialized (

    select
        fixture_versions.fixture_id,
        fixture_versions.state_code,
        fixture_versions.is_withdrawn,
        fixture_versions.loaded_at,
        states.phase,
        leagues.name as league_name,
        seasons.name as season_name,
        statistic_versions.loaded_at as statistics_loaded_at,
        formation_versions.loaded_at as formations_loaded_at,
        coach_versions.loaded_at as coaches_loaded_at
    from fixture_versions
    left join states on fixture_versions.state_id = states.state_id
    left join leagues on fixture_versions.league_id = leagues.league_id
    left join seasons on fixture_versions.season_id = seasons.season_id
    left join statistic_versions on fixture_versions.fixture_id = statistic_versions.fixture_id
    left join formation_versions on fixture_versions.fixture_id = formation_versions.fixture_id
    left join coach_versions on fixture_versions.fixture_id = coach_versions.fixture_id

),

-- A row depends on more than the payload.
changed_versions as (

    {{ select_changed_fixtures(
        'fixtures',
        columns=[
            'state_code', 'phase', 'league_name', 'season_name', 'statistics_loaded_at',
            'formations_loaded_at', 'coaches_loaded_at'
        ],
        excluded_when='is_withdrawn'
    ) }}

),

changed_fixtures as (

    select
        built_fixtures.*,
        changed_versions.phase,
        changed_versions.league_name,
        changed_versions.season_name,
        changed_versions.statistics_loaded_at,
        changed_versions.formations_loaded_at,
        changed_versions.coaches_loaded_at
    from changed_versions
    inner join built_fixtures on changed_versions.fixture_id = built_fixtures.fixture_id

),

sides as (

    {% for side, other in [('home', 'away'), ('away', 'home')] %}
    select
        fixture_id,
        case when not is_withdrawn then {{ side }}_participant_id end as team_id,
        {{ other }}_participant_id as opponent_id,
        league_id,
        season_id,
        stage_id,
        round_id,
        {{ side }}_participant_name as team_name,
        {{ other }}_participant_name as opponent_name,
        league_name,
        season_name,
        '{{ side }}' as location,
        state_code,
        phase,
        {{ team_result(
            side ~ '_participant_id', other ~ '_participant_id', side ~ '_score', other ~ '_score'
        ) }} as result,
        {{ side }}_score as goals_for,
        {{ other }}_score as goals_against,
        {{ side }}_score_half_time as goals_for_half_time,
        {{ other }}_score_half_time as goals_against_half_time,
        starting_at,
        statistics_loaded_at,
        formations_loaded_at,
        coaches_loaded_at,
        loaded_at
    from changed_fixtures
    {% if side == 'away' %}
    -- While neither team is known, one placeholder team may be on both sides.
    where
        not is_withdrawn
        and away_participant_id is not null
        and home_participant_id is distinct from away_participant_id
    {% endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

team_statistics as (

    select
        statistics.fixture_id,
        statistics.participant_id,
        {{ pivot_statistics('statistics') }}
    from statistics
    where statistics.fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1, 2

),

-- The API may send two formations or coaches of a team: the one with the highest id counts.
team_formations as (

    select
        fixture_id,
        participant_id,
        {{ latest('formation', ['formation_id'], with_nulls=true) }} as formation
    from formations
    where fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1, 2

),

team_coaches as (

    select
        fixture_id,
        participant_id,
        max(coach_id) as coach_id,
        {{ latest('name', ['coach_id'], with_nulls=true) }} as coach_name
    from coaches
    where fixture_id in (select changed_fixtures.fixture_id from changed_fixtures)
    group by 1, 2

),

final as (

    select
        sides.*,
        team_coaches.coach_id,
        team_coaches.coach_name,
        team_formations.formation,
        opponent_formations.formation as opponent_formation,
        team_statistics.{{ team_statistics().values() | join(',\n        team_statistics.') }},
        opponent_statistics.xg as xg_against
    from sides
    left join team_statistics
        on
            sides.fixture_id = team_statistics.fixture_id
            and sides.team_id = team_statistics.participant_id
    left join team_statistics as opponent_statistics
        on
            sides.fixture_id = opponent_statistics.fixture_id
            and sides.opponent_id = opponent_statistics.participant_id
    left join team_formations
        on
            sides.fixture_id = team_formations.fixture_id
            and sides.team_id = team_formations.participant_id
    left join team_formations as opponent_formations
        on
            sides.fixture_id = opponent_formations.fixture_id
            and sides.opponent_id = opponent_formations.participant_id
    left join team_coaches
        on
            sides.fixture_id = team_coaches.fixture_id
            and sides.team_id = team_coaches.participant_id

)

-- A home side without a team only marks that the fixture changed or was withdrawn.
select * from final
where {{ has_key('team_id') }}
