"""The rate limiter: delays requests so that the quota is never exceeded.

Sportmonks counts calls per entity (Fixture, League, Type, …) in fixed windows of an hour that start
with the first call. Every response reports how many calls are left and when the window ends.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from extract.errors import StoppedError, UsageError
from extract.quota.window import InMemoryQuotaStore, QuotaReport, QuotaStore, reserved_calls

# Seconds. The delay after a 429 without `Retry-After` doubles with each further one up to this.
_LONGEST_SLOW_DOWN = 60.0
# Consecutive 429s that do not report whether calls are left, after which none count as left.
_REFUSALS_UNTIL_USED_UP = 4
# Consecutive responses after which one more request may be in flight.
_SUCCESSES_TO_SPEED_UP = 50
# Seconds of waiting for the response to another process, after which the wait is reported.
_REPORTED_AFTER = 5.0
# Seconds between two reads of a window that other processes share.
_POLL = 0.1


@dataclass(frozen=True)
class Permit:
    """The right to send one request.

    Attributes:
        resource: path of the request, such as `football/fixtures`.
        entity: the entity that the request is expected to count for.
        window_number: number of the quota window.
        given_at: time on the monotonic clock.
        waited: seconds that the request waited for it.
    """

    resource: str
    entity: str
    window_number: int
    given_at: float
    waited: float


class RateLimiter:
    """Sends requests while calls are left in the window, then delays them to the next one.

    Safe for several threads. A request in flight counts as spent before its response arrives. A 429
    although calls are left (an undocumented limit of bursts) halves the number of requests in
    flight; it grows again with successful responses.

    Args:
        requests_in_flight: largest number of requests in flight.
        reserve: calls to leave to the token's other users in every window: a share of the limit
            below 1, or a number of calls.
        max_request_seconds: seconds after which every request has ended.
        store: keeps the quota windows.
        entities: the entity of a path until a response reports it as `requested_entity`.

    Attributes:
        on_wait: called with the entity and the seconds when a request starts a long wait.
        on_slow_down: called with the new largest number of requests in flight.
    """

    def __init__(
        self,
        requests_in_flight: int = 4,
        reserve: float = 0,
        max_request_seconds: float = 60.0,
        store: QuotaStore | None = None,
        entities: Mapping[str, str] | None = None,
    ) -> None:
        self._most = requests_in_flight
        self._reserve = reserve
        self._max_request_seconds = max_request_seconds
        self._store = store or InMemoryQuotaStore()
        self.on_wait: Callable[[str, float], None] | None = None
        self.on_slow_down: Callable[[int], None] | None = None
        self._entities = dict(entities or {})
        self._changed = threading.Condition()
        self._stopped = False
        self._in_flight = 0
        self._allowed = requests_in_flight
        self._successes = 0
        self._refusals = 0
        self._slowed_at = self._slow_until = -math.inf

    def acquire(self, resource: str) -> Permit:
        """Waits until one more request for this resource may be sent.

        Args:
            resource: path of the request, such as `football/fixtures`.

        Raises:
            StoppedError: `stop` was called.
            UsageError: the reserve takes the whole quota.
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
                # This process's own requests end soon, and wake this thread.
                waited, is_unsure = now - started, math.isinf(delay) and not self._is_full
                if waited > _REPORTED_AFTER and is_unsure and self._store.is_shared:
                    # Another process sends the first request, or was killed meanwhile.
                    delay = self._max_request_seconds - waited
                if delay > 1 and math.isfinite(delay) and not announced and self.on_wait:
                    self.on_wait(entity, delay)
                    announced = True
                if self._store.is_shared and is_unsure:
                    delay = _POLL
                self._changed.wait(min(delay, threading.TIMEOUT_MAX))

    def release(self, permit: Permit, report: QuotaReport) -> None:
        """Records the end of a request, and the quota that its response reports."""
        with self._changed:
            self._in_flight -= 1
            entity = report.entity or permit.entity
            seconds = time.monotonic() - permit.given_at
            if entity == permit.entity:
                with self._store.open(entity) as (window, now):
                    window.give_back(permit.window_number, report, now, seconds)
            else:
                self._entities[permit.resource] = entity
                with self._store.open(permit.entity) as (window, now):
                    window.give_back(permit.window_number, QuotaReport(), now)
                with self._store.open(entity) as (window, now):
                    window.in_flight += 1
                    window.give_back(window.number, report, now, seconds)
            self._changed.notify_all()

    def succeeded(self) -> None:
        """Records a usable response; several of them raise the number of requests in flight."""
        with self._changed:
            self._refusals = 0
            self._successes += 1
            if self._successes >= _SUCCESSES_TO_SPEED_UP and self._allowed < self._most:
                self._successes = 0
                self._allowed += 1
                self._changed.notify_all()

    def refused(
        self, permit: Permit, report: QuotaReport, seconds: float | None, backoff: float
    ) -> None:
        """Records a response with status 429.

        Args:
            permit: of the request.
            report: the quota that the response reports.
            seconds: `Retry-After` in seconds, if any.
            backoff: delay in seconds without `Retry-After`; doubles with each consecutive 429.
        """
        with self._changed:
            wait = min(backoff * 2**self._refusals, _LONGEST_SLOW_DOWN)
            with self._store.open(permit.entity) as (window, _):
                left = window.remaining is not None and window.remaining > window.in_flight
            # Only successful responses reliably report the calls that are left. Another user of
            # the token may have used them since.
            left = left and self._refusals < _REFUSALS_UNTIL_USED_UP
            if report.remaining if report.remaining is not None else left:
                self._slow_down(permit, seconds, wait)
            else:
                self._refusals += 1
                self._pause(report.entity or permit.entity, report, seconds, wait)
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends all waits with StoppedError; later calls of `acquire` raise it too."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def _is_full(self) -> bool:
        """Whether as many requests are in flight as are allowed at a time."""
        return self._in_flight >= self._allowed

    def _take(self, entity: str) -> tuple[float, int]:
        """Seconds to wait for a call, 0 if it is taken; and the number of the window."""
        if self._is_full:
            return math.inf, 0
        if (pause := self._slow_until - time.monotonic()) > 0:
            return pause, 0
        with self._store.open(entity) as (window, now):
            if window.limit and reserved_calls(self._reserve, window.limit) >= window.limit:
                raise UsageError(
                    f"quota_reserve is {self._reserve:g}, and the quota of {entity} is no more "
                    f"than {window.limit:,} calls: nothing is left to be used."
                )
            return window.take(now, self._reserve, self._max_request_seconds), window.number

    def _pause(self, entity: str, report: QuotaReport, seconds: float | None, wait: float) -> None:
        """Sends no request for the entity until its window ends."""
        with self._store.open(entity) as (window, now):
            if report.resets_in is not None:
                seconds = max(seconds or 0, report.resets_in)
            elif seconds is None and window.resets_at is not None:
                seconds = window.resets_at - now
            # Never immediately: a clock may be a second off.
            window.refuse(now, max(seconds or 0, wait))

    def _slow_down(self, permit: Permit, seconds: float | None, wait: float) -> None:
        """Sends nothing for a short time, then half as many requests at a time.

        Operators report that this limit "clears in seconds", whatever the response says.
        """
        if permit.given_at < self._slowed_at:
            return  # it was sent before the last slow-down
        self._refusals += 1
        self._slowed_at = time.monotonic()
        is_over_soon = wait < _LONGEST_SLOW_DOWN
        self._slow_until = self._slowed_at + (wait if is_over_soon else max(wait, seconds or 0))
        self._successes = 0
        if self._allowed > 1:
            self._allowed //= 2
            if self.on_slow_down:
                self.on_slow_down(self._allowed)
