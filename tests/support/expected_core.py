"""The final tables as they must be, made from the simulator's world without any of our code."""

from collections.abc import Collection, Iterable, Sequence, Set
from datetime import UTC, date, datetime
from typing import Any

from simulator import Simulator
from tests.support import expected_includes
from tests.support.pipeline import FINAL_TABLES

Rows = list[dict[str, Any]]


def final_tables(
    api: Simulator,
    ids: Sequence[int] | None = None,
    includes: Set[str] = expected_includes.DEFAULT,
) -> dict[str, Rows]:
    """The rows of every final table, in the order of its key, without `loaded_at`.

    Of all fixtures that are not deleted, or of some; a deleted one is taken as requested once.
    `includes` are those that were requested besides the five that every test requests.
    """
    fixtures = [
        expected_includes.only_requested(api.world.fixture(id, includes), includes)
        for id in ids or api.world.fixture_ids()
    ]
    states = {state["id"]: state["developer_name"] for state in api.world.states()}
    current = {s["league_id"]: s["id"] for s in api.world.seasons() if s["is_current"]}
    participants = [row for fixture in fixtures for row in _participants(fixture)]
    tables = {
        "fixtures": [_fixture(fixture, states) for fixture in fixtures],
        "fixture_statistics": [row for fixture in fixtures for row in statistics(fixture)],
        "fixture_events": [row for fixture in fixtures for row in _events(fixture)],
        "fixture_participants": participants,
        "fixture_scores": [row for fixture in fixtures for row in _scores(fixture)],
        "fixture_periods": [row for fixture in fixtures for row in _periods(fixture)],
        "teams": list({row["participant_id"]: _team(row) for row in participants}.values()),
        "leagues": [_league(league, current) for league in api.world.leagues()],
        "seasons": [_season(season) for season in api.world.seasons()],
        "states": [_state(state) for state in api.world.states()],
        "types": [_renamed(type_, "type_id", _TYPE) for type_ in _types(api, fixtures)],
    } | expected_includes.include_tables(fixtures)
    return {name: sorted(rows, key=_order(name)) for name, rows in tables.items()}


def _order(table: str) -> Any:
    return lambda row: [row[column] for column in FINAL_TABLES[table].split(", ")]


_NAMED = ["stage", "round", "venue"]
_STATE = ["state", "name", "short_name", "developer_name"]
_TYPE = ["name", "code", "developer_name", "model_type", "stat_group"]
_BASE = [
    "sport_id", "league_id", "season_id", "stage_id", "group_id", "aggregate_id", "round_id",
    "state_id", "venue_id", "name", "result_info", "leg", "details", "length", "placeholder",
    "has_odds", "has_premium_odds",
]  # fmt: skip
_EVENT = [
    "fixture_id", "type_id", "sub_type_id", "participant_id", "period_id", "detailed_period_id",
    "player_id", "related_player_id", "coach_id", "section", "player_name", "related_player_name",
    "result", "info", "addition", "minute", "extra_minute", "sort_order", "injured", "on_bench",
    "rescinded",
]  # fmt: skip
_PERIOD = [
    "fixture_id", "type_id", "description", "counts_from", "sort_order", "time_added",
    "period_length", "minutes", "seconds", "ticking", "has_timer",
]  # fmt: skip
_TEAM = [
    "sport_id", "country_id", "venue_id", "name", "short_code", "gender", "type", "image_path",
    "founded", "placeholder",
]  # fmt: skip


# By the flags that the provider's states had until 2023, and WO by its meaning.
_PHASES = {
    "scheduled": {"NS", "TBA", "DELAYED"},
    "finished": {"FT", "AET", "FT_PEN", "AWARDED", "WO"},
    "called_off": {"POSTPONED", "CANCELLED", "ABANDONED", "DELETED"},
}


def _state(state: dict[str, Any]) -> dict[str, Any]:
    found = [phase for phase, codes in _PHASES.items() if state["developer_name"] in codes]
    return _renamed(state, "state_id", _STATE) | {"phase": found[0] if found else "live"}


def _types(api: Simulator, fixtures: Rows) -> Rows:
    """The listed types, and those that are named although they are not listed."""
    types = {type_["id"]: type_ for type_ in api.world.types()}
    for fixture in fixtures:
        for row in _objects(fixture.values()):
            nested = [inner.get("type_id") for inner in _objects(row.values())]
            for id in (row.get("type_id"), row.get("sub_type_id"), *nested):
                if id not in types and (found := api.world.type(id or 0)):
                    types[id] = found
    return list(types.values())


def _objects(values: Iterable[Any]) -> Rows:
    """The values that are objects, and the objects in those that are lists."""
    return [
        row
        for value in values
        for row in (value if isinstance(value, list) else [value])
        if isinstance(row, dict)
    ]


def _renamed(source: dict[str, Any], key: str, fields: list[str]) -> dict[str, Any]:
    return {key: source["id"]} | {field: source.get(field) for field in fields}


