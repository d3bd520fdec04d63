"""The quota of one entity: what is known about its current window."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

# `resets_in_seconds` is a whole number: the window may end up to a second later than it says.
_ROUNDING = 1.0
# An API that says nothing of its quota, or not when it ends, is looked at again after so long.
_LOOK_AGAIN = 60.0
_UNTOLD = 10**9


@dataclass(frozen=True)
class QuotaReport:
    """What one request told of the quota; None where it told nothing.

    Attributes:
        entity: what the call was counted for, such as `Fixture`.
        limit: calls allowed in a window.
        remaining: calls left after this one.
        resets_in: seconds until the window ends.
        is_answer: whether there was an answer at all.
    """

    entity: str | None = None
    limit: int | None = None
    remaining: int | None = None
    resets_in: int | None = None
    is_answer: bool = False


def reserved_calls(reserve: float, limit: int) -> int:
    """Calls of a window that are left to others.

    Args:
        reserve: a share of the limit below 1, or a number of calls.
        limit: calls in a window.
    """
    return math.ceil(limit * reserve) if reserve < 1 else int(reserve)


@dataclass
class Window:
    """What is known of one entity's quota. Times are seconds on the clock of who keeps it.

    Attributes:
        number: counts the windows, so that a late answer to a call of the last one is recognized.
        limit: calls in a window.
        remaining: calls left by the last answer, None where nothing is known.
        resets_at: when the window ends.
        in_flight: calls that are not answered yet.
        asked_at: when a call was last allowed.
        paused_until: until when no call is allowed.
    """

    number: int = 0
    limit: int | None = None
    remaining: int | None = None
    resets_at: float | None = None
    in_flight: int = 0
    asked_at: float = 0.0
    paused_until: float = 0.0

    def take(self, now: float, reserve: float, answered_within: float) -> float:
        """Takes a call if there is one to be had.

        While nothing is known, one request goes first and the others wait for its answer.

        Args:
            now: the time.
            reserve: what to leave to others, as a share of the limit below 1, or in calls.
            answered_within: seconds after which a call that was not answered never will be, for
                who made it may have been killed.

        Returns:
            0 if it is taken; else the seconds to wait, infinite until an answer arrives.
        """
        if now < self.paused_until:
            return self.paused_until - now
        if self.resets_at is not None and now >= self.resets_at:
            self._begin_anew()
        lost = now >= self.asked_at + answered_within
        if self.remaining is None:
            if self.in_flight and not lost:
                return math.inf
            self.in_flight = 0
        elif self.remaining - self.in_flight <= reserved_calls(
            reserve, self.limit or self.remaining
        ):
            if self.resets_at is not None:
                return self.resets_at - now
            if now < self.asked_at + _LOOK_AGAIN:
                return self.asked_at + _LOOK_AGAIN - now
            self._begin_anew()
        self.in_flight += 1
        self.asked_at = now
        return 0.0

    def give_back(self, number: int, report: QuotaReport, now: float) -> None:
        """Notes that a call of the window with this number ended, and what was told then."""
        if number != self.number:
            return
        self.in_flight = max(0, self.in_flight - 1)
        if report.remaining is not None:
            self._learn(report.remaining, report.resets_in, now)
            self.limit = report.limit or self.limit or report.remaining + 1
        elif report.is_answer and self.remaining is None:
            self.remaining, self.resets_at = _UNTOLD, now + _LOOK_AGAIN

    def refuse(self, now: float, seconds: float) -> None:
        """Notes that the quota is used up, and for how long."""
        self.paused_until = max(self.paused_until, now + seconds)
        self._begin_anew()

    def _learn(self, remaining: int, resets_in: int | None, now: float) -> None:
        resets_at = None if resets_in is None else now + resets_in + _ROUNDING
        known, ends = self.remaining, self.resets_at
        if known is None or (resets_at and ends and resets_at > ends + 2 * _ROUNDING):
            self.remaining, self.resets_at = remaining, resets_at
            return
        # Answers may overtake each other: within one window the smaller number is the newer one.
        self.remaining = min(remaining, known)
        self.resets_at = min(resets_at, ends) if resets_at and ends else resets_at or ends

    def _begin_anew(self) -> None:
        self.number += 1
        self.remaining, self.resets_at, self.in_flight = None, None, 0


class QuotaStore(Protocol):
    """Keeps the windows of all entities.

    Attributes:
        is_shared: whether other processes use them too.
    """

    is_shared: bool

    def open(self, entity: str) -> AbstractContextManager[tuple[Window, float]]:
        """An entity's window, to be read and changed by nobody else meanwhile, and the time."""


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
