"""What `include` and `select` do to the objects that a request returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


@dataclass(slots=True)
class Include:
    """One requested include: its nested includes and its selected fields."""

    nested: set[str] = field(default_factory=set)
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
        name = names[0].lower()
        if name not in KNOWN[entity]:
            raise ApiError(
                404, f"The requested include '{names[0]}' does not exist on {entity}", 5001, INCLUDE
            )
        if multi and name in ONLY_ON_LISTS:
            message = f"The {names[0]} include is not allowed on this endpoint"
            raise incorrect(message, 5013, INCLUDE)
        if name in behaviour.unlicensed:
            raise ApiError(403, f"You do not have access to the '{names[0]}' include", 5002)
        include = requested.setdefault(name, Include())
        include.nested.update(nested.lower() for nested in names[1:2])
        if wanted and len(names) == 1:
            include.fields = tuple(filter(None, wanted.split(",")))
    return requested


def included_rows(
    rows: list[Row], name: str, include: Include, find_type: Callable[[int], Row | None]
) -> list[Row]:
    """Return the rows of one include with its nested type and only its selected fields.

    Raises:
        ApiError: A selected field does not exist.
    """
    typed = name in TYPED and "type" in include.nested
    if not typed and not include.fields:
        return rows
    shaped = []
    for row in rows:
        if include.fields:
            for wanted in include.fields:
                if wanted not in row:
                    raise incorrect(
                        f"The field '{wanted}' does not exist on the included resource.", 5006
                    )
            # Ids are always present (documented for `select`).
            row = {
                key: value
                for key, value in row.items()
                if key == "id" or key.endswith("_id") or key in include.fields
            }
        if typed:
            row = {**row, "type": find_type(row["type_id"])}
        shaped.append(row)
    return shaped


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