def _fixture(fixture: dict[str, Any], states: dict[int, str]) -> dict[str, Any]:
    sides: dict[str, dict[str, Any]] = {"home": {}, "away": {}}
    sides |= {team["meta"]["location"]: team for team in fixture["participants"]}
    winners = [team["id"] for team in fixture["participants"] if team["meta"]["winner"]]
    goals = {
        (score["description"], score["score"]["participant"]): score["score"]["goals"]
        for score in fixture["scores"]
    }
    kicks = [goals.get(("PENALTY_SHOOTOUT", side)) or 0 for side in ("home", "away")]
    if len(winners) != 1:
        winners = []
        if states[fixture["state_id"]] in _PHASES["finished"] and kicks[0] != kicks[1]:
            winners = [sides["home" if kicks[0] > kicks[1] else "away"].get("id")]
    return _renamed(fixture, "fixture_id", _BASE) | {
        "state_code": states[fixture["state_id"]],
        "times_missing": int(fixture["state_id"] == 20),
        "is_withdrawn": fixture["state_id"] == 20,
        "home_participant_id": sides["home"].get("id"),
        "away_participant_id": sides["away"].get("id"),
        "home_participant_name": sides["home"].get("name"),
        "away_participant_name": sides["away"].get("name"),
        "winner_participant_id": winners[0] if winners else None,
        "home_score": goals.get(("CURRENT", "home")),
        "away_score": goals.get(("CURRENT", "away")),
        "has_extra_time": _has_extra_time(states[fixture["state_id"]], goals),
        "home_score_half_time": goals.get(("1ST_HALF", "home")),
        "away_score_half_time": goals.get(("1ST_HALF", "away")),
        "starting_at": datetime.fromtimestamp(fixture["starting_at_timestamp"], UTC),
        **_surroundings(fixture),
    }


def _has_extra_time(state: str, goals: Collection[tuple[str, str]]) -> bool | None:
    if state == "AET":
        return True
    return ("ET", "home") in goals if goals else None


def _surroundings(fixture: dict[str, Any]) -> dict[str, Any]:
    referees: Rows = fixture.get("referees", [])
    main: dict[str, Any] = next((row for row in referees if row["type_id"] == 6), {})
    counts = [row["values"] for row in fixture.get("metadata", []) if row["type_id"] == 578]
    return {
        "referee_id": main.get("referee_id"),
        "referee_name": main.get("referee", {}).get("name"),
        # An older form of the API is the number itself.
        "attendance": next((c["attendance"] if isinstance(c, dict) else c for c in counts), None),
    } | {f"{name}_name": (fixture.get(name) or {}).get("name") for name in _NAMED}


def statistics(fixture: dict[str, Any]) -> Rows:
    """The rows of `fixture_statistics`, in any order and without `loaded_at`."""
    # xGFixture repeats the statistics under the same ids.
    lists = (fixture.get("statistics", []), fixture.get("xgfixture", []))
    found = {row["id"]: row for rows in lists for row in rows}
    return [
        {
            "statistic_id": row["id"],
            "fixture_id": row["fixture_id"],
            "type_id": row["type_id"],
            "participant_id": row["participant_id"],
            "location": row["location"],
            "value": row["data"]["value"],
            "value_raw": row["data"],
        }
        for row in found.values()
    ]


def _events(fixture: dict[str, Any]) -> Rows:
    return [_renamed(row, "event_id", _EVENT) for row in fixture["events"]]


def _periods(fixture: dict[str, Any]) -> Rows:
    return [
        _renamed(row, "period_id", _PERIOD)
        | {
            moment: None if row[moment] is None else datetime.fromtimestamp(row[moment], UTC)
            for moment in ("started", "ended")
        }
        for row in fixture["periods"]
    ]


def _scores(fixture: dict[str, Any]) -> Rows:
    return [
        _renamed(row, "score_id", ["fixture_id", "type_id", "participant_id", "description"])
        | {"participant": row["score"]["participant"], "goals": row["score"]["goals"]}
        for row in fixture["scores"]
    ]


def _participants(fixture: dict[str, Any]) -> Rows:
    return [
        _renamed(row, "participant_id", _TEAM)
        | {
            "fixture_id": fixture["id"],
            "location": row["meta"]["location"],
            "winner": row["meta"]["winner"],
            "position": row["meta"]["position"],
            "last_played_at": _moment(row["last_played_at"]),
        }
        for row in fixture["participants"]
    ]


def _team(row: dict[str, Any]) -> dict[str, Any]:
    return {"team_id": row["participant_id"], "last_played_at": row["last_played_at"]} | {
        field: row[field] for field in _TEAM
    }


def _league(league: dict[str, Any], current: dict[int, int]) -> dict[str, Any]:
    fields = [
        "sport_id", "country_id", "name", "short_code", "image_path", "type", "sub_type",
        "category", "active",
    ]  # fmt: skip
    return _renamed(league, "league_id", fields) | {
        "current_season_id": current[league["id"]],
        "last_played_at": _moment(league["last_played_at"]),
    }


def _season(season: dict[str, Any]) -> dict[str, Any]:
    fields = [
        "sport_id", "league_id", "tie_breaker_rule_id", "name", "finished", "pending", "is_current"
    ]  # fmt: skip
    return _renamed(season, "season_id", fields) | {
        "starting_at": date.fromisoformat(season["starting_at"]),
        "ending_at": date.fromisoformat(season["ending_at"]),
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
