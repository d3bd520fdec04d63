"""Players and coaches of the generated world as the API shows them."""

from __future__ import annotations

from datetime import date, timedelta

from simulator.data.source import Row
from simulator.randomness import mix
from simulator.world import names
from simulator.world.teams import make_side

_PLACEHOLDER = "https://cdn.sportmonks.com/images/soccer/placeholder.png"
_IMAGES = "https://cdn.sportmonks.com/images/soccer/players"
_YOUNGEST = date(2007, 1, 1)


def club_players(seed: int, team_id: int) -> list[tuple[int, str]]:
    """Return id and name of a club's players."""
    return list(make_side(seed, team_id).squad)


def club_coach_id(seed: int, team_id: int) -> int:
    """Return the id of a club's coach."""
    return make_side(seed, team_id).coach_id


def player_row(seed: int, player_id: int, name: str, country_id: int) -> Row:
    """Return one player."""
    draw = mix(seed, 51, player_id)
    return {
        "id": player_id,
        "sport_id": 1,
        "country_id": country_id,
        "nationality_id": None if draw % 40 == 0 else country_id,
        "city_id": None if draw % 100 < 58 else 30_000 + draw % 9_000,
        "position_id": None,
        "detailed_position_id": None,
        "type_id": None,
        **_person_fields(draw, name),
        # A height of 0 means that it is not known.
        "height": None if draw % 21 == 0 else 0 if draw % 50 == 1 else 165 + (draw >> 8) % 34,
        "weight": None if draw % 9 < 2 else 60 + (draw >> 16) % 35,
        "date_of_birth": _date_of_birth(draw),
        "gender": None if draw % 55 == 0 else "male",
    }


def coach_row(seed: int, coach_id: int, country_id: int) -> Row:
    """Return one coach."""
    draw = mix(seed, 52, coach_id)
    return {
        "id": coach_id,
        "player_id": coach_id,
        "sport_id": 1,
        "country_id": country_id,
        "nationality_id": country_id,
        "city_id": None,
        **_person_fields(draw, names.person(draw % 1_665)),
        "height": None,
        "weight": None,
        "date_of_birth": _date_of_birth(draw, years_older=25),
        "gender": "male",
    }


def _person_fields(draw: int, name: str) -> Row:
    first, _, last = name.strip().partition(" ")
    has_image = draw % 100 >= 15
    return {
        "common_name": f"{first[0]}. {last}",
        "firstname": first,
        "lastname": last,
        "name": name.strip(),
        "display_name": name.strip(),
        "image_path": f"{_IMAGES}/{draw % 32}/{draw % 10_000_000}.png"
        if has_image
        else _PLACEHOLDER,
    }


def _date_of_birth(draw: int, years_older: int = 0) -> str:
    return str(_YOUNGEST - timedelta(days=365 * years_older + (draw >> 24) % 6_000))
