"""What the marts must say, computed from the simulator's world in plain Python.

Where the world knows something that the API does not say in so many words, it is the judge here:
the number of a round, the order of the events, the team that a player belongs to.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulator import Simulator

Row = dict[str, Any]
Rows = list[Row]

_PHASES = {
    "scheduled": "NS TBA DELAYED",
    "finished": "FT AET FT_PEN WO AWARDED",
    "called_off": "POSTPONED CANCELLED ABANDONED DELETED",
    "live": "INPLAY_1ST_HALF HT INPLAY_2ND_HALF BREAK INPLAY_ET EXTRA_TIME_BREAK "
    "INPLAY_ET_SECOND_HALF PEN_BREAK INPLAY_PENALTIES SUSPENDED INTERRUPTED AWAITING_UPDATES "
    "PENDING",
}
_PHASE_OF = {state: phase for phase, states in _PHASES.items() for state in states.split()}

# Statistics that are no columns, and columns that are not named as the provider names the type.
_NO_COLUMNS = {"GOALS", "RATING", "TOUCHES", "SUCCESSFUL_INTERCEPTIONS", "CHALLENGES"}
_COLUMNS = {
    "BALL_POSSESSION": "possession",
    "SHOTS_INSIDEBOX": "shots_inside_box",
    "SHOTS_OUTSIDEBOX": "shots_outside_box",
    "THROWINS": "throw_ins",
    "REDCARDS": "red_cards",
    "YELLOWCARDS": "yellow_cards",
    "YELLOWRED_CARDS": "yellow_red_cards",
    "TOTAL_CROSSES": "crosses",
}

GOALS = {"GOAL", "OWNGOAL", "PENALTY"}
KICKS = {"PENALTY_SHOOTOUT_GOAL", "PENALTY_SHOOTOUT_MISS"}
CARDS = {"YELLOWCARD": "yellow_cards", "YELLOWREDCARD": "yellow_red_cards", "REDCARD": "red_cards"}


@dataclass
class Match:
    """A fixture of the world, as a person reads it.

    Attributes:
        fixture: with all that comes with it.
        is_withdrawn: whether the API no longer has it, and says so or is silent about it.
    """

    fixture: Row
    is_withdrawn: bool = False

    def __post_init__(self) -> None:
        fixture = self.fixture
        self.id: int = fixture["id"]
        self.state: str = fixture["state"]["developer_name"]
        self.is_withdrawn |= self.state == "DELETED"
        self.phase = _PHASE_OF[self.state]
        self.starting_at = datetime.fromtimestamp(fixture["starting_at_timestamp"], UTC)
        self.teams: dict[str, Row] = {
            team["meta"]["location"]: team
            for team in fixture["participants"]
            if team["meta"]["location"]
        }
        self.score = self._goals("CURRENT")
        kicks = self._goals("PENALTY_SHOOTOUT")
        self.winner: int | None = next(
            (team["id"] for team in fixture["participants"] if team["meta"]["winner"]), None
        )
        if self.winner is None and self.phase == "finished" and kicks:
            self.winner = self.teams[max(kicks, key=lambda side: kicks[side])]["id"]
        self.half_time = self._goals("1ST_HALF")

    def _goals(self, description: str) -> dict[str, int]:
        return {
            row["score"]["participant"]: row["score"]["goals"]
            for row in self.fixture["scores"]
            if row["description"] == description
        }

    def side_of(self, team_id: int) -> str | None:
        return next((side for side, team in self.teams.items() if team["id"] == team_id), None)


@dataclass
class World:
    """All matches, withdrawn ones too, and what ids mean."""

    matches: list[Match]
    types: dict[int, Row]
    leagues: dict[int, str]
    seasons: dict[int, Row]

    def type(self, id: int | None) -> str:
        return str(self.types[id]["developer_name"]) if id in self.types else ""

    def type_name(self, id: int | None) -> str | None:
        return self.types[id]["name"] if id in self.types else None

    def names(self, season_id: int) -> Row:
        season = self.seasons[season_id]
        return {
            "league_id": season["league_id"],
            "league_name": self.leagues[season["league_id"]],
            "season_name": season["name"],
        }

    @property
    def counted(self) -> list[Match]:
        """The matches that the API still has."""
        return [match for match in self.matches if not match.is_withdrawn]

    def team_names(self) -> dict[int, str]:
        return {team["id"]: team["name"] for m in self.matches for team in m.teams.values()}


def read(api: Simulator) -> World:
    """The world as it is now."""
    fixtures = [api.world.fixture(id) for id in api.world.every_id()]
    rows = [row for fixture in fixtures for row in fixture["events"] + fixture["statistics"]]
    # Some types are named, but not listed.
    ids = {type_["id"] for type_ in api.world.types()}
    ids |= {id for row in rows for id in (row["type_id"], row.get("sub_type_id")) if id}
    return World(
        [Match(fixture, fixture["id"] in api.world.withdrawn) for fixture in fixtures],
        {id: type_ for id in ids if (type_ := api.world.type(id))},
        {league["id"]: league["name"] for league in api.world.leagues()},
        {season["id"]: season for season in api.world.seasons()},
    )


def team_fixtures(world: World) -> Rows:
    """Without the times of loads."""
    columns = {
        id: _COLUMNS.get(type_["developer_name"], type_["developer_name"].lower())
        for id, type_ in world.types.items()
        if type_["model_type"] == "statistic" and type_["developer_name"] not in _NO_COLUMNS
    }
    rows = []
    for match in world.counted:
        for side, other in (("home", "away"), ("away", "home")):
            team, opponent = match.teams.get(side), match.teams.get(other, {})
            if team is None:
                continue
            result = None
            if match.phase == "finished":
                if match.winner is not None:
                    result = "won" if match.winner == team["id"] else "lost"
                elif match.score:
                    ours, theirs = match.score[side], match.score[other]
                    result = "won" if ours > theirs else "lost" if ours < theirs else "drawn"
            statistics: Row = dict.fromkeys(columns.values())
            for row in match.fixture["statistics"]:
                if row["participant_id"] == team["id"] and row["type_id"] in columns:
                    value = row["data"]["value"]
                    fits = isinstance(value, int | float)
                    statistics[columns[row["type_id"]]] = value if fits else None
            rows.append(
                {
                    "fixture_id": match.id,
                    "team_id": team["id"],
                    "opponent_id": opponent.get("id"),
                    "season_id": match.fixture["season_id"],
                    "stage_id": match.fixture["stage_id"],
                    "round_id": match.fixture["round_id"],
                    "team_name": team["name"],
                    "opponent_name": opponent.get("name"),
                    "location": side,
                    "state_code": match.state,
                    "phase": match.phase,
                    "result": result,
                    "goals_for": match.score.get(side),
                    "goals_against": match.score.get(other),
                    "goals_for_half_time": match.half_time.get(side),
                    "goals_against_half_time": match.half_time.get(other),
                    "starting_at": match.starting_at,
                    **world.names(match.fixture["season_id"]),
                    **statistics,
                }
            )
    return rows


def league_table(world: World) -> Rows:
    """Every team after every round, each time counted from the season's first match on."""
    team_names = world.team_names()
    tables: defaultdict[tuple[int, int, int | None], list[Match]] = defaultdict(list)
    for match in world.counted:
        fixture = match.fixture
        if fixture["round_id"]:
            tables[fixture["season_id"], fixture["stage_id"], fixture["group_id"]].append(match)
    rows = []
    for (season_id, stage_id, group_id), matches in tables.items():
        played = [m for m in matches if m.phase == "finished" and (m.score or m.winner)]
        played.sort(key=lambda match: (_round(match), match.starting_at, match.id))
        rounds = {_round(match): match.fixture["round_id"] for match in played}
        teams = {team["id"] for match in matches for team in match.teams.values()}
        for number, round_id in rounds.items():
            lines = [
                _line(team, [match for match in played if _round(match) <= number])
                for team in sorted(teams)
            ]
            rows += [
                {
                    "season_id": season_id,
                    "stage_id": stage_id,
                    "group_id": group_id,
                    "round_id": round_id,
                    "round_number": number,
                    "team_name": team_names[line["team_id"]],
                    "position": 1 + sum(_rank(other) > _rank(line) for other in lines),
                    "is_latest": number == max(rounds),
                    **world.names(season_id),
                    **line,
                }
                for line in lines
            ]
    return rows


