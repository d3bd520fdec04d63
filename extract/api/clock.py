"""The time by the API's clock: it is the same for all hosts, whatever their own clocks show."""

import threading
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from statistics import median

# A `Date` is in whole seconds, and an answer takes some time to arrive. A clock that differs by no
# more than this agrees with the API's.
_TOLERANCE = 2.0
# What a person need not hear of: what is due is counted in minutes.
LARGEST_SKEW = timedelta(minutes=1)
# Answers whose `Date` counts. The median of them ignores a server whose clock is wrong.
_ANSWERS = 9
# Years that an API's clock may show, and seconds that a cache may keep an answer.
_YEARS = range(2000, 2200)
LONGEST_AGE = 7 * 86_400
_TICK = timedelta(microseconds=1)


def whole_seconds(span: timedelta) -> timedelta:
    """A span of time as a message shows it."""
    return timedelta(seconds=round(span.total_seconds()))


class ApiClock:
    """Tells the time by the `Date` of the API's answers.

    A host's clock is finer than a `Date`: as long as it agrees with the API's, it counts. Otherwise
    the difference is corrected. Until the first answer, the time is that of the host's clock. Safe
    for several threads.

    Attributes:
        began_at: the moment of `begin`, by the API's clock; None until that is known.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Seconds from the monotonic clock, which nobody sets, to the time since 1970.
        self._offsets: deque[float] = deque(maxlen=_ANSWERS)
        self._last: datetime | None = None
        self._beginning: float | None = None
        self.began_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether the API has answered."""
        return bool(self._offsets)

    @property
    def seconds_ahead(self) -> float | None:
        """How far this host's clock is ahead of the API's; None until the API has answered."""
        if not self._offsets:
            return None
        return time.time() - time.monotonic() - median(self._offsets)

    def begin(self) -> None:
        """Marks the present. Every time that `now` returns after the first answer is later."""
        with self._lock:
            self._beginning = time.monotonic()
            if self._offsets:
                self._fix_beginning(self._beginning)

    def heard(self, date: datetime | None, age: float) -> None:
        """Takes the time from an answer that has just arrived.

        Args:
            date: its `Date`; without one that makes sense, the host's clock counts.
            age: its `Age`: the seconds that it was kept in a cache.
        """
        moment, here = time.monotonic(), time.time()
        there = date.timestamp() + age if date and date.year in _YEARS else here
        with self._lock:
            is_first = not self._offsets
            agrees = abs(here - there) <= _TOLERANCE
            self._offsets.append((here if agrees else there) - moment)
            if is_first:
                # What the host's clock said may be wrong.
                self._last = None
                if self._beginning is not None:
                    self._fix_beginning(self._beginning)

    def now(self) -> datetime:
        """The time. Each call returns a later one."""
        with self._lock:
            moment = self._at(time.monotonic())
            if self._last is not None:
                moment = max(moment, self._last + _TICK)
            self._last = moment
            return moment

    def at(self, moment: float) -> datetime:
        """The time of a moment.

        Args:
            moment: by `time.monotonic`.
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
