"""The re-check schedule as a reader of `.dlt/config.toml` takes it, without any of our code."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

# Sportmonks' states, by the groups of the schedule.
GROUP_OF_STATE = {
    1: "upcoming",
    **dict.fromkeys((2, 3, 4, 6, 9, 16, 18, 19, 21, 22, 23, 25, 26), "live"),
    **dict.fromkeys((5, 7, 8, 14, 17), "finished"),
    **dict.fromkeys((10, 13), "postponed"),
    11: "suspended",
    **dict.fromkeys((12, 15), "cancelled"),
    20: "deleted",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Schedule = Sequence[Sequence[str]]


def duration(text: str) -> timedelta:
    unit = {"m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


def is_scheduled(
    schedule: Schedule,
    group: str,
    kick_off: datetime | None,
    checked_at: datetime,
    now: datetime,
) -> bool:
    """Whether a fixture that was requested at one moment is due again at another."""
    begins, interval = None, "never"
    for of_group, age, again in schedule:
        if of_group != group:
            continue
        if age == "any":
            begins, interval = None, again
        elif kick_off is not None and now - kick_off >= duration(age):
            begins, interval = duration(age), again
    if interval in ("never", "run"):
        return interval == "run"
    origin = (kick_off or EPOCH) + (begins or timedelta())
    if interval == "once":
        return begins is not None and checked_at < origin <= now
    step = duration(interval)
    last = origin + math.floor((now - origin) / step) * step
    return checked_at < last and now - checked_at >= step / 2