def _round(match: Match) -> int:
    return int(match.fixture["round"]["name"])


def _rank(line: Row) -> tuple[int, int, int]:
    return line["points"], line["goal_difference"], line["goals_for"]


def _line(team_id: int, matches: Iterable[Match]) -> Row:
    form, scored, conceded = "", 0, 0
    for match in matches:
        side = match.side_of(team_id)
        if side is None:
            continue
        ours = match.score.get(side, 0)
        theirs = match.score.get("away" if side == "home" else "home", 0)
        scored, conceded = scored + ours, conceded + theirs
        if match.score and ours == theirs:
            form += "D"
        elif match.winner:
            form += "W" if match.winner == team_id else "L"
        else:
            form += "W" if ours > theirs else "L"
    won, drawn = form.count("W"), form.count("D")
    return {
        "team_id": team_id,
        "played": len(form),
        "won": won,
        "drawn": drawn,
        "lost": form.count("L"),
        "goals_for": scored,
        "goals_against": conceded,
        "goal_difference": scored - conceded,
        "points": won * 3 + drawn,
        "form": form[-5:] or None,
    }


def assert_timeline(world: World, match: Match, found: Sequence[Row]) -> None:
    """Asserts that the rows of one match, in their order, tell what happened in it.

    Nobody knows what came first of a goal and a card in one minute: the order is judged by minutes,
    and by the world's own order among goals, kicks of a shoot-out and events of one type.
    """
    events = {event["id"]: event for event in match.fixture["events"]}
    truth = list(events)
    assert sorted(events) == sorted(row["event_id"] for row in found)
    assert [row["position"] for row in found] == list(range(1, len(found) + 1))
    times = [(row["is_shootout"], row["minute"], row["extra_minute"] or 0) for row in found]
    assert times == sorted(times)

    counted_types = {world.type(event["type_id"]) for event in events.values()}
    for kind in (GOALS, KICKS, *({name} for name in counted_types - GOALS - KICKS)):
        of_kind = [
            row["event_id"]
            for row in found
            if world.type(row["type_id"]) in kind
            # Without it, or with one set by hand, two events of a minute have no defined order.
            and (kind == GOALS or "sort_order" in events[row["event_id"]])
        ]
        assert of_kind == sorted(
            of_kind,
            key=lambda id: (
                events[id]["minute"],
                events[id]["extra_minute"] or 0,
                truth.index(id),
            ),
        ), kind

    score = {"home": 0, "away": 0}
    shootout = {"home": 0, "away": 0}
    kicks = 0
    for row in found:
        event = events[row["event_id"]]
        kind_name = world.type(event["type_id"])
        side = match.side_of(event["participant_id"])
        if side is not None:
            score[side] += kind_name in GOALS
            shootout[side] += kind_name == "PENALTY_SHOOTOUT_GOAL"
        is_kick = kind_name in KICKS
        kicks += is_kick
        label = f"{event['minute']}'"
        if event["extra_minute"]:
            label = f"{event['minute']}+{event['extra_minute']}'"
        assert row == {
            "fixture_id": match.id,
            "event_id": event["id"],
            "type_id": event["type_id"],
            "sub_type_id": event["sub_type_id"],
            "team_id": event["participant_id"],
            "player_id": event["player_id"],
            "related_player_id": event["related_player_id"],
            "fixture_name": match.fixture["name"],
            "minute_label": f"P{kicks}" if is_kick else label,
            "type_name": world.type_name(event["type_id"]),
            "sub_type_name": world.type_name(event["sub_type_id"]),
            "location": side,
            "team_name": None if side is None else match.teams[side]["name"],
            "player_name": _stripped(event["player_name"]),
            "related_player_name": _stripped(event["related_player_name"]),
            "info": event["info"],
            "addition": event["addition"],
            "position": row["position"],
            "minute": event["minute"],
            "extra_minute": event["extra_minute"],
            "home_score": score["home"],
            "away_score": score["away"],
            "home_shootout_score": shootout["home"] if is_kick else None,
            "away_shootout_score": shootout["away"] if is_kick else None,
            "is_goal": kind_name in GOALS,
            "is_shootout": is_kick,
            "is_card": kind_name in CARDS and not event.get("rescinded"),
            "rescinded": event.get("rescinded"),
        }


