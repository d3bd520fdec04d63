"""The circuit breaker: an API that is down is looked at now and then, not hammered.

Not pybreaker: that one lets one request through at a time, and counts by the wall clock.
"""

import threading
from collections.abc import Callable

from extract.errors import DownError, RequestError, UnavailableError

# Requests without a usable answer, retries included, one after the other. Around one poisoned
# fixture there may be as many; then the first look finds that the API is well.
_FAILURES_UNTIL_OPEN = 10
# Waits before each look, in times of the backoff: 5, 10 and 20 s.
_WAITS = (5, 10, 20)


class CircuitBreaker:
    """Opens after failures in a row, then looks whether the API is back, and closes when it is.

    Safe for several threads: one looks, the others wait for what it finds.

    Args:
        backoff: seconds that the waits are multiples of.
        sleep: waits for some seconds; raises StoppedError when the run is being stopped.
        on_open: told, with the seconds, before each wait.

    Attributes:
        is_open: whether no request may be sent.
        down: why none ever will: every look was in vain.
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
        self._looking = threading.Lock()
        self._failures = 0
        self.is_open = False
        self.down: DownError | None = None

    def succeeded(self) -> None:
        """Notes that the API answered."""
        self._failures = 0

    def failed(self) -> None:
        """Notes that it did not."""
        self._failures += 1
        if self._failures >= _FAILURES_UNTIL_OPEN:
            self.open()

    def open(self) -> None:
        """Lets nobody ask before somebody has looked."""
        self.is_open = True

    def wait(self, look: Callable[[], object]) -> None:
        """Comes back when requests may be sent.

        Args:
            look: asks the API for something that it should have an answer to.

        Raises:
            DownError: no look had an answer.
            StoppedError: the run is being stopped.
        """
        if not self.is_open:
            return
        with self._looking:
            if self.down:
                raise self.down
            if self.is_open:
                self._probe(look)

    def _probe(self, look: Callable[[], object]) -> None:
        last: RequestError | None = None
        for wait in _WAITS:
            seconds = wait * self._backoff
            self._on_open(seconds)
            self._sleep(seconds)
            try:
                look()
            except UnavailableError as error:
                last = error
                continue
            except RequestError:
                pass  # refused, but it answers
            self._failures = 0
            self.is_open = False
            return
        self.down = DownError(f"The API is down: {self._failures} requests failed in a row. {last}")
        raise self.down
