"""What surrounds a match: the weather, and the metadata of the fixture."""

from __future__ import annotations

from simulator.data.clock import DAY, parse_instant
from simulator.data.source import Row
from simulator.randomness import generator, mix
from simulator.world.match_outline import MatchSetup
from simulator.world.officials import attendance

_FORECAST_BEFORE = 4 * DAY
_FIRST_WEATHER_ID = 5_000_000
_FIRST_METADATA_ID = 24_000_000
_PRESSURE_STATUS_SINCE = parse_instant("2025-11-19")
NEUTRAL_VENUE = 97_999
"""The id of this type is invented: no record of the real one is known."""
_METADATA_TYPES = (572, 578, 613, 37072, 97352, NEUTRAL_VENUE)

_SKIES = (
    ("clear sky", "01d"), ("few clouds", "02d"), ("overcast clouds", "04d"), ("light rain", "10d"),
    ("moderate rain", "10d"), ("mist", "50d"),
)  # fmt: skip


def weather_report(setup: MatchSetup, venue_id: int | None, now: int) -> Row | None:
    """Return the weather: a forecast, or for some finished matches the actual temperature.

    None until a few days before kick-off, and for some matches for ever.
    """
    if now < setup.kickoff - _FORECAST_BEFORE or setup.is_one_in(8, salt=80):
        return None
    draw = generator(setup.bits, 81).random
    day = round(4 + 22 * draw(), 2)
    description, icon = _SKIES[int(draw() * len(_SKIES))]
    is_actual = setup.is_one_in(3, salt=82) and now > setup.kickoff + DAY
    times = {
        "day": day,
        "morning": round(day - 5 * draw(), 2),
        "evening": round(day - 2 * draw(), 2),
        "night": round(day - 7 * draw(), 2),
    }
    # A whole number arrives without its fraction.
    feels_like = {time: round(value - 1.5) if value > 20 else round(value - 1.2, 2)
                  for time, value in times.items()}  # fmt: skip
    row: Row = {
        "id": _FIRST_WEATHER_ID + setup.ordinal,
        "fixture_id": setup.fixture_id,
        "venue_id": venue_id,
        "temperature": {"current": day} if is_actual else times,
        "feels_like": {"current": feels_like["day"]} if is_actual else feels_like,
        "wind": {"speed": round(9 * draw(), 2), "direction": int(draw() * 360)},
        "humidity": f"{30 + int(draw() * 65)}%",
        "pressure": 990 + int(draw() * 45),
        "clouds": f"{int(draw() * 101)}%",
        "description": description,
        "icon": f"https://cdn.sportmonks.com/images/weather/{icon}.png",
        "type": "actual" if is_actual else "forecast",
        "metric": "celcius",
        "current": None,
    }
    return row


def metadata(
    setup: MatchSetup, venue_id: int | None, now: int, *, has_lineups: bool, is_over: bool
) -> list[Row]:
    """Return the metadata of a fixture; the form of `values` depends on the type."""
    found: list[tuple[int, str, object]] = [(NEUTRAL_VENUE, "object", {"neutral": False})]
    if now >= setup.kickoff - 21 * DAY:
        found.append((37072, "object", {"predictable": mix(setup.bits, 92) % 100 < 81}))
    if has_lineups:
        found.append((572, "object", {"confirmed": True}))
    if setup.is_one_in(5, salt=83):
        found.append((613, "string", f"#{setup.sides[0].participant_id}v{setup.fixture_id % 100}"))
    if setup.kickoff >= _PRESSURE_STATUS_SINCE:
        found.append((97352, "object", {"computable": mix(setup.bits, 90) % 100 < 79}))
    if is_over and venue_id is not None and mix(setup.bits, 84) % 5:
        count = attendance(setup.seed, setup.bits, venue_id)
        # An older form is the number itself.
        if setup.is_one_in(6, salt=85):
            found.append((578, "integer", count))
        else:
            found.append((578, "object", {"attendance": count}))
    return [
        {
            "id": _FIRST_METADATA_ID + setup.ordinal * 8 + _METADATA_TYPES.index(type_id),
            "metadatable_id": setup.fixture_id,
            "type_id": type_id,
            "value_type": value_type,
            "values": values,
        }
        for type_id, value_type, values in found
    ]
