"""Times in the API's forms: UTC, `YYYY-MM-DD HH:MM:SS` without a zone, or epoch seconds."""

from __future__ import annotations

from datetime import UTC, date, datetime

DAY = 86_400


def parse_instant(text: str) -> int:
    """Return an ISO 8601 time as epoch seconds; without a zone it is UTC.

    Raises:
        ValueError: It is no such time, or not between the years 1900 and 2200.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"not an ISO 8601 time: {text!r} (example: 2026-03-14T15:20:00Z)"
        ) from None
    if not 1900 <= instant.year <= 2200:
        raise ValueError(f"not a time between the years 1900 and 2200: {text!r}")
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return int(instant.timestamp())


def api_time(epoch: int) -> str:
    """Format epoch seconds like the API's `starting_at`."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S")


def day_start(day: date) -> int:
    """Return the first second of a UTC day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
