"""API objects of people: players, coaches and referees. Each depends only on a seed and an id."""

from __future__ import annotations

from simulator.data.clock import DAY, api_time, parse_instant
from simulator.data.source import Row
from simulator.randomness import mix
from simulator.world import names
from simulator.world.squads import ATTACKER, DEFENDER, GOALKEEPER, MIDFIELDER, player_of

IMAGES = "https://cdn.sportmonks.com/images/soccer"
PLACEHOLDER_IMAGE = f"{IMAGES}/placeholder.png"
REFEREES_PER_LEAGUE = 24

_DETAILED = {
    GOALKEEPER: (24,),
    DEFENDER: (148, 154, 155),
    MIDFIELDER: (149, 150, 153, 157, 158),
    ATTACKER: (151, 152, 156, 163),
}
_COUNTRIES = tuple(country_id for country_id, _ in names.COUNTRIES)
_FIRST_REFEREE = 500_000
_BORN_SINCE = parse_instant("1986-01-01")
_COACHES_BORN_SINCE = parse_instant("1956-01-01")


def player_row(seed: int, player_id: int) -> Row:
    """Return a player as `lineups.player` shows him."""
    player = player_of(seed, player_id)
    draw = mix(seed, 51, player_id)
    person = _person(seed, player_id, player.name, 52, _BORN_SINCE)
    detailed = _DETAILED[player.position_id]
    position_id: int | None = player.position_id
    if draw % 40 == 0:
        # Some players have a detailed position, or an unknown one, as their position.
        position_id = 221 if draw % 80 == 0 else detailed[0]
    elif draw % 500 == 1:
        position_id = None
    has_detailed = (draw >> 8) % 25 and player.position_id != GOALKEEPER
    height: int | None = 166 + (draw >> 16) % 34
    if (draw >> 24) % 20 == 0:
        height = None
    elif (draw >> 24) % 60 == 1:
        height = 0
    return {
        "id": player_id,
        "sport_id": 1,
        "country_id": person["country_id"],
        "nationality_id": person["nationality_id"],
        "city_id": person["city_id"],
        "position_id": position_id,
        "detailed_position_id": detailed[(draw >> 32) % len(detailed)] if has_detailed else None,
        "type_id": player.position_id if (draw >> 40) % 7 else None,
        "common_name": person["common_name"],
        "firstname": person["firstname"],
        "lastname": person["lastname"],
        "name": person["name"],
        "display_name": person["display_name"],
        "image_path": PLACEHOLDER_IMAGE if (draw >> 44) % 7 == 0 else
        f"{IMAGES}/players/{player_id % 32}/{player_id}.png",
        "height": height,
        "weight": None if (draw >> 48) % 9 < 2 else 62 + (draw >> 52) % 33,
        "date_of_birth": person["date_of_birth"],
        # A few men are registered as women.
        "gender": None if (draw >> 56) % 55 == 0 else "female" if draw % 900 == 2 else "male",
    }  # fmt: skip


def coach_row(seed: int, coach_id: int) -> Row:
    """Return a coach, without the `meta` that links him to a match."""
    draw = mix(seed, 53, coach_id)
    name = names.person(draw % 1_665)
    person = _person(seed, coach_id, name, 54, _COACHES_BORN_SINCE)
    return {
        "id": coach_id,
        "player_id": 90_000_000 + coach_id if draw % 4 else coach_id,
        "sport_id": 1,
        **person,
        "image_path": PLACEHOLDER_IMAGE if draw % 5 == 0 else
        f"{IMAGES}/coaches/{coach_id % 32}/{coach_id}.png",
        "height": 170 + draw % 25 if draw % 8 == 0 else 0 if draw % 8 == 1 else None,
        "weight": None,
        "gender": "male",
    }  # fmt: skip


def referee_id(league_index: int, number: int) -> int:
    """Return the id of a referee of a league."""
    return _FIRST_REFEREE + league_index * 100 + number % REFEREES_PER_LEAGUE


def is_referee(referee_id: int, leagues: int) -> bool:
    """Return whether one of the first leagues has a referee with this id."""
    league_index, number = divmod(referee_id - _FIRST_REFEREE, 100)
    return 0 <= league_index < leagues and number < REFEREES_PER_LEAGUE


def referee_row(seed: int, referee_id: int) -> Row:
    """Return a referee."""
    draw = mix(seed, 55, referee_id)
    name = names.person(draw % 1_665)
    person = _person(seed, referee_id, name, 56, _COACHES_BORN_SINCE)
    del person["nationality_id"]
    return {
        "id": referee_id,
        "sport_id": 1,
        **person,
        "image_path": PLACEHOLDER_IMAGE,
        "height": None,
        "weight": None,
        "date_of_birth": person["date_of_birth"] if draw % 3 == 0 else None,
        "gender": None if draw % 4 == 0 else "male",
    }


def _person(seed: int, person_id: int, name: str, salt: int, born_since: int) -> Row:
    draw = mix(seed, salt, person_id)
    first, _, last = name.strip().partition(" ")
    born = born_since + draw % (22 * 365) * DAY
    country = _COUNTRIES[draw % len(_COUNTRIES)]
    return {
        "country_id": None if (draw >> 16) % 500 == 0 else country,
        "nationality_id": None if (draw >> 24) % 40 == 0 else country,
        "city_id": None if (draw >> 32) % 12 < 7 else 20_000 + (draw >> 36) % 9_000,
        "common_name": f"{first[0]}. {last}",
        "firstname": first,
        "lastname": last,
        "name": name.strip(),
        # The spelling of a line-up differs from it now and then.
        "display_name": f"{first[0]}. {last}" if (draw >> 40) % 30 == 0 else name.strip(),
        "date_of_birth": None if (draw >> 48) % 900 == 0 else api_time(born)[:10],
    }
