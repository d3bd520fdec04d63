"""The calls of a token, summed over five minutes, as `my/usage` shows them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

_PERIOD = 300
_MAX_PERIODS = 2_000


class Usage:
    """Counts calls by endpoint and period, in real time. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start without a call."""
        self._lock = threading.Lock()
        self._counts: dict[tuple[int, str, str], tuple[int, int]] = {}

    def count(self, endpoint: str, entity: str, remaining: int) -> None:
        """Count one call to an endpoint; `remaining` is what is left of its entity's quota."""
        period = int(time.time()) // _PERIOD * _PERIOD
        with self._lock:
            calls, _ = self._counts.get((period, endpoint, entity), (0, 0))
            self._counts[period, endpoint, entity] = (calls + 1, remaining)
            if len(self._counts) > _MAX_PERIODS:
                del self._counts[next(iter(self._counts))]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each endpoint and period, oldest first."""
        with self._lock:
            counts = list(self._counts.items())
        return [
            {
                "id": number,
                "endpoint": endpoint,
                "count": calls,
                "entity": entity,
                "remaining_requests": remaining,
                "period_start": _shown(period),
                "period_end": _shown(period + _PERIOD),
            }
            for number, ((period, endpoint, entity), (calls, remaining)) in enumerate(counts, 1)
        ]


def _shown(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S")
