"""What happens on the pitch in one match: goals, cards, substitutions, reviews."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.randomness import poisson
from simulator.world.match_outline import MINUTE, Fate, MatchSetup


@dataclass(slots=True)
class Incident:
    """Something that happens on the pitch, before it becomes an event row."""

    at: int
    period: int
    running_minute: int
    side: int
    type_id: int


def make_incidents(setup: MatchSetup, draw: Callable[[], float]) -> list[Incident]:
    """Generate all incidents of a match, in order; `draw` returns random numbers from 0 to 1."""
    outline, periods = setup.outline, setup.periods
    if outline.fate in (Fate.AWARDED, Fate.WALKOVER):
        return []
    incidents: list[Incident] = []

    def add(side: int, type_id: int, period: int, earliest: int = 1) -> None:
        part = periods[period]
        span = (part.ends - part.starts) // MINUTE - earliest
        running = earliest + int(draw() * span)
        incidents.append(Incident(part.at(running), period, running, side, type_id))

    for goal in outline.goals:
        kind = draw()
        type_id = 16 if kind < 0.085 else 15 if kind < 0.12 else 14
        incidents.append(Incident(goal.at, goal.period, goal.running_minute, goal.side, type_id))
    for side in (0, 1):
        if draw() < 0.05:
            add(side, 17, 1 if draw() < 0.5 else 2)
        for _ in range(3 + int(draw() * 3)):
            if draw() < 0.04:
                add(side, 18, 1, 15)
            else:
                add(side, 18, 2, 1)
        for _ in range(poisson(draw, 1.95)):
            add(side, 19, 1 if draw() < 0.35 else 2)
        if draw() < 0.06:
            add(side, 20, 1 if draw() < 0.3 else 2)
        if draw() < 0.05:
            add(side, 21, 2, 10)
        if 3 in periods:
            add(side, 18, 3)
    if draw() < 0.3:
        add(int(draw() * 2), 10, 1 if draw() < 0.5 else 2)
    if draw() < 0.045:
        add(int(draw() * 2), 1697, 2)
    stop = outline.phases[-1][0]
    incidents = [incident for incident in incidents if incident.at <= stop]
    incidents.sort(key=lambda incident: (incident.period, incident.running_minute))
    return incidents
