"""The circuit breaker: while the API is down, it gets single probes instead of all requests.

Not pybreaker: that one lets one request through at a time, and counts by the wall clock.
"""

import threading
from collections.abc import Callable

from extract.errors import DownError, RequestError, UnavailableError

# Consecutive requests without a usable response, retries included. A single poisoned fixture may
# cause as many; then the first probe closes the breaker.
_FAILURES_UNTIL_OPEN = 10
# Delay before each probe, in multiples of the backoff: 5, 10 and 20 s.
_PROBE_DELAYS = (5, 10, 20)


class CircuitBreaker:
    """Opens after consecutive failures, then probes the API, and closes when it responds.

    Safe for several threads: one thread probes, the others wait for its result.

    Args:
        backoff: unit of the delays, in seconds.
        sleep: waits for some seconds; raises StoppedError when the run is being stopped.
        on_open: called with the seconds before each delay.
    """

    def __init__(
        self,
        backoff: float,
        sleep: Callable[[float], None],
        on_open: Callable[[float], None],
    ) -> None:
        self._backoff = backoff
        self._sleep = sleep
        self._on_open = on_open
        # Held during a probe. The state has a lock of its own: other requests end meanwhile.
        self._probing = threading.Lock()
        self._state = threading.Lock()
        self._failures = 0
        self._is_open = False
        self._down: DownError | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests have to wait for a probe."""
        with self._state:
            return self._is_open

    @property
    def down(self) -> DownError | None:
        """The error of every further request, once all probes have failed; else None."""
        with self._state:
            return self._down

    def succeeded(self) -> None:
        """Records a response."""
        with self._state:
            self._failures = 0

    def failed(self) -> None:
        """Records a request without a usable response."""
        with self._state:
            self._failures += 1
            if self._failures >= _FAILURES_UNTIL_OPEN:
                self._is_open = True

    def open(self) -> None:
        """Holds all requests back until a probe has succeeded."""
        with self._state:
            self._is_open = True

    def wait(self, probe: Callable[[], object]) -> None:
        """Returns when requests may be sent.

        Args:
            probe: sends a request that the API should be able to answer.

        Raises:
            DownError: every probe failed.
            StoppedError: the run is being stopped.
        """
        if not self.is_open:
            return
        with self._probing:
            if down := self.down:
                raise down
            if self.is_open:
                self._probe(probe)

    def _probe(self, probe: Callable[[], object]) -> None:
        last: RequestError | None = None
        for delay in _PROBE_DELAYS:
            seconds = delay * self._backoff
            self._on_open(seconds)
            self._sleep(seconds)
            try:
                probe()
            except UnavailableError as error:
                last = error
                continue
            except RequestError:
                pass  # a refusal is a response
            with self._state:
                self._failures = 0
                self._is_open = False
            return
        with self._state:
            self._down = DownError(
                f"The API is down: {self._failures} requests failed in a row. {last}"
            )
            raise self._down
