"""Finds the fixtures that are due, in one query on the warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extract.config.includes import lacks_an_include
from extract.config.recheck_schedule import (
    DELETED,
    STATE_GROUPS,
    TIMES_UNTIL_WITHDRAWN,
    Rule,
)
from extract.warehouse.base import Warehouse

# The reason of fixtures that are stored without an include that is configured now.
INCLUDE_ADDED = "include added"

# Age in seconds that every fixture has.
_ANY = "-1e15"


@dataclass(frozen=True, slots=True)
class DueFixture:
    """A fixture to be requested.

    Attributes:
        id: Sportmonks' id.
        season_id: its season; None if unknown.
        reason: why it is due: `new` (never stored), `changed` (listed with another state or
            kick-off than the stored one, listed again after it was missing, or its last response
            was lost), a group of the schedule, `include added` (stored without
            an include that is configured now), or `requested` (by its id or with --force).
        checked_at: when it was last requested; None if never.
    """

    id: int
    season_id: int | None
    reason: str
    checked_at: datetime | None


def due_fixtures(
    warehouse: Warehouse,
    schedule: Sequence[Rule],
    scope: str,
    now: datetime,
    force: bool,
    added_include: str = "",
) -> list[DueFixture]:
    """The due fixtures, newest season first; those for an added include come last.

    Args:
        warehouse: to query.
        schedule: when fixtures are due again.
        scope: SQL condition on the columns of `known`, for the fixtures to consider.
        now: the time.
        force: take all of them, due or not.
        added_include: an include that every stored fixture should have been requested with.
    """
    reason = "'requested'" if force else _reason(added_include)
    rows = warehouse.query(
        f"{_due_query(warehouse.raw, schedule, scope, str(now.timestamp()), reason)} "
        "select id, season_id, reason, checked_at from with_reason where reason is not null "
        f"order by reason = '{INCLUDE_ADDED}', season_id desc nulls last, starting_at, id"
    )
    return [DueFixture(*row) for row in rows]


def known_fixtures(warehouse: Warehouse, scope: str) -> int:
    """The number of fixtures in a scope, due or not."""
    ((count,),) = warehouse.query(
        f"with {_known(warehouse.raw)} select count(*) from known where {scope}"
    ) or [(0,)]
    return int(count)


def due_view(raw: str, schedule: Sequence[Rule], added_include: str) -> str:
    """The query of a view on all fixtures that are due when the view is read.

    Args:
        raw: schema of the raw tables.
        schedule: when fixtures are due again.
        added_include: as in `due_fixtures`.
    """
    return (
        f"{_due_query(raw, schedule, 'true', _epoch('now()'), _reason(added_include))} "
        "select id, season_id, reason, checked_at from with_reason where reason is not null"
    )


# A row per fixture that was listed, stored or requested.
_KNOWN = """
known as (
    select
        id,
        {newest}
        stored.id is not null as is_stored,
        {differs} as is_listed_differently,
        listed.last_seen_at,
        checks.outcome = 'stored' and checks.checked_at > stored.fetched_at as is_lost,
        checks.outcome,
        checks.times_missing,
        checks.requested_include,
        coalesce(checks.checked_at, stored.fetched_at) as checked_at
    from {raw}.fixture_index as listed
    full join {raw}.fixtures as stored using (id)
    full join {raw}.fixture_checks as checks using (id)
)"""

# Columns of both the list and the payload; the newer of the two counts. The dbt model `fixtures`
# (CTE `current_states`) uses the same condition for deleted fixtures: change both together.
_IN_LIST_AND_PAYLOAD = ("season_id", "league_id", "state_id", "starting_at")
PAYLOAD_IS_NEWER = (
    "checks.outcome in ('stored', 'unchanged') and checks.checked_at >= listed.last_seen_at"
)

_REASON = """
    case
        when not is_stored and state_group not in ('deleted', 'missing', 'unconfirmed', 'failed')
            then 'new'
        -- A run was killed between the commits of two tables, and its files are gone.
        when is_lost and state_group <> 'deleted'
            then 'changed'
        when
            is_stored
            and last_seen_at > checked_at
            and (
                state_group = 'missing'
                or is_listed_differently and state_group not in ('unconfirmed', 'failed')
            )
            then case when state_group = 'deleted' then 'deleted' else 'changed' end
        when
            again = 'run'
            or checked_age < last_point and now_age - checked_age >= coalesce(every, 0) / 2
            then state_group
        when
            is_stored
            and state_group not in ('deleted', 'missing', 'unconfirmed', 'failed')
            and {lacks_an_include}
            then '{include_added}'
    end"""


def _reason(added_include: str) -> str:
    return _REASON.format(
        lacks_an_include=lacks_an_include("requested_include", added_include),
        include_added=INCLUDE_ADDED,
    )


def _due_query(raw: str, schedule: Sequence[Rule], scope: str, now: str, reason: str) -> str:
    rules = ", ".join(map(_rule, schedule))
    groups = ", ".join(
        f"({state}, '{group}')" for group, states in STATE_GROUPS.items() for state in states
    )
    kick_off = _epoch("coalesce(starting_at, timestamptz 'epoch')")
    return f"""
