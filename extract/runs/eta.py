"""How long a run will still take, by its pace so far and by what the quota lets through."""

import time
from collections.abc import Sequence

from extract.api.responses import ApiCall
from extract.config.settings import Settings
from extract.planning.estimate import Quota, run_seconds
from extract.progress import Eta
from extract.runs.summary import Summary


class EtaEstimator:
    """The pace of the requests for fixtures.

    Args:
        settings: sizes, requests in flight, and reserve.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._began = time.monotonic()
        self._quota: Quota | None = None

    def begin(self) -> None:
        """Notes that the first of the fixtures is asked for now."""
        self._began = time.monotonic()

    def estimate(self, summary: Summary, calls: Sequence[ApiCall], batch_size: int) -> Eta:
        """What is to be expected.

        Args:
            summary: what was done so far, these calls included.
            calls: the newest calls.
            batch_size: fixtures that a call asks for.
        """
        for call in calls:
            if call.quota_remaining is not None and call.endpoint.startswith("football/fixtures"):
                self._quota = Quota.from_response(
                    call.quota_limit, call.quota_remaining, call.quota_resets_in
                )
        in_flight = self._settings.requests_in_flight
        # Requests wait for the quota together, and each of them counts its wait.
        active = time.monotonic() - self._began - summary.waited_seconds / in_flight
        call_seconds = max(0.0, active) / max(1, summary.fixture_calls) * in_flight
        to_make = -(-summary.left // batch_size)
        return Eta(
            self._quota.remaining if self._quota else None,
            run_seconds(to_make, self._quota, self._settings, call_seconds),
        )
