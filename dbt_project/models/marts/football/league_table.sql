with

fixtures as (

    select * from {{ ref('fixtures') }}

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

teams as (

    select * from {{ ref('teams') }}

),

-- A stage without rounds is a knock-out stage, which has no table.
matches as (

    select
        fixtures.fixture_id,
        fixtures.league_id,
        fixtures.season_id,
        fixtures.stage_id,
        -- Each group of a stage has its own table; 0 in a stage without groups.
        coalesce(fixtures.group_id, 0) as group_key,
        fixtures.round_id,
        fixtures.round_name,
        fixtures.home_participant_id,
        fixtures.away_participant_id,
        fixtures.winner_participant_id,
        fixtures.home_score,
        fixtures.away_score,
        fixtures.starting_at,
        states.developer_name in ('AWARDED', 'WO') as is_awarded,
        coalesce(
            states.phase = 'finished'
            and (
                (fixtures.home_score is not null and fixtures.away_score is not null)
                or fixtures.winner_participant_id in (
                    fixtures.home_participant_id, fixtures.away_participant_id
                )
            ),
            false
        ) as counts
    from fixtures
    left join states on fixtures.state_id = states.state_id
    where
        fixtures.round_id is not null
        and not fixtures.is_withdrawn

),

-- The names of rounds are texts, and not always numbers. Most matches of a round are played when planned,
-- so that the median kick-off orders the rounds although single matches were moved.
round_days as (

    select
        season_id,
        stage_id,
        round_id,
        max(round_name) as round_name,
        {{ median_time('starting_at') }} as starting_at
    from matches
    group by 1, 2, 3

),

rounds as (

    select
        season_id,
        stage_id,
        round_id,
        round_name,
        row_number() over (
            partition by season_id, stage_id
            order by starting_at nulls last, round_id
        ) as round_number
    from round_days

),

sides as (

    {% for side, other in [('home', 'away'), ('away', 'home')] %}
    select
        fixture_id,
        league_id,
        season_id,
        stage_id,
        group_key,
        round_id,
        {{ side }}_participant_id as team_id,
        counts,
        coalesce({{ side }}_score, 0) as goals_for,
        coalesce({{ other }}_score, 0) as goals_against,
        case
            -- In a league an equal score is a draw, also after a shoot-out. In an awarded match the
            -- winner counts: the score may be that at which it was abandoned.
            when
                {{ side }}_score = {{ other }}_score
                and not (is_awarded and winner_participant_id is not null)
                then 'D'
            when winner_participant_id = {{ side }}_participant_id then 'W'
            when winner_participant_id = {{ other }}_participant_id then 'L'
            when {{ side }}_score > {{ other }}_score then 'W'
            else 'L'
        end as result,
        starting_at
    from matches
    where {{ side }}_participant_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

entries as (

    select
        season_id,
        stage_id,
        group_key,
        team_id,
        max(league_id) as league_id
    from sides
    group by 1, 2, 3, 4

),

-- Not materialized: it is used twice, and would be computed for all seasons in every query.
results as not materialized (

    select
        sides.*,
        rounds.round_name,
        rounds.round_number,
        row_number() over (
            partition by sides.season_id, sides.stage_id, sides.group_key, sides.team_id
            order by rounds.round_number, sides.starting_at, sides.fixture_id
        ) as match_number
    from sides
    inner join rounds
        on
            sides.season_id = rounds.season_id
            and sides.stage_id = rounds.stage_id
            and sides.round_id = rounds.round_id
    where sides.counts

),

begun_rounds as (

    select distinct
        season_id,
        stage_id,
        group_key,
        round_id,
        round_name,
        round_number
    from results

),

-- Every team in every round that has begun, whether it has played in it or not. The matches are added
-- with `union all` because PostgreSQL estimates that a join on so many columns returns one row, and
-- chooses a nested loop.
entries_and_results as (

    select
        entries.league_id,
        entries.season_id,
        entries.stage_id,
        entries.group_key,
        begun_rounds.round_id,
        begun_rounds.round_name,
        begun_rounds.round_number,
        entries.team_id,
        null as match_number,
        null as result,
        0 as goals_for,
        0 as goals_against
    from entries
    inner join begun_rounds
        on
            entries.season_id = begun_rounds.season_id
            and entries.stage_id = begun_rounds.stage_id
            and entries.group_key = begun_rounds.group_key

    union all

    select
        league_id,
        season_id,
        stage_id,
        group_key,
        round_id,
        round_name,
        round_number,
        team_id,
        match_number,
        result,
        goals_for,
        goals_against
    from results

),

totals as (

    select
        max(league_id) as league_id,
        season_id,
        stage_id,
        group_key,
        round_id,
        round_name,
        round_number,
        team_id,
        count(result) as played,
        count(case when result = 'W' then 1 end) as won,
        count(case when result = 'D' then 1 end) as drawn,
        count(case when result = 'L' then 1 end) as lost,
        sum(goals_for) as goals_for,
        sum(goals_against) as goals_against,
        {{ join_texts('result', order_by='match_number') }} as results
    from entries_and_results
    group by 2, 3, 4, 5, 6, 7, 8

),

running as (

    select
        league_id,
        season_id,
        stage_id,
        group_key,
        round_id,
        round_name,
        round_number,
        team_id,
        {% for number in ['played', 'won', 'drawn', 'lost', 'goals_for', 'goals_against'] %}
        cast(sum({{ number }}) over up_to_round as bigint) as {{ number }},
        {% endfor %}
        right({{ join_texts_over('results', 'up_to_round') }}, 5) as form
    from totals
    window up_to_round as (
        partition by season_id, stage_id, group_key, team_id
        order by round_number
    )

),

scored as (

    select
        *,
        goals_for - goals_against as goal_difference,
        3 * won + drawn as points,
        max(round_number) over (
            partition by season_id, stage_id, group_key
        ) as last_round_number
    from running

),

final as (

    select
        scored.season_id,
        scored.stage_id,
        nullif(scored.group_key, 0) as group_id,
        scored.round_id,
        scored.team_id,
        scored.league_id,
        leagues.name as league_name,
        seasons.name as season_name,
        teams.name as team_name,
        scored.round_name,
        scored.form,
        scored.round_number,
        rank() over (
            partition by
                scored.season_id, scored.stage_id, scored.group_key, scored.round_number
            order by scored.points desc, scored.goal_difference desc, scored.goals_for desc
        ) as position,
        scored.played,
        scored.won,
        scored.drawn,
        scored.lost,
        scored.goals_for,
        scored.goals_against,
        scored.goal_difference,
        scored.points,
        scored.round_number = scored.last_round_number as is_latest
    from scored
    left join leagues on scored.league_id = leagues.league_id
    left join seasons on scored.season_id = seasons.season_id
    left join teams on scored.team_id = teams.team_id

)

select * from final
