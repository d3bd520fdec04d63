"""The fixtures that a run asks for: what is due of a selection, or ids that a person named."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from extract.config.recheck_schedule import read_schedule
from extract.config.settings import Settings
from extract.planning.due import DueFixture, due_fixtures, known_fixtures
from extract.planning.seasons import Season, chosen_seasons
from extract.planning.selection import Selection
from extract.warehouse.base import Warehouse

# A run for a list of ids that was cut short longer ago than this is not resumed but begun anew.
_RESUMABLE = timedelta(hours=24)


@dataclass(frozen=True)
class WorkList:
    """What a run asks for.

    Attributes:
        due: the fixtures to ask for, those of a season together, newest season first.
        known: how many the selection has, due or not.
        resumed: how many of the ids that were named a run has fetched that was cut short.
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
    """Finds out what to ask for.

    Args:
        warehouse: what is known of each fixture.
        settings: the schedule.
        selection: what a person asked for.
        seasons: the seasons of the plan.
        now: the time.

    Raises:
        UsageError: there is no such league or season.
    """
    chosen = chosen_seasons(selection, seasons) if selection.is_of_seasons else []
    scope = selection.scope([season.id for season in chosen])
    asked_for = selection.force or selection.fixture_ids is not None
    due = due_fixtures(
        warehouse,
        read_schedule(settings.schedule),
        scope,
        now,
        asked_for,
        settings.added_include,
    )
    if selection.fixture_ids is None:
        return WorkList(due, known_fixtures(warehouse, scope))
    # Ids that nothing is known of are asked for too.
    named = dict.fromkeys(selection.fixture_ids)
    unknown = set(named) - {fixture.id for fixture in due}
    due += [DueFixture(id, None, "asked for", None) for id in named if id in unknown]
    began = None if selection.force else _unfinished_since(warehouse, selection, now)
    if began is None:
        return WorkList(due, len(named))
    done = {
        id
        for (id,) in warehouse.query(
            f"select id from {warehouse.raw}.fixture_checks as checks "
            f"where checked_at >= timestamptz '{began.isoformat()}' "
            "and (outcome in ('unchanged', 'missing') or outcome = 'stored' "
            f"and exists (select 1 from {warehouse.raw}.fixtures where fixtures.id = checks.id "
            "and fixtures.fetched_at >= checks.checked_at))"
        )
    }
    left = [fixture for fixture in due if fixture.id not in done]
    return WorkList(left, len(named), len(due) - len(left))


def _unfinished_since(warehouse: Warehouse, selection: Selection, now: datetime) -> datetime | None:
    """When a run for the same ids began that was cut short, or the first of several such runs."""
    began = None
    for started_at, outcome in warehouse.query(
        f"select started_at, outcome from {warehouse.raw}.runs "
        f"where arguments ->> 'fixture_ids_hash' = '{selection.fixture_ids_hash}' "
        f"and started_at > timestamptz '{(now - _RESUMABLE).isoformat()}' "
        "and outcome <> 'planned' order by started_at desc"
    ):
        if outcome == "completed":
            break
        began = started_at
    return began
