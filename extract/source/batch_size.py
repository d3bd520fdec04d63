"""How many fixtures to ask for in one request, learned from what the API makes of it."""

import threading
from collections import Counter

# A batch may fail by chance although its halves are answered: once is no proof.
_PROOF = 2


class BatchSize:
    """Starts as it is set, and halves for good when batches fail for their size.

    Safe for several threads.

    Args:
        size: ids in one request, at most.

    Attributes:
        size: ids in one request, as far as is known now.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._answered: Counter[int] = Counter()
        self._too_large: Counter[int] = Counter()
        self._lock = threading.Lock()

    def answered(self, size: int) -> None:
        """Notes that a batch of this size was answered."""
        with self._lock:
            self._answered[size] += 1

    def too_large(self, size: int, is_refused: bool) -> None:
        """Notes that a batch of this size failed, and that both of its halves were answered.

        Args:
            size: of the batch.
            is_refused: the API refused it, which is no accident, as a time-out may be.
        """
        with self._lock:
            self._too_large[size] += 1
            failures = self._too_large[size]
            # A size that was answered is not refused for its size.
            refused = is_refused and not self._answered[size]
            proven = refused or failures >= max(_PROOF, self._answered[size] + 1)
            if proven and size <= self.size:
                self.size = max(1, (size + 1) // 2)
