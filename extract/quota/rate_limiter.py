"""The rate limiter: delays requests so that the quota is never exceeded.

Sportmonks counts calls per entity (Fixture, League, Type, …) in fixed windows of an hour that open
with the first call. Every answer says how many calls are left and when the window ends.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from extract.errors import StoppedError, UsageError
from extract.quota.window import InMemoryQuotaStore, QuotaReport, QuotaStore, reserved_calls

# What a path counts as until its answers say so: `requested_entity`, as operators have seen it.
_ENTITIES = {
    "football/fixtures": "Fixture",
    "football/leagues": "League",
    "football/seasons": "Season",
    "football/states": "State",
    "core/types": "Type",
}
# A pause after a 429 that does not say how long doubles with each further one up to here.
_LONGEST_SLOW_DOWN = 60.0
# 429s in a row, by an API that does not say whether calls are left, after which none are.
_REFUSALS_UNTIL_USED_UP = 4
# Answers in a row after which one more request may be under way at the same time.
_ANSWERS_TO_SPEED_UP = 50
# Seconds of waiting for an answer that somebody else gets, after which a person is told.
_LONG = 5.0
# Seconds between two looks at a quota that other processes use too.
_POLL = 0.1


@dataclass(frozen=True)
class Permit:
    """The right to send one request.

    Attributes:
        resource: what is asked, such as `football/fixtures`.
        entity: what it is thought to count as.
        number: of the window.
        given_at: when, on the monotonic clock.
        waited: seconds that it took to get it.
    """

    resource: str
    entity: str
    number: int
    given_at: float
    waited: float


class RateLimiter:
    """Lets requests through while the quota lasts, then makes them wait for the next window.

    Safe for several threads. Requests under way are counted as spent before their answers say so.
    How many there may be halves with a 429 that comes although calls are left (an undocumented
    limit of bursts), and grows again with answers.

    Args:
        requests_in_flight: requests under way at the same time, at most.
        reserve: what to leave to the token's other users in every window: a share of the limit
            below 1, or a number of calls.
        answered_within: seconds after which a request has ended, one way or the other.
        store: what is known of the quota.

    Attributes:
        on_wait: called with the entity and the seconds when a request starts to wait for long.
        on_slow_down: called with the number of requests that may be under way from now on.
    """

    def __init__(
        self,
        requests_in_flight: int = 4,
        reserve: float = 0,
        answered_within: float = 60.0,
        store: QuotaStore | None = None,
    ) -> None:
        self._most = requests_in_flight
        self._reserve = reserve
        self._answered_within = answered_within
        self._store = store or InMemoryQuotaStore()
        self.on_wait: Callable[[str, float], None] | None = None
        self.on_slow_down: Callable[[int], None] | None = None
        self._entities = dict(_ENTITIES)
        self._changed = threading.Condition()
        self._stopped = False
        self._in_flight = 0
        self._allowed = requests_in_flight
        self._answers_in_a_row = 0
        self._refusals_in_a_row = 0
        self._slowed_at = self._slow_until = -math.inf

    def acquire(self, resource: str) -> Permit:
        """Waits until one more request for this resource may be sent.

        Args:
            resource: what is asked, such as `football/fixtures`.

        Raises:
            StoppedError: `stop` was called.
            UsageError: the reserve is all of the quota.
        """
        started = time.monotonic()
        announced = False
        with self._changed:
            while True:
                if self._stopped:
                    raise StoppedError("The run is being stopped.")
                entity = self._entities.get(resource, resource)
                delay, number = self._take(entity)
                now = time.monotonic()
                if delay <= 0:
                    self._in_flight += 1
                    return Permit(resource, entity, number, now, now - started)
                waited, is_unsure = now - started, math.isinf(delay)
                if waited > _LONG and is_unsure and self._store.is_shared:
                    # Somebody else is looking, or was killed when it did.
                    delay = self._answered_within - waited
                if delay > 1 and math.isfinite(delay) and not announced and self.on_wait:
                    self.on_wait(entity, delay)
                    announced = True
                if self._store.is_shared and is_unsure:
                    delay = _POLL
                self._changed.wait(min(delay, threading.TIMEOUT_MAX))

    def release(self, permit: Permit, report: QuotaReport) -> None:
        """Notes that a request ended, and what its answer said of the quota."""
        with self._changed:
            self._in_flight -= 1
            entity = report.entity or permit.entity
            if entity == permit.entity:
                with self._store.open(entity) as (window, now):
                    window.give_back(permit.number, report, now)
            else:
                self._entities[permit.resource] = entity
                with self._store.open(permit.entity) as (window, now):
                    window.give_back(permit.number, QuotaReport(), now)
                with self._store.open(entity) as (window, now):
                    window.in_flight += 1
                    window.give_back(window.number, report, now)
            self._changed.notify_all()

    def succeeded(self) -> None:
        """Notes a usable answer, which lets more requests be under way by and by."""
        with self._changed:
            self._refusals_in_a_row = 0
            self._answers_in_a_row += 1
            if self._answers_in_a_row >= _ANSWERS_TO_SPEED_UP and self._allowed < self._most:
                self._answers_in_a_row = 0
                self._allowed += 1
                self._changed.notify_all()

    def refused(
        self, permit: Permit, report: QuotaReport, seconds: float | None, backoff: float
    ) -> None:
        """Notes that a request was answered with 429.

        Args:
            permit: of the request.
            report: what the answer says of the quota.
            seconds: how long to wait, by what the answer says.
            backoff: how long where nothing says it; it doubles with each 429 in a row.
        """
        with self._changed:
            wait = min(backoff * 2**self._refusals_in_a_row, _LONGEST_SLOW_DOWN)
            with self._store.open(permit.entity) as (window, _):
                left = window.remaining is not None and window.remaining > window.in_flight
            # Only successful answers are sure to say how many calls are left. Another user of the
            # token may have taken those that we know of.
            left = left and self._refusals_in_a_row < _REFUSALS_UNTIL_USED_UP
            if report.remaining if report.remaining is not None else left:
                self._slow_down(permit, seconds, wait)
            else:
                self._refusals_in_a_row += 1
                self._pause(report.entity or permit.entity, report, seconds, wait)
            self._changed.notify_all()

    def stop(self) -> None:
        """Wakes everyone who waits, with StoppedError; later calls get it too."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _take(self, entity: str) -> tuple[float, int]:
        """Seconds to wait for a call, 0 if it is taken; and the number of the window."""
        if self._in_flight >= self._allowed:
            return math.inf, 0
        if (pause := self._slow_until - time.monotonic()) > 0:
            return pause, 0
        with self._store.open(entity) as (window, now):
            if window.limit and reserved_calls(self._reserve, window.limit) >= window.limit:
                raise UsageError(
                    f"quota_reserve is {self._reserve:g}, and the quota of {entity} is no more "
                    f"than {window.limit:,} calls: nothing is left to be used."
                )
            return window.take(now, self._reserve, self._answered_within), window.number

    def _pause(self, entity: str, report: QuotaReport, seconds: float | None, wait: float) -> None:
        """Lets nobody call the entity until its window ends."""
        with self._store.open(entity) as (window, now):
            if report.resets_in is not None:
                seconds = max(seconds or 0, report.resets_in)
            elif seconds is None and window.resets_at is not None:
                seconds = window.resets_at - now
            # Never at once: a clock may be a second off.
            window.refuse(now, max(seconds or 0, wait))

    def _slow_down(self, permit: Permit, seconds: float | None, wait: float) -> None:
        """Sends nothing for a moment, and half as much from then on.

        Operators report that this limit "clears in seconds", whatever the answer says.
        """
        if permit.given_at < self._slowed_at:
            return  # it was under way when we slowed down
        self._refusals_in_a_row += 1
        self._slowed_at = time.monotonic()
        is_over_soon = wait < _LONGEST_SLOW_DOWN
        self._slow_until = self._slowed_at + (wait if is_over_soon else max(wait, seconds or 0))
        self._answers_in_a_row = 0
        if self._allowed > 1:
            self._allowed //= 2
            if self.on_slow_down:
                self.on_slow_down(self._allowed)
