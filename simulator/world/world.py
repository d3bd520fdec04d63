"""The made world: leagues, seasons, teams and every match, as a function of a seed and a clock.

Nothing is held in memory but the leagues and seasons; a fixture is made from the seed and its id
when it is asked for, and the last hundred or so are remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from simulator.data.clock import DAY, api_time
from simulator.data.reference_data import SPORT
from simulator.data.source import CorrectionError, Row, Source
from simulator.randomness import mix
from simulator.world import names
from simulator.world.calendar import Calendar, Pairing
from simulator.world.match import Match, Side
from simulator.world.match_outline import (
    FINISHED,
    MINUTE,
    Ending,
    Fate,
    Outline,
    fate_of,
    make_outline,
)

BASE_FIELDS = (
    "id",
    "sport_id",
    "league_id",
    "season_id",
    "stage_id",
    "group_id",
    "aggregate_id",
    "round_id",
    "state_id",
    "venue_id",
    "name",
    "starting_at",
    "result_info",
    "leg",
    "details",
    "length",
    "placeholder",
    "has_odds",
    "has_premium_odds",
    "starting_at_timestamp",
)
"""The fixture's own fields in the order of the documented sample."""

ARRAYS = ("participants", "scores", "statistics", "events", "periods", "xgfixture")
RELATIONS = ("sport", "league", "season", "stage", "round", "venue", "state")

_FIRST_FIXTURE = 18_500_000
_FIRST_SEASON = 23_001
_FIRST_LEAGUE = 2_001
_FIRST_STAGE = 77_400_000
_FIRST_ROUND = 340_000
_FIRST_TEAM = 10_001
_PLACEHOLDER_TEAM = 9_000_000
_TEAMS_PER_LEAGUE = 100
_REMEMBERED = 150
_IMAGES = "https://cdn.sportmonks.com/images/soccer"


