"""The endpoints of fixtures: by id, by day, with filters, includes and selected fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson

from simulator.api.includes import empty_include, include_paths, included_value, selected
from simulator.api.pagination import Key
from simulator.api.query import MAX_IDS, Query, is_id
from simulator.api.result import Result, list_result
from simulator.data.clock import DAY, day_start
from simulator.data.source import INCLUDED, Row, Source
from simulator.errors import ApiError, incorrect
from simulator.randomness import generator, mix

MAX_DAYS = 100
"""Days of one between request (documented)."""


def multi(source: Source, query: Query) -> Result:
    """Handle `fixtures/multi/{ids}`."""
    texts = query.arguments["ids"].split(",")
    if not all(is_id(text) for text in texts):
        raise incorrect()
    ids = list(dict.fromkeys(int(text) for text in texts))
    if len(ids) > MAX_IDS:
        if query.behaviour.too_many_ids == "refuse":
            raise incorrect(f"You can request a maximum of {MAX_IDS} fixtures by their ids.")
        del ids[MAX_IDS:]
    found = [fixture_id for fixture_id in ids if _exists(source, fixture_id, query)]
    found = _filtered(source, found, query)
    generator(query.call, len(found)).shuffle(found)
    return Result(rows=fixture_rows(source, found, query))


def one_fixture(source: Source, query: Query) -> Result:
    """Handle `fixtures/{id}`."""
    fixture_id = int(query.arguments["id"])
    if not _exists(source, fixture_id, query):
        return Result()
    return Result(one=fixture_rows(source, [fixture_id], query)[0])


def fixtures(source: Source, query: Query) -> Result:
    """Handle `fixtures`: by id."""
    return fixture_page(source, candidates(source, query), query)


def between(source: Source, query: Query) -> Result:
    """Handle `fixtures/between/{start}/{end}`: by kick-off, both days included."""
    return fixture_page(source, ids_between_days(source, query), query, by_start=True)


def on_date(source: Source, query: Query) -> Result:
    """Handle `fixtures/date/{start}`: by kick-off."""
    day = _day(query.arguments["start"])
    return fixture_page(source, _of_days(source, query, day, day), query, by_start=True)


def latest(source: Source, query: Query) -> Result:
    """Handle `fixtures/latest`: nothing changes unless the clock is moved."""
    return Result(rows=[], empty_is_found=True)


def ids_between_days(source: Source, query: Query) -> list[int]:
    """Return the fixtures that match the filters, from the day `start` to the day `end` of a path.

    Raises:
        ApiError: The days are reversed or too far apart (422), or one is no day (400).
    """
    start, end = _day(query.arguments["start"]), _day(query.arguments["end"])
    days = (end - start).days
    if days < 0:
        raise ApiError(422, "The end date must be a date after or equal to the start date.", 5006)
    if days > MAX_DAYS:
        raise ApiError(
            422,
            f"The date range can not be more than {MAX_DAYS} days; you requested {days} days.",
            5006,
        )
    return _of_days(source, query, start, end)


def _of_days(source: Source, query: Query, start: date, end: date) -> list[int]:
    return source.ids_between(day_start(start), day_start(end) + DAY, candidates(source, query))


def _exists(source: Source, fixture_id: int, query: Query) -> bool:
    return (
        (fixture_id in source.deleted) is query.deleted
        and fixture_id not in source.withdrawn
        and source.exists(fixture_id)
    )


def candidates(source: Source, query: Query) -> Sequence[int]:
    """Return the fixtures that match the filters, ascending by id."""
    ids: Sequence[int]
    seasons = query.numbers("fixtureseasons")
    leagues = query.numbers("fixtureleagues")
    if query.deleted:
        ids = sorted(source.deleted - source.withdrawn)
    elif seasons is not None:
        ids = sorted(
            fixture_id for season_id in set(seasons) for fixture_id in source.fixture_ids(season_id)
        )
    elif leagues is not None:
        ids = source.league_fixture_ids(leagues)
    else:
        ids = source.fixture_ids()
    return _filtered(source, ids, query)


def _filtered(source: Source, ids: Sequence[int], query: Query) -> list[int]:
    checks: list[tuple[str, set[int]]] = []
    for name, column in (
        ("fixtureids", "id"),
        ("fixtureseasons", "season_id"),
        ("fixtureleagues", "league_id"),
        ("fixturestates", "state_id"),
    ):
        wanted = query.numbers(name)
        if wanted is not None:
            checks.append((column, set(wanted)))
    chosen = list(ids)
    if "todaydate" in query.filters:
        today = source.now // DAY * DAY
        chosen = source.ids_between(today, today + DAY, chosen)
    for column, values in checks:
        if column == "id":
            chosen = [fixture_id for fixture_id in chosen if fixture_id in values]
        else:
            base = source.base
            chosen = [fixture_id for fixture_id in chosen if base(fixture_id).get(column) in values]
    return chosen


def fixture_page(
    source: Source, ids: Sequence[int], query: Query, *, by_start: bool = False
) -> Result:
    """Return the requested page of some fixtures, by id or by kick-off, or all if not paged."""
    sort_by = query.parameters.get("sortBy") or ("starting_at" if by_start else None)
    if sort_by not in (None, "starting_at", "name"):
        raise incorrect(
            "Only the usage of the field(s): name or starting_at; is supported for custom "
            "sorting on the Fixture entity. You may leave the sortBy parameter empty to use "
            "the default sort"
        )
    key: Callable[[int], Key] | None = None
    if sort_by is not None:
        column = "starting_at_timestamp" if sort_by == "starting_at" else "name"
        keys: dict[int, Key] = {}
        for fixture_id in ids:
            value = source.base(fixture_id).get(column)
            keys[fixture_id] = (value is not None, value, fixture_id)
        key = keys.__getitem__
    return list_result(ids, query, key, lambda page: fixture_rows(source, page, query))


# ---------------------------------------------------------------------- rows


def fixture_rows(source: Source, ids: Sequence[int], query: Query) -> list[Any]:
    """Return the rows of some fixtures with the fields and includes of the request."""
    wanted = [name for name in query.parameters.get("select", "").split(",") if name]
    is_complete = (
        source.as_saved
        and query.behaviour.saved_fixtures == "complete"
        and (query.is_complete or bool(query.includes))
    )
    rows: list[Any] = []
    for fixture_id in ids:
        text = source.saved_text(fixture_id) if is_complete and not wanted else None
        if text is not None and query.may_send_saved_text and query.zone is None:
            rows.append(orjson.Fragment(text))
            continue
        if is_complete:
            row = source.view(fixture_id, ())
        elif not query.includes:
            row = source.base(fixture_id)
        else:
            row = _included(source, fixture_id, query)
        if wanted:
            for name in wanted:
                if name not in row:
                    raise incorrect(f"The select field '{name}' does not exist on this resource.")
            row = selected(row, wanted)
        kickoff = row.get("starting_at_timestamp")
        if query.zone is not None and row.get("starting_at") and isinstance(kickoff, int):
            local = datetime.fromtimestamp(kickoff, UTC).astimezone(query.zone)
            row = {**row, "starting_at": local.strftime("%Y-%m-%d %H:%M:%S")}
        rows.append(row)
    return rows


def _included(source: Source, fixture_id: int, query: Query) -> Row:
    includes = query.includes
    full = source.view(fixture_id, include_paths(includes))
    is_base = source.is_base_field
    row = {key: value for key, value in full.items() if is_base(key, value)}
    seed = mix(fixture_id, query.call)
    types = query.included_types()
    # Saved responses may have other spellings of a key.
    keys = {key.lower(): key for key in full}
    for name, include in includes.items():
        key = keys.get(name) or (keys.get("expected") if name == "xgfixture" else None)
        if key is not None:
            row[key] = included_value(
                full[key], name, include, find_type=source.type, types=types, seed=seed
            )
        elif name not in INCLUDED and not source.as_saved:
            # An include that the world does not generate. A dropped key stays absent.
            row[name] = empty_include(name)
    return row


def _day(text: str) -> date:
    try:
        if len(text) != len("2026-03-14"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise incorrect("The date must have the form YYYY-MM-DD.") from None
