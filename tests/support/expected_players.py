"""What the tables about players and referees must say, computed from the simulator's world."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.expected_marts import (
    CARDS,
    Match,
    Row,
    Rows,
    World,
    statistics,
    stripped,
    team_fixtures,
)

_COUNTS_NAMES = """
    accurate_crosses accurate_passes aerials_lost aerials_won assists ball_recoveries
    big_chances_created big_chances_missed blocked_shots chances_created clearances crosses
    dispossessed dribble_attempts dribbled_past duels duels_won errors_lead_to_goal fouls
    fouls_drawn goalkeeper_goals_conceded goals hit_woodwork interceptions key_passes long_balls
    long_balls_won offsides own_goals passes passes_in_final_third penalties_committed
    penalties_missed penalties_saved penalties_scored penalties_won possession_lost red_cards
    saves shots_blocked shots_off_target shots_on_target shots_total successful_dribbles tackles
    tackles_won touches yellow_cards yellow_red_cards
"""
_COUNTS = _COUNTS_NAMES.split()
_DOUBLES = ["rating", "accurate_passes_percentage", "xg", "xgot", "shooting_performance"]
_XG = {"EXPECTED_GOALS", "EXPECTED_GOALS_ON_TARGET", "SHOOTING_PERFORMANCE"}
# Columns that are not named as the provider names the type.
_TYPES = {
    "red_cards": "REDCARDS",
    "yellow_cards": "YELLOWCARDS",
    "yellow_red_cards": "YELLOWRED_CARDS",
    "crosses": "TOTAL_CROSSES",
    "duels": "TOTAL_DUELS",
    "ball_recoveries": "BALL_RECOVERY",
    "xg": "EXPECTED_GOALS",
    "xgot": "EXPECTED_GOALS_ON_TARGET",
}
_EVENT_COUNTS = [
    "goals", "penalties_scored", "penalties_missed", "own_goals", "assists", *CARDS.values(),
]  # fmt: skip
_SEASON_COUNTS_NAMES = """
    shots_total shots_on_target passes accurate_passes key_passes big_chances_created
    big_chances_missed crosses dribble_attempts successful_dribbles touches tackles interceptions
    clearances duels duels_won fouls fouls_drawn offsides saves
