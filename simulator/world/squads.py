"""The squad of a club, who is absent at a time, and the match squad of one fixture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from simulator.data.clock import DAY
from simulator.randomness import mix
from simulator.world import names

GOALKEEPER, DEFENDER, MIDFIELDER, ATTACKER = 24, 25, 26, 27
FORMATIONS = ("4-3-3", "4-4-2", "4-2-3-1", "3-5-2", "5-3-2", "3-4-3")

_POSITIONS = (GOALKEEPER,) * 3 + (DEFENDER,) * 8 + (MIDFIELDER,) * 9 + (ATTACKER,) * 6
SQUAD_SIZE = len(_POSITIONS)
_BENCH = 9
# More players of a position are never absent at a time, so that each match has enough of them.
_MOST_ABSENT = {GOALKEEPER: 1, DEFENDER: 1, MIDFIELDER: 2, ATTACKER: 2}

# Factors that turn the random bits of a match into a number for each player.
_SPREAD = tuple(mix(number, 25) | 1 for number in range(SQUAD_SIZE))

_SPELL_DAYS = 112
_INJURIES = (339, 533, 557, 598, 600)
_SUSPENSION = 2002
_COACH_NUMBER = 90


def _count_starters(formation: str) -> dict[int, int]:
    lines = [int(line) for line in formation.split("-")]
    return {
        GOALKEEPER: 1,
        DEFENDER: lines[0],
        MIDFIELDER: sum(lines[1:-1]),
        ATTACKER: lines[-1],
    }


_STARTING = {formation: _count_starters(formation) for formation in FORMATIONS}
_position = attrgetter("position_id")


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


def _shift(team_id: int) -> int:
    """Return the days by which the blocks of a club begin earlier, so that clubs differ."""
    return team_id * 37 % _SPELL_DAYS


@lru_cache(maxsize=4096)
def _spells(seed: int, team_id: int, block: int) -> tuple[Absence, ...]:
    """Return the absences of a club's players in a block of days."""
    found: list[Absence] = []
    for player in club_squad(seed, team_id):
        draw = mix(seed, 21, team_id * 100 + player.number, block)
        if draw % 5:
            continue
        is_suspended = (draw >> 8) % 6 == 0
        days = 7 if is_suspended else 7 + (draw >> 16) % 50
        starts = block * _SPELL_DAYS + (draw >> 24) % (_SPELL_DAYS - days) - _shift(team_id)
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
    return tuple(found)


def absences(seed: int, team_id: int, at: int) -> list[Absence]:
    """Return the absences of a club's players at a time (epoch seconds)."""
    found: list[Absence] = []
    counts = dict.fromkeys(_MOST_ABSENT, 0)
    for absence in _spells(seed, team_id, (at // DAY + _shift(team_id)) // _SPELL_DAYS):
        position = absence.player.position_id
        if absence.starts <= at < absence.ends and counts[position] < _MOST_ABSENT[position]:
            counts[position] += 1
            found.append(absence)
    return found


def match_squad(seed: int, fixture_id: int, team_id: int, kickoff: int) -> MatchSquad:
    """Choose the formation, the starters and the bench of a team for one match."""
    bits = mix(seed, fixture_id, 22, team_id)
    formation = FORMATIONS[bits % len(FORMATIONS)]
    missing = absences(seed, team_id, kickoff)
    absent = {absence.player.number for absence in missing}
    # A low number is a regular starter; the random part lets others start now and then.
    preferred = sorted(
        (player for player in club_squad(seed, team_id) if player.number not in absent),
        key=lambda player: 11 * player.number + (bits * _SPREAD[player.number] >> 58) % 64,
    )
    starting = dict(_STARTING[formation])
    starters: list[Player] = []
    outfield: list[Player] = []
    goalkeepers: list[Player] = []
    for player in preferred:
        position = player.position_id
        if starting[position]:
            starting[position] -= 1
            starters.append(player)
        elif position == GOALKEEPER:
            goalkeepers.append(player)
        else:
            outfield.append(player)
    starters.sort(key=_position)
    outfield.sort(key=lambda player: (bits * _SPREAD[player.number] >> 32) % 64)
    # The second goalkeeper sits at the end of the bench, so that he is the last one to come on.
    bench = outfield[: _BENCH - 1] + goalkeepers[:1]
    known = _known_players(seed, fixture_id, team_id, [*starters, *bench])
    return MatchSquad(formation, tuple(known), tuple(missing))


def _known_players(seed: int, fixture_id: int, team_id: int, players: list[Player]) -> list[Player]:
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
