"""Which fixtures a run is about: what a person asked for, and what it means in the warehouse."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import msgspec

from extract.errors import ArgumentError
from extract.payload import integer
from extract.warehouse import Warehouse, id_list

# Days that the API lists in one call (Sportmonks docs, fixtures by date range).
_LONGEST_WINDOW = 100
_FIRST_YEAR, _LAST_YEAR = 1850, 2150
_YEARS = re.compile(r"((?:19|20)[0-9]{2})(?:\.\.((?:19|20)[0-9]{2}))?")
_IDS = re.compile(r"[1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*")

# Ids that the record of a run lists. A file may hold ten thousands.
_IDS_RECORDED = 100

# All of them, those that start in some years, or those with some ids.
Seasons = Literal["all"] | range | tuple[int, ...]


def parse_seasons(text: str) -> Seasons:
    """Reads `all`, years such as `2024` and `2019..2025`, or ids between commas.

    Raises:
        ArgumentError: it is none of them.
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
    """Reads two days, the second of which is today if it is left out.

    Raises:
        ArgumentError: one is no date, or the first one is missing.
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
            f"{option} {text!r} is no date of a match: write it as 2026-03-14."
        ) from None


@dataclass(frozen=True)
class Selection:
    """Which fixtures a run is about. Without any of them: what is due in the plan.

    Attributes:
        fixture_ids: exactly these, or None.
        league_id: only this league; without `seasons` or `window`, its current season.
        seasons: seasons of the plan.
        window: kick-off from the first to the second of these days, in UTC.
        force: ask for all of them, due or not, and for lists and reference data.

    Raises:
        ArgumentError: the values do not go together or mean nothing.
    """

    fixture_ids: Sequence[int] | None = None
    league_id: int | None = None
    seasons: Seasons | None = None
    window: tuple[date, date] | None = None
    force: bool = False

    def __post_init__(self) -> None:
        """Refuses what does not go together."""
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
        """What was given, as JSON, for the record of the run.

        Of many ids only the number is recorded; `fixture_ids_hash` tells their list from others.
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
        """Tells a list of ids from others, in whatever order they are given."""
        ids = sorted(set(self.fixture_ids or ()))
        return hashlib.blake2b(repr(ids).encode(), digest_size=8).hexdigest()

    @property
    def is_of_seasons(self) -> bool:
        """Whether it means seasons, and not ids or days."""
        return self.fixture_ids is None and self.window is None

    def scope(self, season_ids: Sequence[int]) -> str:
        """The selection as an SQL condition on what is known of a fixture.

        Args:
            season_ids: the seasons that it means.
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
        # What was once stored stays right, and what was not answered is owed, whatever the season.
        return f"({in_seasons} or is_stored or outcome in ('held', 'failed'))"


def _as_typed(seasons: Seasons | None) -> str | list[int] | None:
    """Seasons as `parse_seasons` reads them, ids as a list."""
    if isinstance(seasons, range):
        first, last = seasons[0], seasons[-1]
        return f"{first}..{last}" if first < last else f"{first}"
    return list(seasons) if isinstance(seasons, tuple) else seasons


@dataclass(frozen=True)
class Season:
    """A season of the plan. `year` is the one it starts in, None where that is not known."""

    id: int
    name: str
    league_id: int | None
    league: str
    year: int | None
    is_over: bool
    is_current: bool


def plan_seasons(warehouse: Warehouse) -> dict[int, Season]:
    """The seasons of the plan by id, from the reference data in the warehouse."""
    leagues = _payloads(warehouse, "leagues")
    seasons = _payloads(warehouse, "seasons")
    current = {
        id
        for id, season in seasons.items()
        if season.get("is_current") and season.get("league_id") in leagues
    }
    for league_id, league in leagues.items():
        season = league.get("currentseason") or {}
        if (id := integer(season.get("id"))) is not None:
            seasons.setdefault(id, {"league_id": league_id, **season})
            current.add(id)
    return {
        id: _season(id, season, leagues.get(season.get("league_id", 0), {}), id in current)
        for id, season in seasons.items()
    }


def chosen_seasons(selection: Selection, seasons: Mapping[int, Season]) -> list[Season]:
    """The seasons that a selection means, newest first.

    Raises:
        ArgumentError: there is no such league or season.
    """
    of_league = [
        season for season in seasons.values() if selection.league_id in (None, season.league_id)
    ]
    if not of_league and selection.league_id is not None:
        raise ArgumentError(f"League {selection.league_id} does not exist or is not in your plan.")
    chosen = _named(selection, of_league, seasons)
    return sorted(chosen, key=lambda season: season.id, reverse=True)


def _named(
    selection: Selection, of_league: Sequence[Season], seasons: Mapping[int, Season]
) -> list[Season]:
    wanted = selection.seasons
    if wanted is None:
        return [season for season in of_league if season.is_current]
    if wanted == "all":
        return list(of_league)
    if isinstance(wanted, range):
        chosen = [season for season in of_league if season.year in wanted]
        if not chosen:
            raise ArgumentError(f"No season of your plan starts in {wanted[0]} to {wanted[-1]}.")
        return chosen
    for id in wanted:
        season = seasons.get(id)
        if season is None and seasons:
            raise ArgumentError(
                f"Season {id} does not exist or is not in your plan. (--force asks for the list "
                "of seasons again.)"
            )
        if season and selection.league_id not in (None, season.league_id):
            raise ArgumentError(
                f"Season {id} belongs to league {season.league_id}, not {selection.league_id}."
            )
    return [seasons.get(id) or _season(id, {}, {}, current=True) for id in wanted]


def _season(id: int, season: Mapping[str, Any], league: Mapping[str, Any], current: bool) -> Season:
    name = str(season.get("name") or id)
    begins = re.search(r"(19|20)[0-9]{2}", str(season.get("starting_at") or name))
    return Season(
        id=id,
        name=name,
        league_id=season.get("league_id"),
        league=str(league.get("name") or season.get("league_id") or "?"),
        year=int(begins[0]) if begins else None,
        is_over=bool(season.get("finished")),
        is_current=current,
    )


def _payloads(warehouse: Warehouse, table: str) -> dict[int, dict[str, Any]]:
    found = warehouse.query(
        f"select id, cast(payload as text) from {warehouse.raw}.{table} where payload is not null"
    )
    rows = {id: msgspec.json.decode(payload) for id, payload in found}
    return {id: row for id, row in rows.items() if isinstance(row, dict)}
