"""Estimates how long a number of calls takes, waits for quota included."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from extract.api.clock import LARGEST_SKEW
from extract.config.endpoints import ENDPOINT
from extract.config.settings import Settings
from extract.quota.window import reserved_calls
from extract.warehouse.base import Warehouse

# Length of a quota window in seconds (Sportmonks docs, rate limits).
_WINDOW = 3600
# Duration of a request in seconds, before any was made.
_TYPICAL_CALL = 1.0


@dataclass(frozen=True)
class Quota:
    """The quota of fixtures by the last response, brought up to date.

    Attributes:
        limit: calls allowed in a window.
        remaining: calls left in the current window.
        resets_in: seconds until the window ends; 0 if it has ended.
    """

    limit: int
    remaining: int
    resets_in: float

    @classmethod
    def from_response(cls, limit: int | None, remaining: int, resets_in: float | None) -> "Quota":
        """The quota by a response, which may lack everything but `remaining`."""
        return cls(limit or remaining, remaining, _WINDOW if resets_in is None else resets_in)

    def usable(self, reserve: float) -> int:
        """Calls left in this window without the reserve, as in `reserved_calls`."""
        return max(0, self.remaining - reserved_calls(reserve, self.limit))


def last_quota(warehouse: Warehouse, now: datetime) -> Quota | None:
    """The quota of fixtures by the table `api_calls`; None if no call reported it."""
    rows = warehouse.query(
        "select called_at, quota_limit, quota_remaining, quota_resets_in "
        f"from {warehouse.raw}.api_calls where endpoint like 'football/fixtures%' "
        "and quota_remaining is not null "
        # The clock of another host may have been ahead.
        f"and called_at <= timestamptz '{(now + LARGEST_SKEW).isoformat()}' "
        "order by called_at desc, call_number desc limit 1"
    )
    if not rows:
        return None
    called_at, *reported = rows[0]
    quota = Quota.from_response(*reported)
    ends_at = called_at + timedelta(seconds=quota.resets_in)
    if ends_at <= now:
        return Quota(quota.limit, quota.limit, 0)
    return replace(quota, resets_in=(ends_at - now).total_seconds())


def average_call_seconds(warehouse: Warehouse) -> float:
    """The average duration of the last requests for fixtures, in seconds."""
    rows = warehouse.query(
        "select avg(seconds) from ("
        f"select seconds from {warehouse.raw}.api_calls where endpoint = '{ENDPOINT}' "
        "and status = 200 order by called_at desc limit 200) as calls"
    )
    return float(rows[0][0] or _TYPICAL_CALL) if rows else _TYPICAL_CALL


def run_seconds(calls: int, quota: Quota | None, settings: Settings, call_seconds: float) -> float:
    """Estimates the seconds that a number of calls takes.

    Args:
        calls: to be made.
        quota: its current window; None if unknown.
        settings: requests in flight, and reserve.
        call_seconds: duration of one request.
    """
    pace = call_seconds / settings.requests_in_flight
    if quota is None:
        return calls * pace
    beyond = calls - quota.usable(settings.quota_reserve)
    if beyond <= 0:
        return calls * pace
    allowed = max(1, quota.limit - reserved_calls(settings.quota_reserve, quota.limit))
    windows, rest = divmod(beyond - 1, allowed)
    return quota.resets_in + windows * _WINDOW + (rest + 1) * pace
