"""The plan of a run: the fixtures that are due, and their cost in calls and time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from extract.config.settings import Settings
from extract.planning.chunks import calls_for
from extract.planning.due import INCLUDE_ADDED
from extract.planning.estimate import Quota, average_call_seconds, last_quota, run_seconds
from extract.planning.includes import starting_sizes
from extract.planning.seasons import Season
from extract.planning.work_list import WorkList
from extract.stop_reason import PLANNED, StopReason
from extract.warehouse.base import Warehouse


@dataclass(frozen=True)
class SeasonPlan:
    """The due fixtures of one season, and why they are due."""

    season_id: int | None
    season: str
    league: str
    reasons: Counter[str]


@dataclass(frozen=True)
class Plan:
    """The plan of a run.

    Attributes:
        warehouse: name of the warehouse, for messages.
        known: fixtures of the selection, due or not.
        seasons: the due fixtures by season, newest first.
        fixture_calls: requests for the due fixtures. Retries, second requests that verify an empty
            response, and requests for types are not included.
        include_calls: how many of them are for fixtures that are due for an added include only.
        season_lists: lists of seasons that are due, by raw table. Each is a request, unless it has
            further pages or is empty.
        quota: None if no response has reported it yet.
        seconds: estimated time, waits for quota included.
        calls_spent: requests made for this plan.
        max_calls: requests of any kind after which the run ends; None without such a bound.
        stop_reason: `planned`; `stopped` if a bound was reached before every list was refreshed;
            `failed` if a list could not be read.
    """

    warehouse: str
    known: int
    seasons: Sequence[SeasonPlan]
    fixture_calls: int
    include_calls: int
    season_lists: Mapping[str, int]
    quota: Quota | None
    seconds: float
    calls_spent: int = 0
    max_calls: int | None = None
    stop_reason: StopReason = PLANNED

    @property
    def reasons(self) -> Counter[str]:
        """Number of due fixtures by reason."""
        total: Counter[str] = Counter()
        for season in self.seasons:
            total.update(season.reasons)
        return total

    @property
    def season_list_calls(self) -> int:
        """Requests for lists of seasons: one per endpoint and season that is due."""
        return sum(self.season_lists.values())

    @property
    def due(self) -> int:
        """Number of due fixtures, which is the number of calls without batches."""
        return self.reasons.total()

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        quota = self.quota
        return {
            "known": self.known,
            "due": self.due,
            "reasons": dict(self.reasons),
            "seasons": [
                {
                    "season_id": season.season_id,
                    "season": season.season,
                    "league": season.league,
                    "due": season.reasons.total(),
                    "reasons": dict(season.reasons),
                }
                for season in self.seasons
            ],
            "fixture_calls": self.fixture_calls,
            "include_calls": self.include_calls,
            "season_list_calls": self.season_list_calls,
            "season_lists": dict(self.season_lists),
            "calls_one_by_one": self.due,
            "quota_limit": quota and quota.limit,
            "quota_remaining": quota and quota.remaining,
            "quota_resets_in": quota and round(quota.resets_in),
            "seconds": round(self.seconds, 1),
            "calls_spent": self.calls_spent,
            "max_calls": self.max_calls,
            "complete": self.stop_reason.outcome == "planned",
        }


def make_plan(
    warehouse: Warehouse,
    settings: Settings,
    seasons: Mapping[int, Season],
    work: WorkList,
    season_lists: Mapping[str, int],
    now: datetime,
) -> Plan:
    """Sums up a work list by season, and estimates its cost.

    Args:
        warehouse: has the quota and the duration of the last calls.
        settings: sizes, requests in flight, and reserve.
        seasons: the seasons of the plan.
        work: the fixtures that a run would request.
        season_lists: the lists of seasons that it would request, by raw table.
        now: the time.
    """
    reasons: dict[int | None, Counter[str]] = {}
    for fixture in work.due:
        reasons.setdefault(fixture.season_id, Counter())[fixture.reason] += 1
    sizes = starting_sizes(warehouse, settings)
    calls = calls_for(work.due, *sizes)
    others = [fixture for fixture in work.due if fixture.reason != INCLUDE_ADDED]
    quota = last_quota(warehouse, now)
    call_seconds = average_call_seconds(warehouse)
    seconds = run_seconds(calls, quota, settings, call_seconds)
    # One after the other, and with a quota of their own.
    seconds += sum(season_lists.values()) * call_seconds
    return Plan(
        warehouse.name,
        work.known,
        [
            _season_plan(season_id, seasons.get(season_id or 0), counts)
            for season_id, counts in reasons.items()
        ],
        calls,
        calls - calls_for(others, *sizes),
        season_lists,
        quota,
        seconds,
    )


def _season_plan(season_id: int | None, season: Season | None, reasons: Counter[str]) -> SeasonPlan:
    if season is None:
        return SeasonPlan(season_id, str(season_id or "unknown"), "", reasons)
    return SeasonPlan(season_id, season.name, season.league, reasons)
