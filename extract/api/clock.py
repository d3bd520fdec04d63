"""The API's clock, which is the same for all hosts, whatever their own clocks show."""

import threading
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from statistics import median

# Seconds. A `Date` is in whole seconds, and a response takes some time to arrive: a clock that
# differs by no more than this agrees with the API's.
_TOLERANCE = 2.0
# A smaller difference needs no warning: due times are in minutes.
LARGEST_SKEW = timedelta(minutes=1)
# Responses whose `Date` counts. Their median ignores a server whose clock is wrong.
_RESPONSES = 9
# Plausible years of the API's clock, and seconds that a cache may keep a response.
_YEARS = range(2000, 2200)
LONGEST_AGE = 7 * 86_400
_TICK = timedelta(microseconds=1)


def whole_seconds(span: timedelta) -> timedelta:
    """A span of time without fractions of a second, for messages."""
    return timedelta(seconds=round(span.total_seconds()))


class ApiClock:
    """The API's time, by the `Date` header of its responses.

    The host's clock is more precise than a `Date`, and is used as long as it agrees with the API's.
    Otherwise the difference is corrected. Until the first response, the host's clock is used. Safe
    for several threads.

    Attributes:
        began_at: the time of `begin` by the API's clock; None until that is known.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Seconds from the monotonic clock, which cannot be set, to the time since 1970.
        self._offsets: deque[float] = deque(maxlen=_RESPONSES)
        self._last: datetime | None = None
        self._beginning: float | None = None
        self.began_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether the API has responded."""
        return bool(self._offsets)

    @property
    def seconds_ahead(self) -> float | None:
        """Seconds that this host's clock is ahead of the API's; None until the first response."""
        if not self._offsets:
            return None
        return time.time() - time.monotonic() - median(self._offsets)

    def begin(self) -> None:
        """Marks the present. All times that `now` returns after the first response are later."""
        with self._lock:
            self._beginning = time.monotonic()
            if self._offsets:
                self._fix_beginning(self._beginning)

    def observe(self, date: datetime | None, age: float) -> None:
        """Learns the time from a response that has just arrived.

        Args:
            date: its `Date`; if it is missing or implausible, the host's clock counts.
            age: its `Age`: the seconds that a cache had kept it.
        """
        moment, here = time.monotonic(), time.time()
        there = date.timestamp() + age if date and date.year in _YEARS else here
        with self._lock:
            is_first = not self._offsets
            agrees = abs(here - there) <= _TOLERANCE
            self._offsets.append((here if agrees else there) - moment)
            if is_first:
                # Earlier times are those of the host's clock, which may be wrong.
                self._last = None
                if self._beginning is not None:
                    self._fix_beginning(self._beginning)

    def now(self) -> datetime:
        """The current time. Each call returns a later one."""
        with self._lock:
            moment = self._at(time.monotonic())
            if self._last is not None:
                moment = max(moment, self._last + _TICK)
            self._last = moment
            return moment

    def at(self, moment: float) -> datetime:
        """The time of an earlier moment.

        Args:
            moment: a value of `time.monotonic`.
        """
        with self._lock:
            return self._at(moment)

    def _at(self, moment: float) -> datetime:
        offset = median(self._offsets) if self._offsets else time.time() - time.monotonic()
        return datetime.fromtimestamp(moment + offset, UTC)

    def _fix_beginning(self, moment: float) -> None:
        self.began_at = self._at(moment)
        if self._last is None or self._last < self.began_at:
            self._last = self.began_at
