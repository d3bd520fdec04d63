"""The squad of a club, who is absent at a time, and the match squad of one fixture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from simulator.data.clock import DAY
from simulator.randomness import generator, mix
from simulator.world import names

GOALKEEPER, DEFENDER, MIDFIELDER, ATTACKER = 24, 25, 26, 27
FORMATIONS = ("4-3-3", "4-4-2", "4-2-3-1", "3-5-2", "5-3-2", "3-4-3")

_POSITIONS = (GOALKEEPER,) * 3 + (DEFENDER,) * 8 + (MIDFIELDER,) * 9 + (ATTACKER,) * 6
SQUAD_SIZE = len(_POSITIONS)
_BENCH = 9
# So many players of a position stay available, whoever is absent.
_ALWAYS_AVAILABLE = {GOALKEEPER: 2, DEFENDER: 7, MIDFIELDER: 7, ATTACKER: 4}

_SPELL_DAYS = 112
_INJURIES = (339, 533, 557, 598, 600)
_SUSPENSION = 2002
_COACH_NUMBER = 90


@dataclass(frozen=True, slots=True)
class Player:
    """A player of a club; `player_id` is None in a match where the API does not know him."""

    number: int
    player_id: int | None
    name: str
    position_id: int


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which a player is not available. `starts` and `ends` are epoch seconds."""

    sideline_id: int
    player: Player
    type_id: int
    category: str
    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class MatchSquad:
    """The players of one team in one match; the first eleven start."""

    formation: str
    players: tuple[Player, ...]
    absences: tuple[Absence, ...]


def coach_id(team_id: int) -> int:
    """Return the id of a team's coach."""
    return team_id * 100 + _COACH_NUMBER


def team_of(person_id: int) -> int:
    """Return the id of the team that a player or a coach belongs to."""
    return person_id // 100


@lru_cache(maxsize=4096)
def club_squad(seed: int, team_id: int) -> tuple[Player, ...]:
    """Return the players of a club. No two of them have the same name."""
    squad: list[Player] = []
    taken: set[int] = set()
    for number, position_id in enumerate(_POSITIONS):
        person = mix(seed, 12, team_id, number) % 1_665
        while person in taken:
            person = (person + 1) % 1_665
        taken.add(person)
        name = names.person(person)
        if mix(seed, 13, team_id, number) % 80 == 0:
            # Some real names have trailing blanks.
            name += "  "
        squad.append(Player(number, team_id * 100 + number, name, position_id))
    return tuple(squad)


def player_of(seed: int, player_id: int) -> Player:
    """Return the player with an id.

    Raises:
        KeyError: No club has a player with this id.
    """
    number = player_id % 100
    if number >= SQUAD_SIZE:
        raise KeyError(player_id)
    return club_squad(seed, team_of(player_id))[number]


def absences(seed: int, team_id: int, at: int) -> list[Absence]:
    """Return the absences of a club's players at a time (epoch seconds)."""
    block = at // (_SPELL_DAYS * DAY)
    found: list[Absence] = []
    available = {
        position: _POSITIONS.count(position) - least
        for position, least in _ALWAYS_AVAILABLE.items()
    }
    for player in club_squad(seed, team_id):
        draw = mix(seed, 21, team_id * 100 + player.number, block)
        if draw % 5 or not available[player.position_id]:
            continue
        is_suspended = (draw >> 8) % 6 == 0
        days = 7 if is_suspended else 7 + (draw >> 16) % 50
        starts = block * _SPELL_DAYS + (draw >> 24) % (_SPELL_DAYS - days)
        if not starts * DAY <= at < (starts + days) * DAY:
            continue
        available[player.position_id] -= 1
        found.append(
            Absence(
                (team_id * 100 + player.number) * 1_000 + block % 1_000,
                player,
                _SUSPENSION if is_suspended else _INJURIES[(draw >> 40) % len(_INJURIES)],
                "suspended" if is_suspended else "injury",
                starts * DAY,
                (starts + days) * DAY,
            )
        )
    return found


def match_squad(seed: int, fixture_id: int, team_id: int, kickoff: int) -> MatchSquad:
    """Choose the formation, the starters and the bench of a team for one match."""
    draw = generator(seed, fixture_id, 22, team_id).random
    formation = FORMATIONS[int(draw() * len(FORMATIONS))]
    lines = [int(line) for line in formation.split("-")]
    starting = {
        GOALKEEPER: 1,
        DEFENDER: lines[0],
        MIDFIELDER: sum(lines[1:-1]),
        ATTACKER: lines[-1],
    }
    missing = absences(seed, team_id, kickoff)
    absent = {absence.player.number for absence in missing}
    # A low number is a regular starter; the draw lets others start now and then.
    preferred = sorted(
        (player.number + 6 * draw(), player.number, player)
        for player in club_squad(seed, team_id)
        if player.number not in absent
    )
    starters: list[Player] = []
    rest: list[Player] = []
    for position, count in starting.items():
        candidates = [player for _, _, player in preferred if player.position_id == position]
        starters += candidates[:count]
        rest += candidates[count:]
    outfield = [player for player in rest if player.position_id != GOALKEEPER]
    order = sorted((draw(), player.number, player) for player in outfield)
    # The second goalkeeper sits at the end of the bench, so that he is the last one to come on.
    bench = [player for _, _, player in order[: _BENCH - 1]]
    bench += [player for player in rest if player.position_id == GOALKEEPER][:1]
    known = _known_players(seed, fixture_id, team_id, [*starters, *bench])
    return MatchSquad(formation, tuple(known), tuple(missing))


def _known_players(
    seed: int, fixture_id: int, team_id: int, players: list[Player]
) -> list[Player]:
    """Take the ids of some players away: in a few matches of all, in others of some."""
    draw = mix(seed, fixture_id, 23)
    if draw % 60 == 0:
        unknown = {player.number for player in players}
    elif draw % 12 == 1:
        unknown = {
            player.number
            for player in players
            if mix(seed, fixture_id, 24, team_id * 100 + player.number) % 5 == 0
        }
    else:
        return players
    return [
        Player(player.number, None, player.name, player.position_id)
        if player.number in unknown
        else player
        for player in players
    ]
