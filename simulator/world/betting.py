"""Predictions and odds of one match."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.data.clock import DAY, api_time
from simulator.data.source import Row
from simulator.randomness import generator, mix
from simulator.world.match_outline import MatchSetup

VALUE_BET = 33
_PREDICTED_BEFORE = 21 * DAY
_FIRST_PREDICTION_ID = 70_000_000
_FIRST_ODD_ID = 60_000_000_000
_ODDS_PER_FIXTURE = 512
_BOOKMAKERS = (2, 5, 9, 16, 23, 35)
_YES_NO_PREDICTIONS = (231, 234, 235, 236, 1679)
_WHOLE_MATCH = 1 << 30

FULL_TIME_RESULT, BOTH_SCORE, ASIAN_HANDICAP, CORRECT_SCORE, GOALS_OVER_UNDER = 1, 14, 28, 57, 80
_SCORER = 90
_MARKETS = {
    FULL_TIME_RESULT: "Full Time Result",
    BOTH_SCORE: "Both Teams To Score",
    ASIAN_HANDICAP: "Asian Handicap",
    CORRECT_SCORE: "Correct Score",
    GOALS_OVER_UNDER: "Goals Over/Under",
    _SCORER: "Goalscorers",
}
# Outcome: market, label, name, total, handicap and chance.
_Outcome = tuple[int, str, str | None, str | None, str | None, float]


def predictions(setup: MatchSetup, now: int) -> list[Row]:
    """Return the predictions, from three weeks before kick-off; some matches have none.

    The form of `predictions` depends on the type; percentages are numbers from 0 to 100.
    """
    if now < setup.kickoff - _PREDICTED_BEFORE or mix(setup.bits, 92) % 100 >= 81:
        return []
    draw = generator(setup.bits, 100).random
    home = round(20 + 45 * draw(), 2)
    away = round((100 - home) * (0.35 + 0.35 * draw()), 2)
    found: list[tuple[int, Row]] = [
        (237, {"home": home, "away": away, "draw": round(100 - home - away, 2)})
    ]
    for type_id in _YES_NO_PREDICTIONS:
        yes = round(20 + 60 * draw(), 2)
        found.append((type_id, {"yes": yes, "no": round(100 - yes, 2)}))
    scores = {
        f"{goals}-{conceded}": round(12 * draw() / (1 + goals + conceded), 2)
        for goals in range(4)
        for conceded in range(4)
    }
    found.append((240, {"scores": {**scores, "Other_1": round(draw() * 3, 2)}}))
    for bookmaker in _BOOKMAKERS[: int(draw() * 4)]:
        fair = round(1.4 + 2 * draw(), 2)
        bet = {
            "bet": ("1", "X", "2")[int(draw() * 3)],
            "bookmaker": f"bookmaker {bookmaker}",
            "fair_odd": fair,
            "odd": round(fair * 1.1, 2),
            "stake": round(draw() * 5, 2),
            "is_value": True,
        }
        found.append((VALUE_BET, bet))
    return [
        {
            "id": _FIRST_PREDICTION_ID + setup.ordinal * 32 + place,
            "fixture_id": setup.fixture_id,
            "type_id": type_id,
            "predictions": content,
        }
        for place, (type_id, content) in enumerate(found)
    ]


def odds(setup: MatchSetup, *, has_odds: bool, is_over: bool) -> list[Row]:
    """Return the odds before the match, one row for each outcome and bookmaker.

    Numbers arrive as text, and `total` and `handicap` also hold free text.
    """
    if not has_odds:
        return []
    first_id = _FIRST_ODD_ID + setup.ordinal * _ODDS_PER_FIXTURE
    updated = setup.kickoff - 600
    rows: list[Row] = []
    for bookmaker_id in _BOOKMAKERS:
        for place, outcome in enumerate(_outcomes(setup), start=1):
            market_id, label, name, total, handicap, chance = outcome
            draw = mix(setup.bits, 101, len(rows))
            odd = max(1.01, (0.9 + draw % 100 / 1000) / chance)
            shown = (f"{odd:.2f}", f"{odd:.1f}", f"{odd:.3f}")[
                0 if draw % 10 else 1 + (draw >> 8) % 2
            ]
            decimal = max(1.01, float(shown))
            rows.append(
                {
                    "id": first_id + len(rows),
                    "fixture_id": setup.fixture_id,
                    "market_id": market_id,
                    "bookmaker_id": bookmaker_id,
                    "label": label,
                    "value": shown,
                    "name": name,
                    "sort_order": None if draw % 20 == 0 else place,
                    "market_description": _MARKETS[market_id],
                    "probability": f"{100 / decimal:.2f}%",
                    "dp3": f"{decimal:.3f}",
                    "fractional": f"{round((decimal - 1) * 100)}/100",
                    "american": f"+{round((decimal - 1) * 100)}"
                    if decimal >= 2
                    else f"-{round(100 / (decimal - 1))}",
                    "winning": None if draw % 50 == 1 else is_over and _wins(setup, outcome),
                    "stopped": is_over,
                    "total": total,
                    "handicap": handicap,
                    "participants": None,
                    "created_at": api_time(updated - draw % (5 * DAY)).replace(" ", "T")
                    + f".{draw % 1_000_000:06d}Z",
                    "original_label": label if draw % 20 == 3 else None,
                    "latest_bookmaker_update": api_time(updated - draw % 3_600),
                }
            )
    return rows


def _outcomes(setup: MatchSetup) -> Iterator[_Outcome]:
    home = 0.25 + mix(setup.bits, 102) % 40 / 100
    for label, chance in (("Home", home), ("Draw", 0.25), ("Away", 0.75 - home)):
        yield FULL_TIME_RESULT, label, label, None, None, max(0.05, chance)
    yield BOTH_SCORE, "Yes", None, None, "", 0.52
    yield BOTH_SCORE, "No", None, None, "", 0.48
    for line, chance in (("0.5", 0.93), ("1.5", 0.76), ("2.5", 0.53), ("2.5, 3.0", 0.47)):
        yield GOALS_OVER_UNDER, "Over", line, line, None, chance
        yield GOALS_OVER_UNDER, "Under", line, line, f"Under {line}", 1 - chance
    yield GOALS_OVER_UNDER, "Over", None, "Over 3.5", None, 0.3
    for handicap, chance in (("+1", 0.7), ("0", 0.5), ("-1.5", 0.3), ("-0.5, -1.0", 0.4)):
        yield ASIAN_HANDICAP, "1", "Home", None, handicap, chance
        yield ASIAN_HANDICAP, "2", "Away", None, handicap, 1 - chance
    for home_goals in range(4):
        for away_goals in range(4):
            score = f"{home_goals}-{away_goals}"
            yield CORRECT_SCORE, score, score, None, None, 0.14 / (1 + home_goals + away_goals)
    for side in setup.sides:
        for player in side.match_squad.players[8:11]:
            yield _SCORER, "Anytime", None, player.name, "No Goal Before 30", 0.28


def _wins(setup: MatchSetup, outcome: _Outcome) -> bool:
    """Return whether an outcome came true; a goalscorer or a handicap counts as lost."""
    market_id, label, _, total, _, _ = outcome
    home, away = setup.outline.score(_WHOLE_MATCH, 1, 2)
    if market_id == FULL_TIME_RESULT:
        return label == ("Home" if home > away else "Away" if away > home else "Draw")
    if market_id == BOTH_SCORE:
        return (label == "Yes") == (home > 0 and away > 0)
    if market_id == CORRECT_SCORE:
        return label == f"{home}-{away}"
    if market_id == GOALS_OVER_UNDER and total is not None:
        line = float(total.removeprefix("Over ").split(",")[0])
        return (home + away > line) == (label == "Over")
    return False