def _stripped(text: str | None) -> str | None:
    return None if text is None else text.strip()


def player_seasons(world: World) -> Rows:
    """A squad's number is the team's with two more digits, also for own goals."""
    team_names = world.team_names()
    rows: dict[tuple[int, int], Row] = {}
    seen: defaultdict[tuple[int, int], set[int]] = defaultdict(set)

    def person(match: Match, player_id: int | None, name: str | None) -> Row:
        if player_id is None:
            return defaultdict(int)
        key = (match.fixture["season_id"], player_id)
        if key not in rows:
            team_id = player_id // 100
            rows[key] = {
                "season_id": key[0],
                "player_id": player_id,
                "team_id": team_id,
                "team_name": team_names[team_id],
                "player_name": _stripped(name),
                **world.names(key[0]),
                **dict.fromkeys(_PLAYER_COUNTS, 0),
            }
        return rows[key]

    for match in world.counted:
        if match.phase not in ("live", "finished"):
            continue
        for event in match.fixture["events"]:
            kind = world.type(event["type_id"])
            if not kind or kind.startswith("VAR"):
                continue
            player = person(match, event["player_id"], event["player_name"])
            other_id = event["related_player_id"]
            other = person(match, other_id, event["related_player_name"])
            on_pitch = [] if event["on_bench"] else [event["player_id"]]
            for id in (*on_pitch, other_id):
                seen[match.fixture["season_id"], id].add(match.id)
            if kind == "GOAL":
                player["goals"] += 1
                other["assists"] += 1
            elif kind == "PENALTY":
                player["goals"] += 1
                player["penalties_scored"] += 1
            elif kind == "MISSED_PENALTY":
                player["penalties_missed"] += 1
            elif kind == "OWNGOAL":
                player["own_goals"] += 1
            elif kind == "SUBSTITUTION":
                player["times_substituted_on"] += 1
                other["times_substituted_off"] += 1
            elif kind in CARDS:
                player[CARDS[kind]] += not event.get("rescinded")
            else:
                assert kind in KICKS, kind
    for key, row in rows.items():
        row["appearances_seen"] = len(seen[key])
    return list(rows.values())


