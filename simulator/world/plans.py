"""What is decided about a fixture before kick-off: when it is played, by whom, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from simulator.randomness import mix
from simulator.world.calendar import Calendar, Pairing
from simulator.world.ids import FixtureIds
from simulator.world.match_outline import FINISHED, Ending, Fate, Outline, fate_of, make_outline
from simulator.world.teams import Team, make_team


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a fixture before kick-off.

    Attributes:
        ordinal: Number of the fixture in the world, for the ids of its child rows.
        knockout: 0 in the league stage, 1 and 2 for the semi-finals, 3 for the final.
        teams: Home and away, or None while they are not known.
    """

    ordinal: int
    season_index: int
    league_index: int
    kickoff: int
    round_number: int
    knockout: int
    teams: tuple[Team, Team] | None
    fate: Fate
    ending: Ending


class Plans:
    """The plans of all fixtures of a world, each computed when it is requested.

    Attributes:
        rescheduled: Kick-offs that a correction has moved, in epoch seconds by fixture id.
    """

    def __init__(
        self,
        seed: int,
        fixture_ids: FixtureIds,
        calendars: Sequence[Calendar],
        league_count: int,
        team_count: int,
    ) -> None:
        """Plan fixtures on the calendars of the world's years; leagues share them."""
        self.rescheduled: dict[int, int] = {}
        self._seed = seed
        self._ids = fixture_ids
        self._calendars = calendars
        self._league_count = league_count
        self._team_count = team_count
        self._cached_team = lru_cache(maxsize=4096)(make_team)
        self._semi_finalists = lru_cache(maxsize=4096)(self._draw_semi_finalists)

    def team(self, league_index: int, team_index: int) -> Team:
        """Return one team of a league."""
        return self._cached_team(self._seed, league_index, team_index, self._team_count)

    def plan(self, fixture_id: int, now: int) -> Plan:
        """Return the plan of a fixture as far as it is known at a time."""
        season_index, number = self._ids.locate(fixture_id)
        year, league_index = divmod(season_index, self._league_count)
        pairing = self._calendars[year].pairing(number)
        teams: tuple[Team, Team] | None
        if pairing.knockout:
            teams = self._knockout_teams(season_index, pairing, now)
            endings = (Ending.PENALTIES, Ending.EXTRA_TIME, Ending.FULL_TIME)
            ending = endings[(season_index + pairing.knockout) % 3]
            fate = Fate.PLAYED
        else:
            teams = (self.team(league_index, pairing.home), self.team(league_index, pairing.away))
            ending = Ending.FULL_TIME
            fate = fate_of(mix(self._seed, fixture_id, 16) % 10_000)
        kickoff = pairing.kickoff
        if fixture_id in self.rescheduled:
            kickoff, fate = self.rescheduled[fixture_id], Fate.PLAYED
        return Plan(
            self._ids.ordinal(fixture_id),
            season_index,
            league_index,
            kickoff,
            pairing.round_number,
            pairing.knockout,
            teams,
            fate,
            ending,
        )

    def _knockout_teams(
        self, season_index: int, pairing: Pairing, now: int
    ) -> tuple[Team, Team] | None:
        year, league_index = divmod(season_index, self._league_count)
        if pairing.knockout < 3:
            # The semi-finalists are known once the league stage is over.
            if now < self._calendars[year].league_ends:
                return None
            four = self._semi_finalists(season_index)
            home, away = four[2 * pairing.knockout - 2], four[2 * pairing.knockout - 1]
            return self.team(league_index, home), self.team(league_index, away)
        first_semi_final, second_semi_final, _ = self._ids.of_season(season_index)[-3:]
        first = self._winner(first_semi_final, now)
        second = self._winner(second_semi_final, now)
        return None if first is None or second is None else (first, second)

    def _draw_semi_finalists(self, season_index: int) -> tuple[int, ...]:
        order = sorted(
            range(self._team_count), key=lambda team: mix(self._seed, 15, season_index, team)
        )
        return tuple(order[:4])

    def _winner(self, fixture_id: int, now: int) -> Team | None:
        """Return the winner of a knock-out match that is over."""
        plan = self.plan(fixture_id, now)
        if plan.teams is None:
            return None
        outline = self.outline(fixture_id, plan, plan.teams)
        state_id, until = outline.moment(now - plan.kickoff)
        if state_id not in FINISHED or until < outline.phases[-1][0]:
            return None
        return plan.teams[outline.winner(until) or 0]

    def outline(self, fixture_id: int, plan: Plan, teams: tuple[Team, Team]) -> Outline:
        """Return the outline of a match whose teams are known."""
        return make_outline(
            self._seed,
            fixture_id,
            plan.fate,
            plan.ending,
            may_draw=plan.knockout == 0,
            home_advantage=teams[0].strength - teams[1].strength,
        )

    def finished_kickoff(self, fixture_id: int, now: int) -> int | None:
        """Return a kick-off with which the match is over by now.

        Returns:
            Epoch seconds; None where the teams are not known.
        """
        plan = self.plan(fixture_id, now)
        if plan.teams is None:
            return None
        outline = self.outline(fixture_id, replace(plan, fate=Fate.PLAYED), plan.teams)
        duration = outline.phases[-1][0]
        if plan.fate is Fate.PLAYED and plan.kickoff + duration <= now:
            return plan.kickoff
        return (now - duration) // 300 * 300
