"""What the marts must say, computed from the simulator's world in plain Python.

Where the world knows something that the API does not say in so many words, it is the judge here:
the number of a round, the order of the events, the team that a player belongs to.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulator import Simulator
from tests.support.expected_includes import DEFAULT, only_requested

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

_STATISTICS_NAMES = """
    accurate_crosses assists attacks ball_safe big_chances_created big_chances_missed corners
    counter_attacks crosses dangerous_attacks dribble_attempts duels_won fouls free_kicks
    goal_attempts goal_kicks hit_woodwork injuries interceptions key_passes long_passes npxg
    offsides passes penalties possession red_cards saves shooting_performance shots_blocked
    shots_inside_box shots_off_target shots_on_target shots_outside_box shots_total substitutions
    successful_dribbles successful_dribbles_percentage successful_headers successful_long_passes
    successful_long_passes_percentage successful_passes successful_passes_percentage tackles
    throw_ins xg xg_corners xg_free_kicks xg_open_play xg_penalties xg_prevented xg_set_play xgot
    xpts yellow_cards yellow_red_cards
"""
_STATISTICS = _STATISTICS_NAMES.split()
# Columns that are not named as the provider names the type.
_COLUMNS = {
    "BALL_POSSESSION": "possession",
    "SHOTS_INSIDEBOX": "shots_inside_box",
    "SHOTS_OUTSIDEBOX": "shots_outside_box",
    "THROWINS": "throw_ins",
    "REDCARDS": "red_cards",
    "YELLOWCARDS": "yellow_cards",
    "YELLOWRED_CARDS": "yellow_red_cards",
    "TOTAL_CROSSES": "crosses",
    "EXPECTED_GOALS": "xg",
    "EXPECTED_GOALS_ON_TARGET": "xgot",
    "EXPECTED_NON_PENALTY_GOALS": "npxg",
    "EXPECTED_POINTS": "xpts",
    "EXPECTED_GOALS_PENALTIES": "xg_penalties",
    "EXPECTED_GOALS_FREE_KICKS": "xg_free_kicks",
    "EXPECTED_GOALS_CORNERS": "xg_corners",
    "EXPECTED_GOALS_SET_PLAY": "xg_set_play",
    "EXPECTED_GOALS_OPEN_PLAY": "xg_open_play",
    "EXPECTED_GOALS_PREVENTED": "xg_prevented",
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


def read(api: Simulator, includes: Set[str] = DEFAULT) -> World:
    """The world as it is now, with what was requested besides the five first includes."""
    fixtures = [
        only_requested(api.world.fixture(id, includes), includes) for id in api.world.every_id()
    ]
    rows = [row for fixture in fixtures for row in fixture["events"] + statistics(fixture)]
    players = [player for fixture in fixtures for player in fixture.get("lineups", [])]
    rows += [row for player in players for row in player.get("details", [])]
    # Some types are named, but not listed.
    ids = {type_["id"] for type_ in api.world.types()}
    ids |= {id for row in rows for id in (row["type_id"], row.get("sub_type_id")) if id}
    return World(
        [Match(fixture, fixture["id"] in api.world.withdrawn) for fixture in fixtures],
        {id: type_ for id in ids if (type_ := api.world.type(id))},
        {league["id"]: league["name"] for league in api.world.leagues()},
        {season["id"]: season for season in api.world.seasons()},
    )


def statistics(fixture: Row) -> Rows:
    """A fixture's statistics; `xGFixture` repeats them, and adds expected goals."""
    found = [*fixture["statistics"], *fixture.get("xgfixture", [])]
    return list({row["id"]: row for row in found}.values())


def team_fixtures(world: World) -> Rows:
    """Without the times of loads."""
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
            formations = {
                row["participant_id"]: row["formation"]
                for row in match.fixture.get("formations", [])
            }
            coaches = {
                row["meta"]["participant_id"]: row for row in match.fixture.get("coaches", [])
            }
            coach = coaches.get(team["id"], {})
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
                    "coach_id": coach.get("id"),
                    "coach_name": coach.get("name"),
                    "formation": formations.get(team["id"]),
                    "opponent_formation": formations.get(opponent.get("id")),
                    "xg_against": _numbers(world, match, opponent.get("id"))["xg"],
                    **world.names(match.fixture["season_id"]),
                    **_numbers(world, match, team["id"]),
                }
            )
    return rows


def _numbers(world: World, match: Match, team_id: int | None) -> Row:
    """The statistics of a team that are columns."""
    numbers: Row = dict.fromkeys(_STATISTICS)
    for row in statistics(match.fixture):
        name = world.type(row["type_id"])
        column = _COLUMNS.get(name, name.lower())
        if row["participant_id"] == team_id and column in numbers:
            value = row["data"]["value"]
            numbers[column] = value if isinstance(value, int | float) else None
    return numbers


def stripped(text: str | None) -> str | None:
    """The text without blanks around it."""
    return None if text is None else text.strip()