"""
_SEASON_COUNTS = _SEASON_COUNTS_NAMES.split()


class Deeds:
    """What the events of a match say of its players.

    Attributes:
        counts: by player, how often each thing happened.
        on: the minute in which a player came on.
        off: the minute in which one went off or was sent off.
        seen: players who were on the pitch.
        names: by player, as the events name them.
    """

    def __init__(self, world: World, match: Match) -> None:
        self.counts: defaultdict[int | None, Counter[str]] = defaultdict(Counter)
        self.on: dict[int | None, int] = {}
        self.off: dict[int | None, int] = {}
        self.seen: set[int | None] = set()
        self.names: dict[int | None, str | None] = {}
        self.has_substitutions = False
        # Of two names in a match, the one of the event with the higher id counts.
        for event in sorted(match.fixture["events"], key=lambda event: event["id"]):
            kind = world.type(event["type_id"])
            if kind and not kind.startswith("VAR"):
                self._add(kind, event)

    def _add(self, kind: str, event: Row) -> None:
        player, other = event["player_id"], event["related_player_id"]
        counts, others = self.counts[player], self.counts[other]
        self.names |= {player: event["player_name"], other: event["related_player_name"]}
        self.seen |= {other} | (set() if event["on_bench"] else {player})
        counts["goals"] += kind in ("GOAL", "PENALTY")
        counts["penalties_scored"] += kind == "PENALTY"
        counts["penalties_missed"] += kind == "MISSED_PENALTY"
        counts["own_goals"] += kind == "OWNGOAL"
        others["assists"] += kind == "GOAL"
        if kind == "SUBSTITUTION":
            self.has_substitutions = True
            counts["times_substituted_on"] += 1
            others["times_substituted_off"] += 1
            self.on[player] = min(event["minute"], self.on.get(player, event["minute"]))
            self.off[other] = min(event["minute"], self.off.get(other, event["minute"]))
        elif kind in CARDS and not event.get("rescinded"):
            counts[CARDS[kind]] += 1
            if kind != "YELLOWCARD" and not event["on_bench"]:
                self.off[player] = min(event["minute"], self.off.get(player, event["minute"]))


def player_fixtures(world: World) -> Rows:
    """Without the times of loads."""
    teams = {(row["fixture_id"], row["team_id"]): row for row in team_fixtures(world)}
    rows = []
    for match in world.counted:
        deeds = Deeds(world, match)
        squad = match.fixture.get("lineups", [])
        taken: set[int] = set()
        for player in sorted(squad, key=lambda row: (row["type_id"] != 11, row["id"])):
            id = player["player_id"]
            is_first = id is not None and id not in taken
            taken.add(id)
            team = teams.get((match.id, player["team_id"]), {})
            rows.append(
                {
                    "lineup_id": player["id"],
                    "fixture_id": match.id,
                    "player_id": id,
                    "team_id": player["team_id"],
                    "season_id": match.fixture["season_id"],
                    "position_id": player["position_id"],
                    "player_name": stripped(player["player_name"]),
                    "formation_field": player["formation_field"],
                    "jersey_number": player["jersey_number"],
                    "state_code": match.state,
                    "phase": match.phase,
                    "is_starter": player["type_id"] == 11,
                    "starting_at": match.starting_at,
                    **world.names(match.fixture["season_id"]),
                    **{name: team.get(name) for name in _OF_TEAM},
                    **_player_numbers(world, match, player, deeds, is_first),
                }
            )
    return rows


_OF_TEAM = ("opponent_id", "team_name", "opponent_name", "location", "result")


def _player_numbers(world: World, match: Match, player: Row, deeds: Deeds, is_first: bool) -> Row:
    id = player["player_id"]
    found = {world.type(row["type_id"]): row["data"]["value"] for row in player.get("details", [])}
    has_details = bool(found.keys() - _XG - {"CAPTAIN"})
    is_starter = player["type_id"] == 11
    has_begun = match.phase in ("live", "finished")
    came_on = is_first and id in deeds.on
    minutes = found.get("MINUTES_PLAYED")
    source = None
    numbers: Row = dict.fromkeys(_COUNTS)
    if has_details:
        source = "details"
        numbers = {column: found.get(_type(column), 0) for column in _COUNTS}
    elif id is not None and has_begun and match.fixture["events"]:
        source = "events"
        counts = deeds.counts[id] if is_first else Counter()
        numbers |= {column: counts[column] for column in _EVENT_COUNTS}
    has_minutes = bool(minutes)
    if minutes is None and is_first and deeds.has_substitutions:
        end = {"FT": 90, "AET": 120}.get(match.state)
        if match.state == "FT_PEN" and (scores := match.fixture["scores"]):
            end = 120 if any(score["description"] == "ET" for score in scores) else 90
        if end is not None:
            minutes = 0
            if is_starter or came_on:
                last = min(end, deeds.off.get(id, end))
                minutes = max(0, last - (deeds.on[id] if came_on else 0))
    return {
        **numbers,
        **{column: found.get(_type(column)) for column in _DOUBLES},
        "statistics_source": source,
        "is_captain": found.get("CAPTAIN", False) is True
        if has_details or "CAPTAIN" in found
        else None,
        "has_played": has_begun and (is_starter or came_on or has_minutes),
        "minutes": minutes,
    }


def _type(column: str) -> str:
    return _TYPES.get(column, column.upper())


def player_seasons(world: World) -> Rows:
    """Those who are in the events of a season, or in one of its squads."""
    rows: dict[tuple[Any, ...], Row] = {}
    seen: defaultdict[tuple[Any, ...], set[int]] = defaultdict(set)
    counted = [match for match in world.counted if match.phase in ("live", "finished")]
    team_names = world.team_names()

    def row_of(season_id: int, player_id: int, team_id: int) -> Row:
        new = {
            "season_id": season_id,
            "player_id": player_id,
            "team_id": team_id,
            "team_name": team_names[team_id],
            "player_name": None,
            "statistics_source": None,
            **world.names(season_id),
            **dict.fromkeys(["appearances_seen", *_SEEN], 0),
            **dict.fromkeys([*_OF_SQUADS, *_SEASON_COUNTS]),
        }
        return rows.setdefault((season_id, player_id, team_id), new)

    for match in sorted(counted, key=lambda match: match.starting_at):
        deeds = Deeds(world, match)
        for id, counts in deeds.counts.items():
            if id is None:
                continue
            # A squad's numbers begin with the team's, also for own goals.
            row = row_of(match.fixture["season_id"], id, id // 100)
            row["player_name"] = stripped(deeds.names[id]) or row["player_name"]
            for name in _SEEN:
                row[name] += counts[name]
            if id in deeds.seen:
                seen[row["season_id"], id, row["team_id"]].add(match.id)
    squads: defaultdict[tuple[Any, ...], Rows] = defaultdict(list)
    for place in player_fixtures(world):
        if place["player_id"] is not None and place["phase"] in ("live", "finished"):
            squads[place["season_id"], place["player_id"], place["team_id"]].append(place)
    for key, row in rows.items():
        row["appearances_seen"] = len(seen[key])
        if row["appearances_seen"]:
            row["statistics_source"] = "events"
    for key, places in squads.items():
        _add_squads(row_of(*key), sorted(places, key=lambda place: place["starting_at"]))
    return list(rows.values())


_SEEN = [*_EVENT_COUNTS, "times_substituted_on", "times_substituted_off"]
_OF_SQUADS = ["times_in_squad", "appearances", "starts", "minutes", "rating", "xg", "xgot"]


def _add_squads(row: Row, places: Rows) -> None:
    played = [place for place in places if place["has_played"]]
    sources = {place["statistics_source"] for place in played} - {None}
    row["statistics_source"] = " and ".join(sorted(sources)) or row["statistics_source"]
    row["player_name"] = row["player_name"] or places[-1]["player_name"]
    row["times_in_squad"] = len({place["fixture_id"] for place in places})
    row["appearances"] = len({place["fixture_id"] for place in played})
    row["starts"] = len({place["fixture_id"] for place in places if place["is_starter"]})
    for name in ("minutes", *_SEASON_COUNTS):
        row[name] = _sum(place[name] for place in places)
    for name in ("xg", "xgot"):
        row[name] = _about(_sum(place[name] for place in places))
    rated = [p for p in places if p["rating"] is not None and p["minutes"]]
    minutes = sum(place["minutes"] for place in rated)
    if minutes:
        row["rating"] = _about(sum(p["rating"] * p["minutes"] for p in rated) / minutes)


def _sum(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _about(value: float | None) -> Any:
    # The order in which a database adds doubles up is not defined.
    return None if value is None else pytest.approx(value)


def referee_seasons(world: World) -> Rows:
    """Of the finished matches."""
    matches: defaultdict[tuple[int, int], list[Match]] = defaultdict(list)
    names: dict[tuple[int, int], str] = {}
    for match in sorted(world.counted, key=lambda match: (match.starting_at, match.id)):
        for referee in match.fixture.get("referees", []):
            if referee["type_id"] == 6 and match.phase == "finished":
                key = (match.fixture["season_id"], referee["referee_id"])
                matches[key].append(match)
                names[key] = referee["referee"]["name"]
    rows = []
    for (season_id, referee_id), led in matches.items():
        with_events = [match for match in led if match.fixture["events"]]
        counts: Counter[str] = Counter()
        for match in with_events:
            for event in match.fixture["events"]:
                kind = world.type(event["type_id"])
                if kind in CARDS:
                    counts[CARDS[kind]] += not event.get("rescinded")
                counts["penalties"] += kind in ("PENALTY", "MISSED_PENALTY")
        fouls = [numbers for match in led if (numbers := _fouls(world, match))]
        row: Row = {
            "season_id": season_id,
            "referee_id": referee_id,
            "referee_name": names[season_id, referee_id],
            "matches": len(led),
            "matches_with_events": len(with_events),
            "matches_with_fouls": len(fouls),
            "fouls": sum(map(sum, fouls)) if fouls else None,
            "fouls_per_match": _about(sum(map(sum, fouls)) / len(fouls)) if fouls else None,
            **world.names(season_id),
        }
        for name in (*CARDS.values(), "penalties"):
            row[name] = counts[name] if with_events else None
            row[f"{name}_per_match"] = (
                _about(counts[name] / len(with_events)) if with_events else None
            )
        rows.append(row)
    return rows


def _fouls(world: World, match: Match) -> list[int]:
    return [
        row["data"]["value"]
        for row in statistics(match.fixture)
        if world.type(row["type_id"]) == "FOULS"
    ]


def with_other_goals_in_details(world: World) -> list[Match]:
    """Finished matches whose player statistics and events have different numbers of goals."""
    goals: Counter[int] = Counter()
    covered = set()
    for row in player_fixtures(world):
        if row["statistics_source"] == "details":
            goals[row["fixture_id"]] += row["goals"]
            covered.add(row["fixture_id"])
    return [
        match
        for match in world.counted
        if match.state in ("FT", "AET", "FT_PEN")
        and match.id in covered
        and match.fixture["events"]
        and goals[match.id]
        != sum(world.type(e["type_id"]) in ("GOAL", "PENALTY") for e in match.fixture["events"])
    ]