@dataclass(frozen=True, slots=True)
class Team:
    """A club: `place` is its position in the league's list of teams."""

    team_id: int
    place: int
    name: str
    short_code: str | None
    founded: int | None
    country_id: int
    town: str
    strength: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a fixture before it is played; `teams` is None while they are unknown."""

    ordinal: int
    season_place: int
    kickoff: int
    round_number: int
    knockout: int
    teams: tuple[Team, Team] | None
    fate: Fate
    ending: Ending


class World(Source):
    """A deterministic world of football."""

    def __init__(
        self, *, seed: int = 7, leagues: int = 3, seasons: int = 1, teams: int = 20, clock: str
    ) -> None:
        """Lay out a world; the newest season is the one of the clock."""
        super().__init__(clock)
        if not 1 <= leagues <= 900 or not 1 <= seasons <= 60:
            raise ValueError("a world has 1 to 900 leagues and 1 to 60 seasons")
        if not 2 <= teams <= 40:
            raise ValueError("a league has 2 to 40 teams")
        self.seed = seed
        self.league_count = leagues
        self.season_count = seasons
        self.team_count = teams
        started = datetime.fromtimestamp(self.now, UTC)
        newest = started.year if started.month >= 7 else started.year - 1
        self.years = [newest - seasons + 1 + place for place in range(seasons)]
        self.calendars = [Calendar(year, teams) for year in self.years]
        self.per_season = self.calendars[0].fixtures
        # A gap after each season, so that not every number in the range is a fixture.
        self.span = -(-(self.per_season + 10) // 100) * 100
        self.kickoffs: dict[int, int] = {}
        self._all_ids: list[int] | None = None
        self._matches: OrderedDict[
            int, tuple[tuple[int, int, int], Match, dict[str, list[Row]]]
        ] = OrderedDict()
        self._last_played: dict[int, dict[int, str]] = {}
        self.team = lru_cache(maxsize=4096)(self._team)
        self.side = lru_cache(maxsize=4096)(self._side)
        self.semi_finalists = lru_cache(maxsize=4096)(self._semi_finalists)

    # ------------------------------------------------------------------ reference data

    def country(self, league: int) -> tuple[int, str]:
        """Return the id and name of a league's country."""
        return names.COUNTRIES[league % len(names.COUNTRIES)]

    def league_row(self, league: int) -> Row:
        """Return one league; `league` is its position."""
        country_id, country = self.country(league)
        tier = league // len(names.COUNTRIES)
        newest = self.calendars[-1]
        return {
            "id": _FIRST_LEAGUE + 3 * league,
            "sport_id": 1,
            "country_id": country_id,
            "name": f"{country} {names.DIVISIONS[tier % len(names.DIVISIONS)]}",
            "active": True,
            "short_code": f"{country[:3].upper()} D{tier + 1}",
            "image_path": f"{_IMAGES}/leagues/{league % 32}/{_FIRST_LEAGUE + 3 * league}.png",
            "type": "league",
            "sub_type": "domestic",
            "last_played_at": api_time(max(newest.starts, min(self.now, newest.ends) // DAY * DAY)),
            "category": 1 + tier,
            "has_jerseys": False,
        }

    def season_row(self, place: int) -> Row:
        """Return one season; `place` is its position among all seasons of all leagues."""
        year, league = divmod(place, self.league_count)
        calendar = self.calendars[year]
        return {
            "id": _FIRST_SEASON + place,
            "sport_id": 1,
            "league_id": _FIRST_LEAGUE + 3 * league,
            "tie_breaker_rule_id": 1526,
            "name": f"{self.years[year]}/{self.years[year] + 1}",
            "finished": self.now > calendar.ends,
            "pending": self.now < calendar.starts,
            "is_current": year == self.season_count - 1,
            "starting_at": api_time(calendar.starts)[:10],
            "ending_at": api_time(calendar.ends)[:10],
            "standings_recalculated_at": None
            if self.now < calendar.starts
            else api_time(min(self.now, calendar.ends) // DAY * DAY),
            "games_in_current_week": calendar.starts <= self.now <= calendar.league_ends,
        }

    def leagues(self) -> list[Row]:
        """Return all leagues, ascending by id."""
        return [self.league_row(league) for league in range(self.league_count)]

    def seasons(self) -> list[Row]:
        """Return all seasons, ascending by id."""
        return [self.season_row(place) for place in range(self.league_count * self.season_count)]

    def season_ids(self) -> list[int]:
        """Return the ids of all seasons, ascending."""
        return [_FIRST_SEASON + place for place in range(self.league_count * self.season_count)]

    def _team(self, league: int, place: int) -> Team:
        number = league * self.team_count + place
        draw = mix(self.seed, 11, number)
        town = names.town((number * 7 + draw % 7) % 250 + number * 7 // 250 * 250)
        name = names.club((number * 7 + draw % 7) % 250 + number * 7 // 250 * 250, draw >> 8)
        return Team(
            team_id=_FIRST_TEAM + league * _TEAMS_PER_LEAGUE + place,
            place=place,
            name=name,
            short_code=None if (draw >> 16) % 100 < 34 else town[:3].upper(),
            founded=None if (draw >> 24) % 20 == 0 else 1878 + (draw >> 28) % 120,
            country_id=self.country(league)[0],
            town=town,
            strength=((draw >> 40) % 1000) / 1000,
        )

    def _side(self, team_id: int) -> Side:
        squad = []
        for number in range(20):
            name = names.person(mix(self.seed, 12, team_id, number) % 1_665)
            if mix(self.seed, 13, team_id, number) % 80 == 0:
                # Some real names carry trailing blanks.
                name += "  "
            squad.append((team_id * 100 + number, name))
        return Side(team_id, team_id * 100 + 90, tuple(squad))

    def venue_row(self, venue_id: int, league: int, town: str) -> Row:
        """Return one ground."""
        draw = mix(self.seed, 14, venue_id)
        return {
            "id": venue_id,
            "country_id": self.country(league)[0],
            "city_id": 40_000 + venue_id,
            "name": f"{town} Park" if draw % 2 else f"Stadion {town}",
            "address": None if draw % 5 == 0 else f"{1 + draw % 90} Station Road",
            "zipcode": None,
            "latitude": f"{40 + draw % 15_000 / 1000:.4f}",
            "longitude": f"{draw % 20_000 / 1000:.4f}",
            "capacity": 4_000 + draw % 60_000,
            "image_path": f"{_IMAGES}/venues/{venue_id % 32}/{venue_id}.png",
            "city_name": town,
            "surface": "grass" if draw % 9 else "artificial",
            "national_team": False,
        }

    # ------------------------------------------------------------------ ids

    def made_ids(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures but reissued ones, ascending."""
        if season_id is not None:
            place = season_id - _FIRST_SEASON
            if not 0 <= place < self.league_count * self.season_count:
                return []
            first = _FIRST_FIXTURE + place * self.span
            return range(first, first + self.per_season)
        if self._all_ids is None:
            self._all_ids = [
                fixture_id
                for place in range(self.league_count * self.season_count)
                for fixture_id in range(
                    _FIRST_FIXTURE + place * self.span,
                    _FIRST_FIXTURE + place * self.span + self.per_season,
                )
            ]
        return self._all_ids

    def is_made(self, fixture_id: int) -> bool:
        """Say whether this fixture exists without having been reissued."""
        place, number = divmod(fixture_id - _FIRST_FIXTURE, self.span)
        return 0 <= place < self.league_count * self.season_count and number < self.per_season

    def league_fixture_ids(self, league_ids: Sequence[int]) -> list[int]:
        """Return the existing fixtures of some leagues, ascending."""
        return [
            fixture_id
            for place, season_id in enumerate(self.season_ids())
            if _FIRST_LEAGUE + 3 * (place % self.league_count) in league_ids
            for fixture_id in self.fixture_ids(season_id)
        ]

    def ids_between(self, start: int, end: int, ids: Sequence[int]) -> list[int]:
        """Return which of these fixtures kick off from `start` to before `end` (epoch seconds)."""
        chosen = []
        week = 7 * DAY
        open_years = {
            year
            for year, calendar in enumerate(self.calendars)
            if calendar.starts - week < end and start < calendar.ends + week
        }
        for fixture_id in ids:
            place, number = divmod(fixture_id - _FIRST_FIXTURE, self.span)
            if fixture_id in self.kickoffs or fixture_id in self.patches:
                kickoff = self.base(fixture_id).get("starting_at_timestamp")
            elif (year := place // self.league_count) in open_years:
                kickoff = self.calendars[year].pairing(number).kickoff
            else:
                continue
            if kickoff is not None and start <= kickoff < end:
                chosen.append(fixture_id)
        return chosen

    # ------------------------------------------------------------------ plans and outlines

    def _semi_finalists(self, season_place: int) -> tuple[int, ...]:
        order = sorted(
            range(self.team_count), key=lambda place: mix(self.seed, 15, season_place, place)
        )
        return tuple(order[:4])

    def plan(self, fixture_id: int) -> Plan:
        """Return what is known of a fixture before it is played."""
        season_place, number = divmod(fixture_id - _FIRST_FIXTURE, self.span)
        year, league = divmod(season_place, self.league_count)
        pairing = self.calendars[year].pairing(number)
        ordinal = season_place * self.span + number
        if pairing.knockout:
            plan = self._knockout_plan(season_place, league, ordinal, pairing, year)
        else:
            plan = Plan(
                ordinal,
                season_place,
                pairing.kickoff,
                pairing.round_number,
                0,
                (self.team(league, pairing.home), self.team(league, pairing.away)),
                fate_of(mix(self.seed, fixture_id, 16) % 10_000),
                Ending.FULL_TIME,
            )
        if fixture_id in self.kickoffs:
            plan = replace(plan, kickoff=self.kickoffs[fixture_id], fate=Fate.PLAYED)
        return plan

    def _knockout_plan(
        self, season_place: int, league: int, ordinal: int, pairing: Pairing, year: int
    ) -> Plan:
        endings = (Ending.PENALTIES, Ending.EXTRA_TIME, Ending.FULL_TIME)
        ending = endings[(season_place + pairing.knockout) % 3]
        teams: tuple[Team, Team] | None = None
        if pairing.knockout < 3:
            # The teams of the semi-finals are known when the league stage is over.
            if self.now >= self.calendars[year].league_ends:
                four = self.semi_finalists(season_place)
                teams = (
                    self.team(league, four[2 * pairing.knockout - 2]),
                    self.team(league, four[2 * pairing.knockout - 1]),
                )
        else:
            first = _FIRST_FIXTURE + season_place * self.span
            home = self._winner(first + self.per_season - 3)
            away = self._winner(first + self.per_season - 2)
            if home is not None and away is not None:
                teams = (home, away)
        return Plan(
            ordinal, season_place, pairing.kickoff, 0, pairing.knockout, teams, Fate.PLAYED,
            ending,
        )  # fmt: skip

    def _winner(self, fixture_id: int) -> Team | None:
        """Return the winner of a knock-out match that is over."""
        plan = self.plan(fixture_id)
        if plan.teams is None:
            return None
        outline = self.outline(fixture_id, plan, plan.teams)
        state_id, until = outline.moment(self.now - plan.kickoff)
        if state_id not in FINISHED or until < outline.phases[-1][0]:
            return None
        return plan.teams[outline.winner(until) or 0]

    def outline(self, fixture_id: int, plan: Plan, teams: tuple[Team, Team]) -> Outline:
        """Return the outline of a match whose teams are known."""
        return make_outline(
            self.seed,
            fixture_id,
            plan.fate,
            plan.ending,
            level=plan.knockout == 0,
            edge=teams[0].strength - teams[1].strength,
        )

    # ------------------------------------------------------------------ fixtures

    def is_base_field(self, key: str, value: Any) -> bool:
        """Say whether a list without includes shows this field of a fixture."""
        return key not in ARRAYS and key not in RELATIONS

    def made_base(self, fixture_id: int) -> Row:
        """Return the fixture's own fields, before corrections."""
        plan = self.plan(fixture_id)
        if plan.teams is None:
            return self._base(fixture_id, plan, None, 13, -1)
        outline = self.outline(fixture_id, plan, plan.teams)
        state_id, until = outline.moment(self.now - plan.kickoff)
        return self._base(fixture_id, plan, outline, state_id, until)

    def _base(
        self, fixture_id: int, plan: Plan, outline: Outline | None, state_id: int, until: int
    ) -> Row:
        league = plan.season_place % self.league_count
        home, away = (team.name for team in plan.teams) if plan.teams else ("TBC", "TBC")
        draw = mix(self.seed, fixture_id, 17)
        result_info = None
        if outline is not None and state_id in FINISHED and state_id not in (14, 17):
            winner = outline.winner(until)
            if winner is None:
                result_info = "Game ended in draw."
            else:
                result_info = f"{(home, away)[winner]} won {outline.ending.value}."
        ahead = plan.kickoff - self.now
        venue_id = plan.teams[0].team_id + 50_000 if plan.teams and draw % 100 else None
        return {
            "id": fixture_id,
            "sport_id": 1,
            "league_id": _FIRST_LEAGUE + 3 * league,
            "season_id": _FIRST_SEASON + plan.season_place,
            "stage_id": _FIRST_STAGE + 2 * plan.season_place + bool(plan.knockout),
            "group_id": None,
            "aggregate_id": None,
            "round_id": None
            if plan.knockout
            else _FIRST_ROUND + plan.season_place * 100 + plan.round_number,
            "state_id": state_id,
            "venue_id": venue_id,
            "name": f"{home} vs {away}",
            "starting_at": api_time(plan.kickoff),
            "result_info": result_info,
            "leg": "1/1",
            "details": f"Match {plan.knockout}" if plan.knockout else None,
            "length": 120 if outline is not None and outline.ending is not Ending.FULL_TIME
            and until > outline.periods[1].ends + MINUTE else 90,
            "placeholder": plan.teams is None,
            # Odds come and go: the flag is volatile in real data.
            "has_odds": ahead < (7 + draw % 7) * DAY and not (draw % 10 == 0 and ahead < -7 * DAY),
            "has_premium_odds": ahead < (2 + draw % 3) * DAY and league % 3 != 2,
            "starting_at_timestamp": plan.kickoff,
        }  # fmt: skip

    def made_full(self, fixture_id: int) -> Row:
        """Return a fresh fixture with everything that comes with it, before corrections."""
        # Through JSON and back: many times quicker than deepcopy.
        fixture: Row = orjson.loads(orjson.dumps(self.shared(fixture_id, (*ARRAYS, *RELATIONS))))
        return fixture

    def shared(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return a fixture to be served; its arrays are shared and must not be changed."""
        plan = self.plan(fixture_id)
        if plan.teams is None:
            fixture = self._base(fixture_id, plan, None, 13, -1)
            fixture |= {name: [] for name in ARRAYS}
            fixture["participants"] = [
                self._placeholder(plan, 0, "home"),
                self._placeholder(plan, 1, "away"),
            ]
        else:
            outline = self.outline(fixture_id, plan, plan.teams)
            state_id, until = outline.moment(self.now - plan.kickoff)
            fixture = self._base(fixture_id, plan, outline, state_id, until)
            for name in ARRAYS:
                if name not in names:
                    continue
                if name == "participants":
                    decided = state_id in FINISHED
                    winner = outline.winner(until)
                    fixture[name] = [
                        self._participant(
                            plan, team, location, (winner == side) if decided else None
                        )
                        for side, team, location in zip(
                            (0, 1), plan.teams, ("home", "away"), strict=True
                        )
                    ]
                else:
                    fixture[name] = self._array(name, fixture_id, plan, outline, state_id, until)
        if any(name in names for name in RELATIONS):
            self._relate(fixture)
        return fixture

    def _array(
        self, name: str, fixture_id: int, plan: Plan, outline: Outline, state_id: int, until: int
    ) -> list[Row]:
        if plan.teams is None or (until < 0 and state_id not in (14, 17)):
            return []
        key = (state_id, until, plan.kickoff)
        with self.lock:
            remembered = self._matches.get(fixture_id)
            if remembered is None or remembered[0] != key:
                home, away = plan.teams
                match = Match(
                    self.seed,
                    fixture_id,
                    plan.ordinal,
                    plan.kickoff,
                    (self.side(home.team_id), self.side(away.team_id)),
                    outline,
                )
                remembered = self._matches[fixture_id] = (key, match, {})
                if len(self._matches) > _REMEMBERED:
                    self._matches.popitem(last=False)
            _, match, arrays = remembered
            if name not in arrays:
                arrays[name] = match.array(name, state_id, until)
            return arrays[name]

    def _participant(self, plan: Plan, team: Team, location: str, winner: bool | None) -> Row:
        return {
            "id": team.team_id,
            "sport_id": 1,
            "country_id": team.country_id,
            "venue_id": team.team_id + 50_000 if team.team_id % 14 else None,
            "gender": "male",
            "name": team.name,
            "short_code": team.short_code,
            "image_path": f"{_IMAGES}/teams/{team.team_id % 32}/{team.team_id}.png",
            "founded": team.founded,
            "type": "domestic",
            "placeholder": False,
            "last_played_at": self._team_last_played(
                plan.season_place % self.league_count, team.place
            ),
            "meta": {
                "location": location,
                "winner": winner,
                "position": None
                if plan.knockout
                else 1 + mix(self.seed, plan.ordinal, location == "home") % self.team_count,
            },
        }

    def _placeholder(self, plan: Plan, side: int, location: str) -> Row:
        team_id = _PLACEHOLDER_TEAM + plan.ordinal * 2 + side
        return {
            "id": team_id,
            "sport_id": 1,
            "country_id": self.country(plan.season_place % self.league_count)[0],
            "venue_id": None,
            "gender": "male",
            "name": "TBC",
            "short_code": None,
            "image_path": f"{_IMAGES}/team_placeholder.png",
            "founded": None,
            "type": "domestic",
            "placeholder": True,
            "last_played_at": None,
            "meta": {"location": location, "winner": None, "position": None},
        }

    def _team_last_played(self, league: int, place: int) -> str | None:
        """Return the team's last kick-off: it moves in old fixtures too when the team plays."""
        if league not in self._last_played:
            latest: dict[int, int] = {}
            for calendar in self.calendars[-2:]:
                for number in range(calendar.league_fixtures):
                    pairing = calendar.pairing(number)
                    if pairing.kickoff <= self.now:
                        for team in (pairing.home, pairing.away):
                            latest[team] = max(latest.get(team, 0), pairing.kickoff)
            self._last_played[league] = {team: api_time(at) for team, at in latest.items()}
        return self._last_played[league].get(place)

    def _relate(self, fixture: Row) -> None:
        """Add the embedded to-one objects."""
        season_place = fixture["season_id"] - _FIRST_SEASON
        year, league = divmod(season_place, self.league_count)
        calendar = self.calendars[year]
        season = self.season_row(season_place)
        fixture["sport"] = SPORT
        fixture["league"] = self.league_row(league)
        fixture["season"] = season
        knockout = (fixture["stage_id"] - _FIRST_STAGE) % 2
        fixture["stage"] = {
            "id": fixture["stage_id"],
            "sport_id": 1,
            "league_id": fixture["league_id"],
            "season_id": fixture["season_id"],
            "type_id": 224 if knockout else 223,
            "name": "Knock Out" if knockout else "Regular Season",
            "sort_order": 1 + knockout,
            "finished": self.now > (calendar.ends if knockout else calendar.league_ends),
            "is_current": not season["finished"]
            and bool(knockout) == (self.now > calendar.league_ends),
            "starting_at": api_time(calendar.league_ends if knockout else calendar.starts)[:10],
            "ending_at": api_time(calendar.ends if knockout else calendar.league_ends)[:10],
            "games_in_current_week": season["games_in_current_week"],
            "tie_breaker_rule_id": None,
        }
        round_id = fixture["round_id"]
        fixture["round"] = None if round_id is None else self._round(fixture, calendar, round_id)
        venue_id = fixture["venue_id"]
        fixture["venue"] = None
        if venue_id is not None:
            place = (venue_id - 50_000 - _FIRST_TEAM) % _TEAMS_PER_LEAGUE
            town = self.team(league, place).town
            fixture["venue"] = self.venue_row(venue_id, league, town)
        fixture["state"] = self.state(fixture["state_id"])

    def _round(self, fixture: Row, calendar: Calendar, round_id: int) -> Row:
        number = (round_id - _FIRST_ROUND) % 100
        first = (number - 1) * calendar.per_round
        kickoffs = [calendar.pairing(first + place).kickoff for place in range(calendar.per_round)]
        return {
            "id": round_id,
            "sport_id": 1,
            "league_id": fixture["league_id"],
            "season_id": fixture["season_id"],
            "stage_id": fixture["stage_id"],
            "name": str(number),
            "finished": self.now > max(kickoffs) + 2 * 3_600,
            "is_current": min(kickoffs) - 2 * DAY <= self.now <= max(kickoffs) + 2 * 3_600,
            "starting_at": api_time(min(kickoffs))[:10],
            "ending_at": api_time(max(kickoffs))[:10],
            "games_in_current_week": abs(min(kickoffs) - self.now) < 7 * DAY,
        }

    # ------------------------------------------------------------------ corrections

    def clock_moved(self) -> None:
        """Forget what only held at the old clock."""
        self._last_played.clear()

    def reschedule(self, fixture_id: int, epoch: int) -> None:
        """Give the fixture another kick-off; the match is played then."""
        with self.lock:
            if not self.knows(fixture_id):
                raise KeyError(fixture_id)
            self.kickoffs[self.reissued.get(fixture_id, fixture_id)] = epoch

    def finish(self, fixture_id: int) -> None:
        """Play a coming or running match to its end: its kick-off moves so that it ends now."""
        with self.lock:
            if not self.knows(fixture_id):
                raise KeyError(fixture_id)
            fixture_id = self.reissued.get(fixture_id, fixture_id)
            plan = self.plan(fixture_id)
            if plan.teams is None:
                raise CorrectionError("its teams are not known yet")
            outline = self.outline(fixture_id, replace(plan, fate=Fate.PLAYED), plan.teams)
            ends = outline.phases[-1][0]
            if plan.fate is not Fate.PLAYED or plan.kickoff + ends > self.now:
                self.kickoffs[fixture_id] = (self.now - ends) // (5 * MINUTE) * 5 * MINUTE

    def restore(self, fixture_id: int) -> None:
        """Take back every correction of a fixture, its deletion and its kick-off too."""
        with self.lock:
            super().restore(fixture_id)
            self.kickoffs.pop(fixture_id, None)

    def restore_all(self) -> None:
        """Take back every correction of every fixture, its kick-off too."""
        with self.lock:
            super().restore_all()
            self.kickoffs.clear()