with
{_known(raw)},

schedule (state_group, starts, ends, again, every) as (values {rules}),

state_groups (state_id, state_group) as (values {groups}),

-- Ages are seconds since kick-off; without a kick-off, since 1970. Materialized, because PostgreSQL
-- would compute each column again for each mention of it.
aged as materialized (
    select
        known.*,
        case
            when outcome in ('unconfirmed', 'failed') then outcome
            when known.state_id = {DELETED} then 'deleted'
            when times_missing >= {TIMES_UNTIL_WITHDRAWN} then 'missing'
            when is_stored and outcome = 'missing' then 'unconfirmed'
            else coalesce(state_groups.state_group, 'other')
        end as state_group,
        {now} - {kick_off} as now_age,
        coalesce({_epoch("checked_at")} - {kick_off}, {_ANY}) as checked_age
    from known
    left join state_groups on known.state_id = state_groups.state_id
    where {scope}
),

scheduled as (
    select
        aged.*,
        again,
        every,
        case
            when again = 'never' then null
            when every is null then nullif(starts, {_ANY})
            else
                coalesce(nullif(starts, {_ANY}), 0)
                + every * floor((now_age - coalesce(nullif(starts, {_ANY}), 0)) / every)
        end as last_point
    from aged
    inner join schedule
        on
            aged.state_group = schedule.state_group
            and case when starting_at is null then {_ANY} else now_age end >= starts
            and case when starting_at is null then {_ANY} else now_age end < ends
),

with_reason as (
    select
        scheduled.*,
        {reason} as reason
    from scheduled
)"""


def _known(raw: str) -> str:
    newest = "".join(
        f"case when {PAYLOAD_IS_NEWER} then coalesce(stored.{column}, listed.{column}) "
        f"else coalesce(listed.{column}, stored.{column}) end as {column}, "
        for column in _IN_LIST_AND_PAYLOAD
    )
    differs = " or ".join(
        f"(listed.{column} is not null and listed.{column} is distinct from stored.{column})"
        for column in _IN_LIST_AND_PAYLOAD
    )
    return _KNOWN.format(raw=raw, newest=newest, differs=f"({differs})")


def _epoch(moment: str) -> str:
    return f"cast(extract(epoch from {moment}) as double precision)"


def _rule(rule: Rule) -> str:
    starts = _ANY if rule.starts is None else f"{rule.starts}e0"
    ends = "1e15" if rule.ends is None else f"{rule.ends}e0"
    again = rule.again if isinstance(rule.again, str) else "every"
    every = f"{rule.again}e0" if isinstance(rule.again, int) else "cast(null as double precision)"
    return f"('{rule.group}', {starts}, {ends}, '{again}', {every})"
