"""The quota: calls per entity in a fixed window that opens at the entity's first call.

Documented: "per entity, per hour", the hour starts at the first request and then resets fully. The
window runs in real time, also while the simulated clock stands still.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one call left over."""

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
    """Counts calls; safe to use from several threads."""

    def __init__(self, limit: int, window: float) -> None:
        """Allow `limit` calls per entity in a window of some seconds."""
        self._lock = threading.Lock()
        self.set(limit, window)

    def set(self, limit: int, window: float) -> None:
        """Set calls per entity and window, the window's seconds, and open every window anew."""
        if limit < 0 or window <= 0:
            raise ValueError("a quota is 0 or more calls in a window of more than 0 seconds")
        with self._lock:
            self.limit = limit
            self.window = window
            self._windows: dict[str, tuple[float, int]] = {}

    def look(self, entity: str) -> Allowance:
        """Return what is left without counting a call."""
        with self._lock:
            return self._allowance(entity, 0)

    def spend(self, entity: str) -> Allowance:
        """Count one call. Ask `look` first: what is refused is not counted."""
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
        # Rounded up, so that waiting as long as the answer says is always enough.
        resets = max(1, math.ceil(opened + self.window - now))
        return Allowance(entity, self.limit, max(0, self.limit - used), resets)


def refusal(allowance: Allowance, number: int) -> dict[str, Any]:
    """Return one of the three bodies that are known for 429; they contradict each other."""
    retry = allowance.resets_in_seconds
    message = f"Rate limit of {allowance.limit} requests per hour exceeded."
    if number % 3 == 0:
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
    if number % 3 == 1:
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
    return {
        "message": "You have reached your rate limit",
        "link": "https://docs.sportmonks.com/football/api/response-codes/other-exceptions",
        "reset_code": "c9920a03f111f49848fad06608df63ed",
    }
