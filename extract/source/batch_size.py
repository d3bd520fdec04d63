"""The number of fixtures in one request, reduced when the API does not accept it."""

import threading
from collections import Counter

# A batch may fail by chance although its halves succeed: one failure proves nothing.
_FAILURES_UNTIL_SMALLER = 2


class BatchSize:
    """Starts with the configured size, and halves for good when batches fail for their size.

    Safe for several threads.

    Args:
        size: ids in one request, at most.

    Attributes:
        size: ids in one request, by what is known so far.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._succeeded: Counter[int] = Counter()
        self._too_large: Counter[int] = Counter()
        self._lock = threading.Lock()

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
            # A size that succeeded before is not refused for its size.
            refused = is_refused and not self._succeeded[size]
            proven = refused or failures >= max(_FAILURES_UNTIL_SMALLER, self._succeeded[size] + 1)
            if proven and size <= self.size:
                self.size = max(1, (size + 1) // 2)
