"""The quota window of one entity: calls left, calls in flight, and when it ends."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

# `resets_in_seconds` is a whole number: the window may end up to a second later.
_ROUNDING = 1.0
# Seconds after which one request probes an API that does not report its quota, or not its end.
_PROBE_INTERVAL = 60.0
# Calls left while the API does not report its quota.
_UNLIMITED = 10**9


@dataclass(frozen=True)
class QuotaReport:
    """What one response reports about the quota; None for what it does not report.

    Attributes:
        entity: what the call was counted for, such as `Fixture`.
        limit: calls allowed in a window.
        remaining: calls left after this one.
        resets_in: seconds until the window ends.
        is_success: whether the request succeeded.
    """

    entity: str | None = None
    limit: int | None = None
    remaining: int | None = None
    resets_in: int | None = None
    is_success: bool = False


def reserved_calls(reserve: float, limit: int) -> int:
    """Calls of a window that are left to the token's other users.

    Args:
        reserve: a share of the limit below 1, or a number of calls.
        limit: calls in a window.
    """
    return math.ceil(limit * reserve) if reserve < 1 else int(reserve)


@dataclass
class Window:
    """The quota window of one entity. Times are seconds on the clock of its `QuotaStore`.

    Attributes:
        number: counts the windows, so that a late response to a call of an earlier one is ignored.
        limit: calls in a window.
        remaining: calls left by the last response; None if unknown.
        resets_at: when the window ends.
        in_flight: calls without a response yet.
        last_call_at: when a call was last allowed.
        paused_until: no call is allowed before.
    """

    number: int = 0
    limit: int | None = None
    remaining: int | None = None
    resets_at: float | None = None
    in_flight: int = 0
    last_call_at: float = 0.0
    paused_until: float = 0.0

    def take(self, now: float, reserve: float, max_request_seconds: float) -> float:
        """Takes a call if one is left.

        While the quota is unknown, one request goes first and the others wait for its response.

        Args:
            now: the time.
            reserve: calls to leave to others: a share of the limit below 1, or a number.
            max_request_seconds: seconds after which a call without a response is lost, because its
                process may have been killed.

        Returns:
            0 if a call is taken; else the seconds to wait, infinite until a response arrives.
        """
        if now < self.paused_until:
            return self.paused_until - now
        if self.resets_at is not None and now >= self.resets_at:
            self._start_new()
        lost = now >= self.last_call_at + max_request_seconds
        if self.remaining is None:
            if self.in_flight and not lost:
                return math.inf
            self.in_flight = 0
        elif self.remaining - self.in_flight <= reserved_calls(
            reserve, self.limit or self.remaining
        ):
            if self.resets_at is not None:
                return self.resets_at - now
            if now < self.last_call_at + _PROBE_INTERVAL:
                return self.last_call_at + _PROBE_INTERVAL - now
            self._start_new()
        self.in_flight += 1
        self.last_call_at = now
        return 0.0

    def give_back(self, number: int, report: QuotaReport, now: float, seconds: float = 0.0) -> None:
        """Records the end of a call, and what its response reports.

        Args:
            number: of the window that the call was taken from.
            report: of the response.
            now: the time.
            seconds: how long the call took. The report may be that old.
        """
        if number != self.number:
            return
        self.in_flight = max(0, self.in_flight - 1)
        if report.remaining is not None:
            self._learn(report.remaining, report.resets_in, now, seconds)
            self.limit = report.limit or self.limit or report.remaining + 1
        elif report.is_success and self.remaining is None:
            self.remaining, self.resets_at = _UNLIMITED, now + _PROBE_INTERVAL

    def refuse(self, now: float, seconds: float) -> None:
        """Records that the quota is used up for some seconds."""
        self.paused_until = max(self.paused_until, now + seconds)
        self._start_new()

    def _learn(self, remaining: int, resets_in: int | None, now: float, seconds: float) -> None:
        resets_at = None if resets_in is None else now + resets_in + _ROUNDING
        known, ends = self.remaining, self.resets_at
        # Not a slow response of this window.
        is_new = resets_at and ends and resets_at - seconds > ends + 2 * _ROUNDING
        if known is None or is_new:
            self.remaining, self.resets_at = remaining, resets_at
            return
        # Responses may overtake each other: within one window the smaller number is the newer one.
        self.remaining = min(remaining, known)
        self.resets_at = min(resets_at, ends) if resets_at and ends else resets_at or ends

    def _start_new(self) -> None:
        self.number += 1
        self.remaining, self.resets_at, self.in_flight = None, None, 0


class QuotaStore(Protocol):
    """Keeps the quota windows of all entities.

    Attributes:
        is_shared: whether other processes use them too.
    """

    is_shared: bool

    def open(self, entity: str) -> AbstractContextManager[tuple[Window, float]]:
        """An entity's window, locked while the block lasts, and the time."""


class InMemoryQuotaStore:
    """Quota windows of one process."""

    is_shared = False

    def __init__(self) -> None:
        self._windows: defaultdict[str, Window] = defaultdict(Window)
        self._lock = threading.Lock()

    @contextmanager
    def open(self, entity: str) -> Iterator[tuple[Window, float]]:
        """The window, and the time of the monotonic clock."""
        with self._lock:
            yield self._windows[entity], time.monotonic()
