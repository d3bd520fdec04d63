"""The work list of a run: the due fixtures of a selection, or the fixtures of given ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from extract.config.recheck_schedule import read_schedule
from extract.config.settings import Settings
from extract.planning.due import DueFixture, due_fixtures, known_fixtures
from extract.planning.includes import added_include
from extract.planning.seasons import Season, chosen_seasons
from extract.planning.selection import Selection
from extract.warehouse.base import Warehouse

# An interrupted run for a list of ids is resumed within this time; later, it starts again.
_RESUMABLE = timedelta(hours=24)


@dataclass(frozen=True)
class WorkList:
    """The fixtures that a run requests.

    Attributes:
        due: the fixtures, those of a season together, newest season first.
        known: number of fixtures in the selection, due or not.
        resumed: number of given ids that an interrupted run has fetched already.
    """

    due: list[DueFixture]
    known: int
    resumed: int = 0


def find_work(
    warehouse: Warehouse,
    settings: Settings,
    selection: Selection,
    seasons: Mapping[int, Season],
    now: datetime,
) -> WorkList:
    """Finds the fixtures to request.

    Args:
        warehouse: to query.
        settings: the schedule.
        selection: the fixtures to consider.
        seasons: the seasons of the plan.
        now: the time.

    Raises:
        UsageError: a league or season does not exist.
    """
    chosen = chosen_seasons(selection, seasons) if selection.is_of_seasons else []
    scope = selection.scope([season.id for season in chosen])
    takes_all = selection.force or selection.fixture_ids is not None
    due = due_fixtures(
        warehouse,
        read_schedule(settings.schedule),
        scope,
        now,
        takes_all,
        added_include(warehouse, settings),
    )
    if selection.fixture_ids is None:
        return WorkList(due, known_fixtures(warehouse, scope))
    # Ids that are not in the warehouse yet are requested too.
    named = dict.fromkeys(selection.fixture_ids)
    unknown = set(named) - {fixture.id for fixture in due}
    due += [DueFixture(id, None, "requested", None) for id in named if id in unknown]
    began_at = None if selection.force else _unfinished_since(warehouse, selection, now)
    if began_at is None:
        return WorkList(due, len(named))
    done = {
        id
        for (id,) in warehouse.query(
            f"select id from {warehouse.raw}.fixture_checks as checks "
            f"where checked_at >= timestamptz '{began_at.isoformat()}' "
            "and (outcome in ('unchanged', 'missing') or outcome = 'stored' "
            f"and exists (select 1 from {warehouse.raw}.fixtures where fixtures.id = checks.id "
            "and fixtures.fetched_at >= checks.checked_at))"
        )
    }
    left = [fixture for fixture in due if fixture.id not in done]
    return WorkList(left, len(named), len(due) - len(left))


def _unfinished_since(warehouse: Warehouse, selection: Selection, now: datetime) -> datetime | None:
    """When the first of the interrupted runs for the same ids began; None without such a run."""
    began_at = None
    known, failed, left = (
        f"cast(counts ->> '{name}' as bigint)" for name in ("known", "failed", "left")
    )
    for started_at, outcome, is_complete in warehouse.query(
        f"select started_at, outcome, {known} > 0 and {failed} = 0 and {left} = 0 "
        f"from {warehouse.raw}.runs "
        f"where arguments ->> 'fixture_ids_hash' = '{selection.fixture_ids_hash}' "
        f"and started_at > timestamptz '{(now - _RESUMABLE).isoformat()}' "
        "and outcome <> 'planned' order by started_at desc"
    ):
        # One that failed for another reason, such as a list of types, may have fetched all.
        if outcome == "completed" or (outcome == "failed" and is_complete):
            break
        began_at = started_at
    return began_at
