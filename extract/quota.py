"""The quota governor: who may call now, by what the API last said of its quota.

Sportmonks counts calls per entity (Fixture, League, Type, …) in fixed windows of an hour that open
with the first call. Every answer says how many calls are left and when the window ends.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from extract.errors import StoppedError

# `resets_in_seconds` is a whole number: the window may end up to a second later than it says.
_ROUNDING = 1.0


@dataclass(frozen=True)
class QuotaReport:
    """What one answer said of the quota; None where it said nothing.

    Attributes:
        entity: what the call was counted for, such as `Fixture`.
        limit: calls allowed in a window.
        remaining: calls left after this one.
        resets_in: seconds until the window ends.
    """

    entity: str | None = None
    limit: int | None = None
    remaining: int | None = None
    resets_in: int | None = None


@dataclass
class _Window:
    entity: str
    remaining: float | None = None
    resets_at: float = math.inf
    in_flight: int = 0
    paused_until: float = -math.inf


class QuotaGovernor:
    """Lets requests through while the quota lasts, then makes them wait for the next window.

    Safe for several threads. Requests under way are counted as spent before their answers say so;
    while nothing is known of an entity, one request goes first and the others wait for its answer.

    Args:
        reserve: calls of every window that are left to the token's other users.
        on_wait: called with the entity and the seconds when a request starts to wait for long.
    """

    def __init__(
        self, reserve: int = 0, on_wait: Callable[[str, float], None] | None = None
    ) -> None:
        self._reserve = reserve
        self.on_wait = on_wait
        self._windows: dict[str, _Window] = {}
        self._changed = threading.Condition()
        self._stopped = False

    def acquire(self, resource: str) -> float:
        """Waits until one more request for this resource may be sent.

        Args:
            resource: what is asked, such as `football/fixtures`. Which entity that counts as is
                known from its first answer on; until then it is governed by itself.

        Returns:
            The seconds waited.

        Raises:
            StoppedError: `stop` was called.
        """
        started = time.monotonic()
        announced = False
        with self._changed:
            while True:
                if self._stopped:
                    raise StoppedError("The run is being stopped.")
                window = self._windows.setdefault(resource, _Window(resource))
                delay = self._delay(window)
                if delay <= 0:
                    window.in_flight += 1
                    return time.monotonic() - started
                if delay > 1 and math.isfinite(delay) and not announced and self.on_wait:
                    self.on_wait(window.entity, delay)
                    announced = True
                self._changed.wait(min(delay, threading.TIMEOUT_MAX))

    def release(self, resource: str, report: QuotaReport) -> None:
        """Notes that a request ended, and what its answer said of the quota."""
        with self._changed:
            window = self._window(resource, report.entity)
            window.in_flight -= 1
            if report.remaining is not None:
                self._learn(window, report.remaining, report.resets_in)
            elif window.remaining is None and window.in_flight == 0:
                # An answer without numbers: nothing to govern by until one has them.
                window.remaining = math.inf
            self._changed.notify_all()

    def pause(self, resource: str, seconds: float) -> None:
        """Lets nobody call the resource's entity for some seconds: the API answered 429."""
        with self._changed:
            window = self._windows[resource]
            window.paused_until = max(window.paused_until, time.monotonic() + seconds)
            window.remaining = None
            self._changed.notify_all()

    def stop(self) -> None:
        """Wakes everyone who waits, with StoppedError; later calls get it too."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _window(self, resource: str, entity: str | None) -> _Window:
        """The window of a resource, shared with all others that count as the same entity."""
        window = self._windows[resource]
        if entity is None or entity == window.entity:
            return window
        shared = next((w for w in self._windows.values() if w.entity == entity), None)
        if shared is None:
            window.entity = entity
            return window
        shared.in_flight += window.in_flight
        self._windows[resource] = shared
        return shared

    def _delay(self, window: _Window) -> float:
        """Seconds until one more request may be tried; infinite means: until an answer arrives."""
        now = time.monotonic()
        if now < window.paused_until:
            return window.paused_until - now
        if now >= window.resets_at:
            window.remaining, window.resets_at = None, math.inf
        if window.remaining is None:
            return 0 if window.in_flight == 0 else math.inf
        if window.remaining - window.in_flight > self._reserve:
            return 0
        return window.resets_at - now

    @staticmethod
    def _learn(window: _Window, remaining: int, resets_in: int | None) -> None:
        now = time.monotonic()
        resets_at = now + resets_in + _ROUNDING if resets_in is not None else window.resets_at
        # Answers may overtake each other: within one window the smaller number is the newer one.
        newer_window = window.remaining is None or resets_at > window.resets_at + 2 * _ROUNDING
        window.remaining = remaining if newer_window else min(remaining, window.remaining or 0)
        window.resets_at = resets_at if newer_window else min(resets_at, window.resets_at)
