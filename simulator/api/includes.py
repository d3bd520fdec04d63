"""What `include` and `select` do to the objects that a request returns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.api.behaviour import Behaviour
from simulator.errors import INCLUDE, ApiError, incorrect

Row = dict[str, Any]
MAX_DEPTH = 3

_TO_ONE = frozenset(
    {"sport", "round", "stage", "group", "aggregate", "league", "season", "venue", "state"}
    | {"weatherreport", "currentperiod", "aioverviews", "currentseason", "country"}
    | {"participant", "rule", "player", "team", "type", "position", "detailedposition", "transfer"}
    | {"currentround", "currentstage", "nationality", "city"}
)
_FIXTURE_MULTI = (
    "sport round stage group aggregate league season coaches tvStations venue state weatherReport "
    "lineups events timeline comments trends statistics periods participants odds premiumOdds "
    "inplayOdds prematchNews metadata sidelined predictions referees formations ballCoordinates "
    "scores xGFixture pressure expectedLineups predictedLineups matchfacts AIOverviews "
    "detailedPeriods"
)
KNOWN: dict[str, frozenset[str]] = {
    "Fixture": frozenset((_FIXTURE_MULTI + " currentPeriod postmatchNews").lower().split()),
    "League": frozenset(
        {"sport", "country", "stages", "latest", "upcoming", "inplay", "today"}
        | {"currentseason", "seasons"}
    ),
    "Season": frozenset(
        {"sport", "league", "teams", "stages", "currentstage", "fixtures", "groups"}
        | {"statistics", "topscorers"}
    ),
    "State": frozenset(),
    "Type": frozenset(),
    "Resource": frozenset(),
    "Schedule": frozenset(),
    "Standing": frozenset(
        {"participant", "season", "league", "stage", "group", "round", "rule", "details", "form"}
        | {"sport"}
    ),
    "Topscorer": frozenset({"season", "stage", "player", "participant", "type"}),
    "Team": frozenset(
        {"sport", "country", "venue", "coaches", "rivals", "players", "latest", "upcoming"}
        | {"seasons", "activeseasons", "sidelined", "sidelinedhistory", "statistics", "trophies"}
        | {"socials", "rankings"}
    ),
    "Squad": frozenset({"team", "player", "position", "detailedposition", "transfer"}),
    "SeasonSquad": frozenset({"player", "team", "season", "details", "position"}),
    "Stage": frozenset(
        {"league", "season", "type", "sport", "rounds", "currentround", "groups", "fixtures"}
        | {"aggregates", "topscorers", "statistics"}
    ),
    "Round": frozenset({"sport", "league", "season", "stage", "fixtures", "statistics"}),
    "Venue": frozenset({"country", "city", "fixtures"}),
    "Player": frozenset(
        {"sport", "country", "city", "nationality", "transfers", "pendingtransfers", "teams"}
        | {"statistics", "latest", "position", "detailedposition", "lineups", "trophies"}
        | {"metadata"}
    ),
    "Coach": frozenset(
        {"sport", "country", "teams", "statistics", "nationality", "trophies", "player", "fixtures"}
    ),
    "Referee": frozenset({"sport", "country", "statistics", "nationality", "city"}),
}
ONLY_ON_LISTS = frozenset({"currentperiod", "postmatchnews"})
"""Fixture includes that the multi endpoint does not have (documented)."""

TYPED = frozenset({"events", "statistics", "scores", "periods", "xgfixture", "details"})
NESTED = frozenset(
    {"type", "player", "relatedplayer", "subtype", "period", "position", "detailedposition"}
    | {"details", "xglineup", "referee", "sideline", "tvstation", "country", "team"}
    | {"participant", "bookmaker", "market", "lines", "stage", "city"}
)
"""Keys of the rows of an include that are includes themselves, where they hold no plain value."""


@dataclass(slots=True)
class Include:
    """One requested include: its nested includes and its selected fields."""

    nested: dict[str, Include] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


def parse_includes(text: str, entity: str, multi: bool, behaviour: Behaviour) -> dict[str, Include]:
    """Parse `include=a;b.c:field1,field2`, by the keys that the response uses.

    Raises:
        ApiError: An include is unknown, not licensed, not allowed here or nested too deep.
    """
    requested: dict[str, Include] = {}
    for part in filter(None, text.split(";")):
        path, _, wanted = part.partition(":")
        names = path.split(".")
        if len(names) > MAX_DEPTH:
            raise incorrect(
                f"You can use a total of {MAX_DEPTH} nested includes on this endpoint", 5008,
                INCLUDE,
            )  # fmt: skip
        keys = [nested.lower() for nested in names]
        name = keys[0]
        if name not in KNOWN[entity]:
            raise ApiError(
                404, f"The requested include '{names[0]}' does not exist on {entity}", 5001, INCLUDE
            )
        if multi and name in ONLY_ON_LISTS:
            message = f"The {names[0]} include is not allowed on this endpoint"
            raise incorrect(message, 5013, INCLUDE)
        for depth, key in enumerate(keys):
            # A nested include is licensed by its path or by its own name.
            if {key, ".".join(keys[: depth + 1])} & set(behaviour.unlicensed):
                message = f"You do not have access to the '{names[depth]}' include"
                raise ApiError(403, message, 5002)
        include = requested.setdefault(name, Include())
        for key in keys[1:]:
            include = include.nested.setdefault(key, Include())
        if wanted:
            include.fields = tuple(filter(None, wanted.split(",")))
    return requested


def include_paths(includes: Mapping[str, Include], prefix: str = "") -> set[str]:
    """Return every requested include as a path in lower case, such as `lineups.details`."""
    paths: set[str] = set()
    for name, include in includes.items():
        paths.add(prefix + name)
        paths |= include_paths(include.nested, f"{prefix}{name}.")
    return paths


def included_value(
    value: Any,
    path: str,
    include: Include,
    *,
    find_type: Callable[[int], Row | None],
    types: Mapping[str, Collection[int]],
    seed: int,
) -> Any:
    """Return an include as it was requested: its rows in any order, with what is nested in them.

    Args:
        value: The rows, the object or null. What is nested in them and was not requested is left
            out; an unknown nested include is ignored.
        path: The include's name, or its path where it is nested.
        include: What was requested of it.
        find_type: Returns a type by its id.
        types: The type ids that a filter keeps, by path.
        seed: The order of the rows follows from it.

    Raises:
        ApiError: A selected field does not exist.
    """

    def shape(row: Row, seed: int) -> Row:
        shaped = {key: value for key, value in row.items() if not _is_nested(key, value, path)}
        if include.fields:
            shaped = _selected_of_include(shaped, include.fields)
        for name, nested in include.nested.items():
            if name in row and _is_nested(name, row[name], path):
                shaped[name] = included_value(
                    row[name],
                    f"{path}.{name}",
                    nested,
                    find_type=find_type,
                    types=types,
                    seed=seed,
                )
            elif name == "type" and "type_id" in row:
                shaped["type"] = find_type(row["type_id"])
        return shaped

    if isinstance(value, dict):
        return shape(value, seed)
    if not isinstance(value, list):
        return value
    kept = value
    if path in types:
        kept = [row for row in value if row.get("type_id") in types[path]]
    if include.fields or include.nested or any(map(_has_nested, kept[:1])):
        kept = [shape(row, seed + place) for place, row in enumerate(kept)]
    return shuffled(kept, seed)


def _is_nested(key: str, value: Any, path: str) -> bool:
    """Return whether a key of a row is an include of its own, not a field."""
    if key not in NESTED or path == "weatherreport":
        return False
    return value is None or isinstance(value, (list, dict))


def _has_nested(row: Row) -> bool:
    return not NESTED.isdisjoint(row)


def _selected_of_include(row: Row, fields: Iterable[str]) -> Row:
    for wanted in fields:
        if wanted not in row:
            raise incorrect(f"The field '{wanted}' does not exist on the included resource.", 5006)
    # Ids are always present (documented for `select`).
    return {
        key: value
        for key, value in row.items()
        if key == "id" or key.endswith("_id") or key in fields
    }


def shuffled(rows: list[Row], seed: int) -> list[Row]:
    """Return the rows in one of many orders; clients must not depend on the order.

    The rows are cut and dealt into three piles. A real shuffle costs as much time as the rest of a
    response.
    """
    if len(rows) < 2:
        return rows
    cut = seed % len(rows)
    cut_rows = rows[cut:] + rows[:cut]
    first = seed // len(rows) % 3
    piles = (cut_rows[first::3], cut_rows[(first + 1) % 3 :: 3], cut_rows[(first + 2) % 3 :: 3])
    return piles[0] + piles[1] + piles[2]


def empty_include(name: str) -> Any:
    """Return the value of a known include that the world does not generate."""
    return None if name in _TO_ONE else []


def selected(row: Row, wanted: Iterable[str]) -> Row:
    """Keep the selected fields; ids and relation ids are always present (documented)."""
    keep = set(wanted)
    result = {
        key: value
        for key, value in row.items()
        if key in keep or key == "id" or key.endswith("_id") or isinstance(value, (list, dict))
    }
    if "starting_at" in row and "starting_at" not in keep:
        result["starting_at_timestamp"] = None
    elif "starting_at_timestamp" in row:
        result["starting_at_timestamp"] = row["starting_at_timestamp"]
    return result
