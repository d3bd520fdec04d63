"""The generated world: leagues, seasons, teams and matches, a function of a seed and a clock.

Fixtures are generated from the seed and their id when they are requested. Only the most recently
used matches stay in memory, so that a world of any size starts at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from simulator.data.clock import DAY, api_time
from simulator.data.reference_data import SPORT
from simulator.data.source import (
    ARRAYS,
    FURTHER_ARRAYS,
    FURTHER_OBJECTS,
    INCLUDED,
    RELATIONS,
    CorrectionError,
    Row,
    Source,
)
from simulator.randomness import mix
from simulator.world import ids, people, rows, squads
from simulator.world.calendar import Calendar
from simulator.world.match import Match
from simulator.world.match_includes import Moment, include_value
from simulator.world.match_outline import FINISHED, MatchSetup, Outline
from simulator.world.plans import Plan, Plans
from simulator.world.teams import Team, country, make_side

_CACHED_MATCHES = 150
_TBA = 13


class World(Source):
    """A deterministic world of football."""

    def __init__(
        self, *, seed: int = 7, leagues: int = 3, seasons: int = 1, teams: int = 20, clock: str
    ) -> None:
        """Lay out a world whose newest season contains the clock.

        Args:
            seed: The same seed gives the same world.
            leagues: Number of leagues, 1 to 900.
            seasons: Seasons per league, 1 to 60.
            teams: Teams per league, 2 to 40.
            clock: The simulated time, ISO 8601.

        Raises:
            ValueError: A number is out of range, or the clock cannot be read.
        """
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
        # All leagues share the calendar of a year; the last one is current.
        self.calendars = [Calendar(newest - seasons + 1 + year, teams) for year in range(seasons)]
        self.ids = ids.FixtureIds(leagues * seasons, self.calendars[0].fixtures)
        self.plans = Plans(seed, self.ids, self.calendars, leagues, teams)
        self._all_ids: list[int] | None = None
        self._matches: OrderedDict[int, tuple[tuple[int, int, int], Match]] = OrderedDict()
        self._last_played: dict[int, dict[int, str]] = {}

    # ------------------------------------------------------------------ leagues and seasons

    def leagues(self) -> list[Row]:
        """Return all leagues, ascending by id."""
        return [self._league(league_index) for league_index in range(self.league_count)]

    def _league(self, league_index: int) -> Row:
        return rows.league_row(league_index, self.calendars[-1], self.now)

    def seasons(self) -> list[Row]:
        """Return all seasons, ascending by id."""
        return [self._season(season_index) for season_index in range(self.ids.season_count)]

    def _season(self, season_index: int) -> Row:
        year, league_index = divmod(season_index, self.league_count)
        is_current = year == self.season_count - 1
        return rows.season_row(
            season_index, league_index, self.calendars[year], is_current, self.now
        )

    def season_ids(self) -> list[int]:
        """Return the ids of all seasons, ascending."""
        return [ids.season_id(season_index) for season_index in range(self.ids.season_count)]

    # ------------------------------------------------------------------ ids

    def original_ids(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures except reissued ones, ascending."""
        if season_id is not None:
            return self.ids.of_season(ids.season_index(season_id))
        if self._all_ids is None:
            self._all_ids = [
                fixture_id
                for season_index in range(self.ids.season_count)
                for fixture_id in self.ids.of_season(season_index)
            ]
        return self._all_ids

    def is_original(self, fixture_id: int) -> bool:
        """Return whether this fixture exists without having been reissued."""
        return fixture_id in self.ids

    def league_fixture_ids(self, league_ids: Sequence[int]) -> list[int]:
        """Return the existing fixtures of some leagues, ascending."""
        return [
            fixture_id
            for season_index, season_id in enumerate(self.season_ids())
            if ids.league_id(season_index % self.league_count) in league_ids
            for fixture_id in self.fixture_ids(season_id)
        ]

    def ids_between(self, start: int, end: int, fixture_ids: Sequence[int]) -> list[int]:
        """Return which of these fixtures kick off from `start` to before `end` (epoch seconds)."""
        chosen = []
        week = 7 * DAY
        overlapping_years = {
            year
            for year, calendar in enumerate(self.calendars)
            if calendar.starts - week < end and start < calendar.ends + week
        }
        for fixture_id in fixture_ids:
            season_index, number = self.ids.locate(fixture_id)
            if fixture_id in self.plans.rescheduled or fixture_id in self.patches:
                kickoff = self.base(fixture_id).get("starting_at_timestamp")
            elif (year := season_index // self.league_count) in overlapping_years:
                kickoff = self.calendars[year].pairing(number).kickoff
            else:
                continue
            if kickoff is not None and start <= kickoff < end:
                chosen.append(fixture_id)
        return chosen

    # ------------------------------------------------------------------ fixtures

    def is_base_field(self, key: str, value: Any) -> bool:
        """Return whether a list without includes shows this field of a fixture."""
        return key not in INCLUDED

    def original_base(self, fixture_id: int) -> Row:
        """Return the fixture's own fields, before corrections."""
        plan = self.plans.plan(fixture_id, self.now)
        if plan.teams is None:
            return self._base(fixture_id, plan, None, _TBA, -1)
        outline = self.plans.outline(fixture_id, plan, plan.teams)
        state_id, until = outline.moment(self.now - plan.kickoff)
        return self._base(fixture_id, plan, outline, state_id, until)

    def _base(
        self, fixture_id: int, plan: Plan, outline: Outline | None, state_id: int, until: int
    ) -> Row:
        return rows.fixture_row(fixture_id, plan, outline, state_id, until, self.now, self.seed)

    def original_fixture(self, fixture_id: int, names: Collection[str] = ()) -> Row:
        """Return a new copy of the fixture with all arrays and relations, before corrections."""
        complete = self.original_view(fixture_id, {*ARRAYS, *RELATIONS, *names})
        # A round trip through JSON is many times faster than deepcopy.
        fixture: Row = orjson.loads(orjson.dumps(complete))
        return fixture

    def original_view(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return a fixture to serve, before corrections; its arrays must not be changed."""
        plan = self.plans.plan(fixture_id, self.now)
        if plan.teams is None:
            fixture = self._base(fixture_id, plan, None, _TBA, -1)
            fixture |= {name: [] for name in (*ARRAYS, *FURTHER_ARRAYS)}
            fixture |= dict.fromkeys(FURTHER_OBJECTS)
            fixture["participants"] = [
                rows.placeholder_row(plan, 0, "home"),
                rows.placeholder_row(plan, 1, "away"),
            ]
        else:
            outline = self.plans.outline(fixture_id, plan, plan.teams)
            state_id, until = outline.moment(self.now - plan.kickoff)
            fixture = self._base(fixture_id, plan, outline, state_id, until)
            for name in ARRAYS:
                if name not in names:
                    continue
                if name == "participants":
                    winner = outline.winner(until)
                    is_final = state_id in FINISHED
                    fixture[name] = [
                        self._participant(plan, team, side, (winner == side) if is_final else None)
                        for side, team in enumerate(plan.teams)
                    ]
                elif until < 0 and state_id not in (14, 17):
                    fixture[name] = []
                else:
                    match = self._match(fixture_id, plan, plan.teams, outline, state_id, until)
                    fixture[name] = match.array(name)
            further = [name for name in (*FURTHER_ARRAYS, *FURTHER_OBJECTS) if name in names]
            if further:
                match = self._match(fixture_id, plan, plan.teams, outline, state_id, until)
                moment = Moment(match, fixture, plan.league_index, self.now)
                fixture |= {name: include_value(name, moment, names) for name in further}
        if any(name in names for name in RELATIONS):
            self._embed_relations(fixture)
        return fixture

    def _match(
        self,
        fixture_id: int,
        plan: Plan,
        teams: tuple[Team, Team],
        outline: Outline,
        state_id: int,
        until: int,
    ) -> Match:
        """Return the details of a match, from the cache if they are there."""
        key = (state_id, until, plan.kickoff)
        with self.lock:
            cached = self._matches.get(fixture_id)
            if cached is None or cached[0] != key:
                home, away = (
                    make_side(self.seed, fixture_id, team.team_id, plan.kickoff) for team in teams
                )
                setup = MatchSetup(
                    self.seed, fixture_id, plan.ordinal, plan.kickoff, (home, away), outline
                )
                cached = self._matches[fixture_id] = (key, Match(setup, state_id, until))
                if len(self._matches) > _CACHED_MATCHES:
                    self._matches.popitem(last=False)
            return cached[1]

    def _participant(self, plan: Plan, team: Team, side: int, winner: bool | None) -> Row:
        position = None
        if not plan.knockout:
            position = 1 + mix(self.seed, plan.ordinal, side == 0) % self.team_count
        last_played_at = self._team_last_played(plan.league_index, team.index)
        return rows.participant_row(team, ("home", "away")[side], winner, position, last_played_at)

    def _team_last_played(self, league_index: int, team_index: int) -> str | None:
        """Return the team's last kick-off: it changes in old fixtures too when the team plays."""
        if league_index not in self._last_played:
            latest: dict[int, int] = {}
            for calendar in self.calendars[-2:]:
                for number in range(calendar.league_fixtures):
                    pairing = calendar.pairing(number)
                    if pairing.kickoff <= self.now:
                        for team in (pairing.home, pairing.away):
                            latest[team] = max(latest.get(team, 0), pairing.kickoff)
            self._last_played[league_index] = {team: api_time(at) for team, at in latest.items()}
        return self._last_played[league_index].get(team_index)

    def _embed_relations(self, fixture: Row) -> None:
        """Add the embedded to-one objects."""
        season_index = ids.season_index(fixture["season_id"])
        year, league_index = divmod(season_index, self.league_count)
        calendar = self.calendars[year]
        season = self._season(season_index)
        venue_id = fixture["venue_id"]
        venue = None
        if venue_id is not None:
            town = self.plans.team(league_index, ids.team_index_of_venue(venue_id)).town
            venue = rows.venue_row(self.seed, venue_id, country(league_index)[0], town)
        fixture["sport"] = SPORT
        fixture["league"] = self._league(league_index)
        fixture["season"] = season
        fixture["stage"] = rows.stage_row(fixture, season, calendar, self.now)
        fixture["round"] = rows.round_row(fixture, calendar, self.now)
        fixture["group"] = rows.group_row(fixture, calendar, self.now)
        fixture["venue"] = venue
        fixture["state"] = self.state(fixture["state_id"])

    # ------------------------------------------------------------------ people

    def squad(self, team_id: int) -> list[Row]:
        """Return the players of a team, ascending by id."""
        league_index, team_index = ids.locate_team(team_id)
        if not 0 <= league_index < self.league_count or team_index >= self.team_count:
            return []
        squad = squads.club_squad(self.seed, team_id)
        return [
            people.player_row(self.seed, player.player_id)
            for player in squad
            if player.player_id is not None
        ]

    def player(self, player_id: int) -> Row | None:
        """Return one player."""
        squad = self.squad(squads.team_of(player_id))
        return next((row for row in squad if row["id"] == player_id), None)

    def coach(self, coach_id: int) -> Row | None:
        """Return one coach."""
        team_id = squads.team_of(coach_id)
        if not self.squad(team_id) or squads.coach_id(team_id) != coach_id:
            return None
        return people.coach_row(self.seed, coach_id)

    def referee(self, referee_id: int) -> Row | None:
        """Return one referee."""
        if not people.is_referee(referee_id, self.league_count):
            return None
        return people.referee_row(self.seed, referee_id)

    # ------------------------------------------------------------------ corrections

    def on_clock_change(self) -> None:
        """Drop cached values that depend on the clock."""
        self._last_played.clear()

    def reschedule(self, fixture_id: int, epoch: int) -> None:
        """Move the kick-off; the match is played then, even if it was postponed."""
        with self.lock:
            self.plans.rescheduled[self._original_id(fixture_id)] = epoch

    def finish(self, fixture_id: int) -> None:
        """Move the kick-off of a future or live match so that the match ends now."""
        with self.lock:
            fixture_id = self._original_id(fixture_id)
            kickoff = self.plans.finished_kickoff(fixture_id, self.now)
            if kickoff is None:
                raise CorrectionError("its teams are not known yet")
            self.plans.rescheduled[fixture_id] = kickoff

    def _original_id(self, fixture_id: int) -> int:
        self._check_exists(fixture_id)
        return self.reissued.get(fixture_id, fixture_id)

    def restore(self, fixture_id: int) -> None:
        """Undo every correction of a fixture, including deletion and rescheduling."""
        with self.lock:
            super().restore(fixture_id)
            self.plans.rescheduled.pop(fixture_id, None)

    def restore_all(self) -> None:
        """Undo every correction of every fixture, including rescheduling."""
        with self.lock:
            super().restore_all()
            self.plans.rescheduled.clear()