_PLAYER_COUNTS = [
    "appearances_seen", "goals", "penalties_scored", "penalties_missed", "own_goals", "assists",
    "times_substituted_on", "times_substituted_off", *CARDS.values(),
]  # fmt: skip


def season_coverage(
    world: World, stored: Set[int], due: Set[int], outcomes: Mapping[str, Set[int]]
) -> Rows:
    """Without the times of checks and loads.

    Args:
        world: its fixtures are known, every one.
        stored: ids of those whose payload is stored.
        due: ids of those to be asked for.
        outcomes: ids by what came of the last question: held, missing, failed.
    """
    rows = []
    for season_id, season in world.seasons.items():
        matches = [m for m in world.matches if m.fixture["season_id"] == season_id]
        inside = [m for m in matches if m.id in stored]
        counted = [m for m in inside if not m.is_withdrawn]
        finished = [m for m in counted if m.phase == "finished"]
        ids = {match.id for match in matches}
        rows.append(
            {
                "season_id": season_id,
                "is_current": season["is_current"],
                "known": len(ids),
                "stored": len(inside),
                "withdrawn": len(inside) - len(counted),
                "finished": len(finished),
                "finished_with_statistics": sum(bool(m.fixture["statistics"]) for m in finished),
                "finished_with_events": sum(bool(m.fixture["events"]) for m in finished),
                "due": len(ids & due),
                "first_kick_off_at": min(m.starting_at for m in counted),
                "last_finished_kick_off_at": max(m.starting_at for m in finished),
                **world.names(season_id),
                **{name: len(ids & outcomes.get(name, set())) for name in _OUTCOMES},
            }
        )
    return rows


_OUTCOMES = ("unconfirmed", "missing", "failed")


def fixture_quality(world: World) -> Rows:
    """Without the times of loads."""
    rows = []
    for match in world.matches:
        fixture = match.fixture
        goals = [e for e in fixture["events"] if world.type(e["type_id"]) in GOALS]
        possession, yellow_cards = (
            [
                row["data"]["value"]
                for row in fixture["statistics"]
                if world.type(row["type_id"]) == name
            ]
            for name in ("BALL_POSSESSION", "YELLOWCARDS")
        )
        minutes = [(event["minute"], event["extra_minute"] or 0) for event in fixture["events"]]
        locations = [team["meta"]["location"] for team in fixture["participants"]]
        rows.append(
            {
                "fixture_id": match.id,
                "state_id": fixture["state_id"],
                "participant_count": len(locations),
                "home_participant_count": locations.count("home"),
                "statistic_count": len(fixture["statistics"]),
                "event_count": len(fixture["events"]),
                "yellow_card_count": sum(
                    world.type(event["type_id"]) == "YELLOWCARD" and not event.get("rescinded")
                    for event in fixture["events"]
                ),
                "odd_minute_count": sum(
                    minute < 0 or minute > 130 or extra < 0 or extra > 60
                    for minute, extra in minutes
                ),
                "possession_total": sum(possession) if possession else None,
                "yellow_card_total": sum(yellow_cards) if yellow_cards else None,
                **{
                    f"{side}_goal_count": sum(
                        match.side_of(goal["participant_id"]) == side for goal in goals
                    )
                    for side in ("home", "away")
                },
            }
        )
    return rows
