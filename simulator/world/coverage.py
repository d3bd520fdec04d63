"""The coverage of one match: television, comments, pressure and trends."""

from __future__ import annotations

from simulator.data.source import Row
from simulator.randomness import generator, mix
from simulator.world import names
from simulator.world.appearances import match_minute
from simulator.world.match_events import FIRST_PERIOD_ID, SCORED, MatchEvents
from simulator.world.match_outline import MatchSetup

_STATIONS = (
    (3, "Sky Sports", "tv"), (12, "Canal Ocho", "tv"), (27, "Nordic Sport", "tv"),
    (44, "Arena TV", "tv"), (58, "Stadium Radio", "radio"), (71, "Kickoff Live", "stream"),
)  # fmt: skip
_FIRST_STATION_ROW = 90_000_000
_FIRST_COMMENT = 120_000_000
_FIRST_PRESSURE = 300_000_000
_FIRST_TREND = 20_000_000_000
_PLACES = 4_096

TREND_TYPES = (34, 42, 43, 44, 45, 56, 80)
"""Statistics of a team that `trends` follows by the minute."""

# These do not grow during the match.
_SHARES = frozenset({45})
_COMMENTED = {
    14: "Goal! {} scores.",
    15: "Own goal by {}.",
    16: "{} converts the penalty.",
    17: "{} misses the penalty.",
    18: "{} comes on.",
    19: "{} is shown the yellow card.",
    20: "{} is sent off.",
    21: "Second yellow card for {}.",
}
_HALVES = ("First", "Second", "Extra time first", "Extra time second")
_CHATTER = (
    "{} wins a free kick.", "Foul by {}.", "Attempt blocked. {} from outside the box.",
    "Attempt missed. {}, header from the centre of the box.", "Corner, conceded by {}.",
    "Offside, {}.", "Attempt saved. {}, left footed shot.",
)  # fmt: skip


def tv_stations(setup: MatchSetup) -> list[Row]:
    """Return who broadcasts a match: a row for each station and country, with exact duplicates.

    Each row has its `tvstation`. About a third of the matches has rows.
    """
    if not setup.is_one_in(3, salt=110):
        return []
    rows: list[Row] = []
    for station_id, name, kind in _STATIONS:
        for country_id, _ in names.COUNTRIES[: 4 + station_id % 9]:
            rows.append(
                {
                    "id": _FIRST_STATION_ROW + setup.ordinal * 128 + len(rows),
                    "fixture_id": setup.fixture_id,
                    "tvstation_id": station_id,
                    "country_id": country_id,
                    "tvstation": {
                        "id": station_id,
                        "name": name,
                        "url": f"https://www.{name.split()[0].lower()}.example",
                        "image_path": f"https://cdn.sportmonks.com/images/core/tvstations/"
                        f"{station_id}.png",
                        "type": kind,
                        "related_id": None,
                    },
                }
            )
    return [*rows, *rows[::7]]


def comments(setup: MatchSetup, events: MatchEvents, league_index: int, until: int) -> list[Row]:
    """Return the commentary up to a second since kick-off; some leagues have none."""
    if league_index % 5 == 4:
        return []
    draw = generator(setup.bits, 111).random
    # Second, text, minute, extra minute, is it a goal, is it important.
    lines: list[tuple[int, str, int | None, int | None, bool, bool]] = []
    for period, label in (
        (1, "First"),
        (2, "Second"),
        (3, "Extra time first"),
        (4, "Second extra"),
    ):
        if period not in setup.periods:
            continue
        part = setup.periods[period]
        lines.append((part.starts, f"{label} half begins.", None, None, False, True))
        lines.append((part.ends, f"{label} half ends.", None, None, False, True))
        for running in range(1, (part.ends - part.starts) // 60):
            minute, extra = part.shown(running)
            squad = setup.sides[int(draw() * 2)].squad
            name = squad[int(draw() * 11)][1].strip()
            text = _CHATTER[int(draw() * len(_CHATTER))].format(name)
            lines.append((part.at(running), text, minute, extra, False, False))
    for at, event in events.all:
        wording = _COMMENTED.get(event["type_id"])
        if wording is not None and event["player_name"]:
            lines.append(
                (
                    at,
                    wording.format(event["player_name"].strip()),
                    event["minute"],
                    event["extra_minute"],
                    event["type_id"] in SCORED,
                    True,
                )
            )
    lines.sort(key=lambda line: line[0])
    first_id = _FIRST_COMMENT + setup.ordinal * 512
    return [
        {
            "id": first_id + order,
            "fixture_id": setup.fixture_id,
            "comment": text,
            "minute": minute,
            "extra_minute": extra,
            "is_goal": is_goal,
            "is_important": is_important,
            "order": order,
        }
        for order, (at, text, minute, extra, is_goal, is_important) in enumerate(lines, start=1)
        if at <= until
    ]


def has_pressure(setup: MatchSetup) -> bool:
    """Return whether the pressure of a match is computed."""
    return mix(setup.bits, 90) % 100 < 79


def pressure(setup: MatchSetup, until: int) -> list[Row]:
    """Return the pressure of both teams by the minute; now and then one team's row is missing."""
    if not has_pressure(setup):
        return []
    draw = generator(setup.bits, 91).random
    rows: list[Row] = []
    for minute in range(1, match_minute(setup, until) + 1):
        for side in (0, 1):
            value = 100 * draw() ** 2
            if draw() < 0.01:
                continue
            rows.append(
                {
                    "id": _FIRST_PRESSURE + setup.ordinal * 256 + 2 * minute + side,
                    "fixture_id": setup.fixture_id,
                    "participant_id": setup.sides[side].participant_id,
                    "minute": minute,
                    "pressure": round(value) if value < 8 else round(value, 2),
                }
            )
    return rows


def trends(setup: MatchSetup, team_values: list[dict[int, int]], until: int) -> list[Row]:
    """Return team statistics by the minute; the last values are those of `statistics`."""
    last = match_minute(setup, until)
    first_id = _FIRST_TREND + setup.ordinal * _PLACES
    periods = [
        next(min(part.number, 3) for part in reversed(setup.outline.periods)
             if minute > part.first_minute)
        for minute in range(1, last + 1)
    ]  # fmt: skip
    return [
        {
            "id": first_id + (side * len(TREND_TYPES) + place) * 128 + minute,
            "fixture_id": setup.fixture_id,
            "participant_id": setup.sides[side].participant_id,
            "type_id": type_id,
            "period_id": FIRST_PERIOD_ID + setup.ordinal * 8 + period,
            "value": float(
                values[type_id] if type_id in _SHARES else values[type_id] * minute // last
            ),
            "minute": minute,
        }
        for side, values in enumerate(team_values)
        for place, type_id in enumerate(TREND_TYPES)
        for minute, period in enumerate(periods, start=1)
    ]
