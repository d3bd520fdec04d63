"""Detects that the API refuses every request for fixtures with the same message."""

import random
import threading
from collections.abc import Callable, Sequence

from extract.errors import AccessError, RefusedError, RequestError

# A batch and both its halves.
_REFUSALS_UNTIL_PROBE = 3
# One probe may hit a fixture that is refused for itself.
_PROBES = 3


class RefusalGuard:
    """Ends a fetch that is refused as a whole, before every batch is split down to its fixtures.

    After three consecutive refusals with the same message, it probes up to three single fixtures.
    If these are refused with the same message too, the cause is the request or the plan, not a
    fixture. Each probe that succeeds doubles the number of refusals until the next one.

    Safe for several threads: while one probes, the others wait for the result.

    Args:
        request: requests fixtures by their ids.
        stored_ids: a few stored fixtures, which the API has returned before.
        fixture_ids: fixtures to probe if too few are stored.
    """

    def __init__(
        self,
        request: Callable[[Sequence[int]], object],
        stored_ids: Sequence[int],
        fixture_ids: Sequence[int],
    ) -> None:
        self._request = request
        others = random.sample(fixture_ids, min(_PROBES, len(fixture_ids)))
        self._probes = [*dict.fromkeys([*stored_ids, *others])][:_PROBES]
        self._has_stored = bool(stored_ids)
        self._lock = threading.Lock()
        self._message: str | None = None
        self._refusals = 0
        self._limit = _REFUSALS_UNTIL_PROBE
        self._verdict: AccessError | None = None

    def succeeded(self) -> None:
        """Records a response."""
        with self._lock:
            self._refusals = 0

    def refused(self, error: RefusedError) -> None:
        """Records a refusal, and probes after several of them.

        Raises:
            AccessError: every request for fixtures is refused with this message.
            StoppedError: the run is being stopped.
        """
        with self._lock:
            if self._verdict:
                raise self._verdict
            if str(error) != self._message:
                self._message, self._refusals = str(error), 0
            self._refusals += 1
            if self._refusals < self._limit:
                return
            self._refusals = 0
            if not all(self._is_refused(id) for id in self._probes):
                self._limit *= 2
                return
            others = "fixtures that it returned before" if self._has_stored else "other fixtures"
            self._verdict = AccessError(
                f"{error} It also refuses {others}: check `include` in .dlt/config.toml and the "
                "plan.",
                error.status,
            )
            raise self._verdict

    def _is_refused(self, fixture_id: int) -> bool:
        try:
            self._request([fixture_id])
        except RefusedError as error:
            return str(error) == self._message
        except RequestError:
            return False
        return False
