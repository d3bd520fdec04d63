"""The quota: calls per entity in a fixed window that opens with the entity's first call.

Documented: "per entity, per hour"; the hour starts with the first request and then resets fully.
The window runs in real time, whatever the simulated clock shows.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

from simulator.errors import RATE_LIMIT_REACHED


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of an entity's quota."""

    entity: str
    limit: int
    remaining: int
    resets_in_seconds: int

    def body(self) -> dict[str, Any]:
        """Return the `rate_limit` object."""
        return {
            "resets_in_seconds": self.resets_in_seconds,
            "remaining": self.remaining,
            "requested_entity": self.entity,
        }

    def headers(self) -> dict[str, str]:
        """Return the documented headers."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
        }


class Quota:
    """Counts calls. Safe to use from several threads."""

    def __init__(self, limit: int, window: float) -> None:
        """Allow `limit` calls per entity in a window of some seconds."""
        self._lock = threading.Lock()
        self.set(limit, window)

    def set(self, limit: int, window: float) -> None:
        """Set the calls per window and the window's seconds, and reset every window.

        Raises:
            ValueError: The limit is negative, or the window is not positive.
        """
        if limit < 0 or window <= 0:
            raise ValueError("a quota is 0 or more calls in a window of more than 0 seconds")
        with self._lock:
            self.limit = limit
            self.window = window
            self._windows: dict[str, tuple[float, int]] = {}

    def peek(self, entity: str) -> Allowance:
        """Return what is left, without counting a call."""
        with self._lock:
            return self._allowance(entity, 0)

    def spend(self, entity: str) -> Allowance:
        """Count one call. Rejected calls do not count: check `peek` first."""
        with self._lock:
            return self._allowance(entity, 1)

    def _allowance(self, entity: str, calls: int) -> Allowance:
        now = time.monotonic()
        opened, used = self._windows.get(entity, (now, 0))
        if now >= opened + self.window:
            opened, used = now, 0
        if calls:
            used += calls
            self._windows[entity] = (opened, used)
        # Rounded up, so that a client that waits this long is never early.
        resets = max(1, math.ceil(self.window - (now - opened)))
        return Allowance(entity, self.limit, max(0, self.limit - used), resets)


def rejection(allowance: Allowance, call: int) -> dict[str, Any]:
    """Return the body of a 429: one of the three contradictory forms that are known."""
    retry = allowance.resets_in_seconds
    message = f"Rate limit of {allowance.limit} requests per hour exceeded."
    if call % 3 == 0:
        return {
            "error": "Too Many Requests",
            "message": message,
            "retry_after": retry,
            "rate_limit": {
                "remaining": 0,
                "total": allowance.limit,
                "resets_in_seconds": retry,
                "requested_entity": allowance.entity,
            },
        }
    if call % 3 == 1:
        return {
            "error": "Too Many Requests",
            "message": message,
            "retry_after": retry,
            "rate_limit": {
                "remaining": 0,
                "total": allowance.limit,
                "resets_in": f"{retry // 60:02}:{retry % 60:02}",
            },
        }
    return RATE_LIMIT_REACHED
