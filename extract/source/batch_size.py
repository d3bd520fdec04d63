"""The number of fixtures in one request, by what the API accepts and by the bound on bytes."""

import math
import threading
from collections import Counter

from extract.config.batch_bytes import USED, fitting_batch_size

# A batch may fail by chance although its halves succeed: one failure proves nothing.
_FAILURES_UNTIL_SMALLER = 2
# Responses after which a much too large estimate of the bytes is corrected.
_RESPONSES_UNTIL_LARGER = 100


class BatchSize:
    """Starts with the configured size, and follows what the responses show.

    It halves for good when batches fail for their size. It follows the bytes of a fixture: it
    shrinks when a response shows that the next one may exceed the bound, and grows when fixtures
    had less than half the expected bytes in 100 responses. Otherwise it stays as it is, so that a
    run makes the planned calls.

    Safe for several threads.

    Args:
        size: ids in one request, at most.
        megabytes: bound for the JSON of a response.
        fixture_bytes: expected JSON of one fixture.
    """

    def __init__(self, size: int, megabytes: float = math.inf, fixture_bytes: float = 1.0) -> None:
        self._accepted = size
        self._megabytes = megabytes
        self._fixture_bytes = fixture_bytes
        self._heaviest = 0.0
        self._responses = 0
        self._succeeded: Counter[int] = Counter()
        self._too_large: Counter[int] = Counter()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Ids in one request, by what is known so far."""
        return fitting_batch_size(self._accepted, self._megabytes, self._fixture_bytes)

    @property
    def fixture_bytes(self) -> float:
        """Expected JSON of one fixture, by what is known so far."""
        return self._fixture_bytes

    def received(self, fixtures: int, size: int) -> None:
        """Records the JSON of a response.

        Args:
            fixtures: number of its fixtures.
            size: its bytes.
        """
        # A few fixtures may be heavier than those of a whole batch ever are on average.
        if not fixtures or fixtures < self.size / 2:
            return
        with self._lock:
            self._responses += 1
            self._heaviest = max(self._heaviest, size / fixtures)
            is_larger = self._heaviest * USED > self._fixture_bytes
            is_smaller = self._heaviest < self._fixture_bytes / 2
            if is_larger or (is_smaller and self._responses >= _RESPONSES_UNTIL_LARGER):
                self._fixture_bytes = self._heaviest

    def succeeded(self, size: int) -> None:
        """Records that a batch of this size succeeded."""
        with self._lock:
            self._succeeded[size] += 1

    def too_large(self, size: int, is_refused: bool) -> None:
        """Records that a batch of this size failed and that both of its halves succeeded.

        Args:
            size: of the batch.
            is_refused: whether the API refused it, which happens by chance less often than a
                time-out.
        """
        with self._lock:
            self._too_large[size] += 1
            failures = self._too_large[size]
            # A batch is not refused for its size if as many fixtures have succeeded before.
            successes = self._succeeded[size]
            if is_refused:
                successes = sum(n for each, n in self._succeeded.items() if each >= size)
            proven = (is_refused and not successes) or failures >= max(
                _FAILURES_UNTIL_SMALLER, successes + 1
            )
            if proven and size <= self._accepted:
                self._accepted = max(1, (size + 1) // 2)
