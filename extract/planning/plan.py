"""What a run would ask for, and what that costs in calls and in time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from extract.config.settings import Settings
from extract.planning.chunks import calls_for
from extract.planning.due import INCLUDE_ADDED
from extract.planning.estimate import Quota, average_call_seconds, last_quota, run_seconds
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
    """What a run would do now.

    Attributes:
        warehouse: what it would write to, for people.
        known: fixtures that the selection has, due or not.
        seasons: what is due, newest season first.
        fixture_calls: requests that it takes to ask for all of it. Retries, second questions about
            a sudden emptiness, and types to be looked up come on top.
        include_calls: how many of them are for fixtures that only an added include makes due.
        quota: None where no answer has told it yet.
        seconds: about how long it takes, waits for quota included.
        calls_spent: requests made to find this out.
        max_calls: requests of any kind after which the run ends, None without such a bound.
        stop_reason: `planned`; `stopped` if a bound was reached before every list was refreshed;
            `failed` if a list could not be read.
    """

    warehouse: str
    known: int
    seasons: Sequence[SeasonPlan]
    fixture_calls: int
    include_calls: int
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
    def due(self) -> int:
        """Number of due fixtures: what as many calls would ask for without batches."""
        return self.reasons.total()

    def to_dict(self) -> dict[str, Any]:
        """The plan for machines."""
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
    wanted: WorkList,
    now: datetime,
) -> Plan:
    """Adds up what is due.

    Args:
        warehouse: says what the last calls told of quota and time.
        settings: sizes, requests in flight, and reserve.
        seasons: the seasons of the plan.
        wanted: what a run would ask for.
        now: the time.
    """
    reasons: dict[int | None, Counter[str]] = {}
    for fixture in wanted.due:
        reasons.setdefault(fixture.season_id, Counter())[fixture.reason] += 1
    sizes = settings.chunk_size, settings.batch_size
    calls = calls_for(wanted.due, *sizes)
    others = [fixture for fixture in wanted.due if fixture.reason != INCLUDE_ADDED]
    quota = last_quota(warehouse, now)
    return Plan(
        warehouse.name,
        wanted.known,
        [
            _season_plan(season_id, seasons.get(season_id or 0), counts)
            for season_id, counts in reasons.items()
        ],
        calls,
        calls - calls_for(others, *sizes),
        quota,
        run_seconds(calls, quota, settings, average_call_seconds(warehouse)),
    )


def _season_plan(season_id: int | None, season: Season | None, reasons: Counter[str]) -> SeasonPlan:
    if season is None:
        return SeasonPlan(season_id, str(season_id or "unknown"), "", reasons)
    return SeasonPlan(season_id, season.name, season.league, reasons)
