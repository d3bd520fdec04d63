"""Estimates when a run ends, by its requests so far and by the quota."""

import time
from collections.abc import Sequence

from extract.api.responses import ApiCall
from extract.config.settings import Settings
from extract.planning.estimate import Quota, run_seconds
from extract.progress import Eta
from extract.runs.summary import Summary


class EtaEstimator:
    """Estimates the time until all due fixtures are requested.

    Args:
        settings: sizes, requests in flight, and reserve.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._began = time.monotonic()
        self._quota: Quota | None = None

    def begin(self) -> None:
        """Marks the time of the first request for fixtures."""
        self._began = time.monotonic()

    def estimate(self, summary: Summary, calls: Sequence[ApiCall], batch_size: int) -> Eta:
        """Estimates the rest of the run.

        Args:
            summary: the numbers of the run so far, these calls included.
            calls: the newest calls.
            batch_size: fixtures in a request.
        """
        for call in calls:
            if call.quota_remaining is not None and call.endpoint.startswith("football/fixtures"):
                self._quota = Quota.from_response(
                    call.quota_limit, call.quota_remaining, call.quota_resets_in
                )
        in_flight = self._settings.requests_in_flight
        # Requests wait for the quota at the same time, and each of them counts its wait.
        active = time.monotonic() - self._began - summary.waited_seconds / in_flight
        call_seconds = max(0.0, active) / max(1, summary.fixture_calls) * in_flight
        to_make = -(-summary.left // batch_size)
        return Eta(
            self._quota.remaining if self._quota else None,
            run_seconds(to_make, self._quota, self._settings, call_seconds),
        )
