"""The selection of fixtures: options of the command line, and the SQL condition they mean."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from extract.errors import ArgumentError
from extract.warehouse.base import id_list

# Days that the API lists in one call (Sportmonks docs, fixtures by date range).
_LONGEST_WINDOW = 100
_FIRST_YEAR, _LAST_YEAR = 1850, 2150
_YEARS = re.compile(r"((?:19|20)[0-9]{2})(?:\.\.((?:19|20)[0-9]{2}))?")
_IDS = re.compile(r"[1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*")

# Ids that the row of a run lists. A file may have ten thousands.
_IDS_RECORDED = 100

# All of them, those that start in some years, or those with some ids.
Seasons = Literal["all"] | range | tuple[int, ...]


def parse_seasons(text: str) -> Seasons:
    """Parses `all`, years such as `2024` and `2019..2025`, or ids separated by commas.

    Raises:
        ArgumentError: the text is none of them.
    """
    if text == "all":
        return "all"
    if years := _YEARS.fullmatch(text):
        first, last = int(years[1]), int(years[2] or years[1])
        if first > last:
            raise ArgumentError(f"--seasons {text}: the first year is later than the last one.")
        return range(first, last + 1)
    if _IDS.fullmatch(text) and not any(map(_YEARS.fullmatch, text.split(","))):
        return tuple(dict.fromkeys(map(int, text.split(","))))
    raise ArgumentError(
        f"--seasons {text!r}: write all, a year or years such as 2024 or 2019..2025, or ids such "
        "as 23614,25583. An id that looks like a year goes with --season-id."
    )


def parse_window(since: str | None, until: str | None) -> tuple[date, date] | None:
    """Parses two days; the second one defaults to today.

    Raises:
        ArgumentError: one is no date, or only the second one is given.
    """
    if since is None:
        if until is not None:
            raise ArgumentError("--until needs --since.")
        return None
    first, today = _day("--since", since), datetime.now(UTC).date()
    if until is None and first > today:
        raise ArgumentError(f"--since {since} is in the future: say --until when.")
    return first, today if until is None else _day("--until", until)


def _day(option: str, text: str) -> date:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        day = date.fromisoformat(text)
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise ValueError
        return day
    except ValueError:
        raise ArgumentError(
            f"{option} {text!r} is not a valid date: write it as 2026-03-14."
        ) from None


@dataclass(frozen=True)
class Selection:
    """A selection of fixtures. Without any attribute: what is due in the plan.

    Attributes:
        fixture_ids: exactly these, or None.
        league_id: only this league; without `seasons` or `window`, its current season.
        seasons: seasons of the plan.
        window: kick-off from the first to the second of these days, in UTC.
        force: request all of them, due or not, and refresh lists and reference data.

    Raises:
        ArgumentError: the values cannot be combined, or a window is invalid.
    """

    fixture_ids: Sequence[int] | None = None
    league_id: int | None = None
    seasons: Seasons | None = None
    window: tuple[date, date] | None = None
    force: bool = False

    def __post_init__(self) -> None:
        """Checks that the values can be combined."""
        if self.fixture_ids is not None and (self.league_id or self.seasons or self.window):
            raise ArgumentError(
                "Give either fixture ids, or a league, seasons or days, but not both."
            )
        if self.seasons is not None and self.window is not None:
            raise ArgumentError("Give either seasons or days (--since, --until), but not both.")
        if self.window is not None:
            since, until = self.window
            days = (until - since).days
            if days < 0:
                raise ArgumentError(f"--since {since} is later than --until {until}.")
            if days > _LONGEST_WINDOW:
                raise ArgumentError(
                    f"--since {since} to --until {until} are {days} days: the API lists at most "
                    f"{_LONGEST_WINDOW} at once. Run it in parts, or for --seasons."
                )

    def arguments(self) -> dict[str, Any]:
        """The given values as JSON, for the table `runs`.

        A long list of ids is recorded as its number and `fixture_ids_hash` only.
        """
        given: dict[str, Any] = {
            "league_id": self.league_id,
            "seasons": _as_typed(self.seasons),
            "window": self.window and [day.isoformat() for day in self.window],
            "force": self.force,
        }
        if self.fixture_ids is not None:
            ids = list(dict.fromkeys(self.fixture_ids))
            given["fixture_ids"] = ids if len(ids) <= _IDS_RECORDED else None
            given["fixture_ids_count"] = len(ids)
            given["fixture_ids_hash"] = self.fixture_ids_hash
        return {name: value for name, value in given.items() if value}

    @property
    def fixture_ids_hash(self) -> str:
        """A hash of the set of ids, independent of their order."""
        ids = sorted(set(self.fixture_ids or ()))
        return hashlib.blake2b(repr(ids).encode(), digest_size=8).hexdigest()

    @property
    def is_of_seasons(self) -> bool:
        """Whether it selects seasons, and not ids or days."""
        return self.fixture_ids is None and self.window is None

    def scope(self, season_ids: Sequence[int]) -> str:
        """The selection as an SQL condition on the columns of `known` in `due.py`.

        Args:
            season_ids: the seasons of the selection.
        """
        if self.fixture_ids is not None:
            return f"id in ({id_list(self.fixture_ids)})"
        if self.window is not None:
            since, until = self.window
            of_league = f" and league_id = {self.league_id}" if self.league_id else ""
            return (
                f"starting_at >= timestamptz '{since} 00:00+00' and "
                f"starting_at < timestamptz '{until + timedelta(days=1)} 00:00+00'{of_league}"
            )
        in_seasons = f"season_id in ({id_list(season_ids)})"
        if self.seasons is not None or self.league_id is not None or self.force:
            return in_seasons
        # Stored fixtures are kept up to date, and failed ones are retried, whatever their season.
        return f"({in_seasons} or is_stored or outcome in ('unconfirmed', 'failed'))"


def _as_typed(seasons: Seasons | None) -> str | list[int] | None:
    """Seasons as `parse_seasons` reads them, ids as a list."""
    if isinstance(seasons, range):
        first, last = seasons[0], seasons[-1]
        return f"{first}..{last}" if first < last else f"{first}"
    return list(seasons) if isinstance(seasons, tuple) else seasons
