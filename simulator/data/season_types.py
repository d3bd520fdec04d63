"""Types of standings and of lists of players: id, name, model_type, stat_group."""

from __future__ import annotations

SEASON_TYPES: list[tuple[int, str, str, str | None]] = [
    (129, "Overall Matches Played", "standings", "overall"),
    (130, "Overall Won", "standings", "overall"),
    (131, "Overall Draw", "standings", "overall"),
    (132, "Overall Lost", "standings", "overall"),
    (133, "Overall Goals Scored", "standings", "overall"),
    (134, "Overall Goals Conceded", "standings", "overall"),
    (135, "Home Matches Played", "standings", "home"),
    (136, "Home Won", "standings", "home"),
    (137, "Home Draw", "standings", "home"),
    (138, "Home Lost", "standings", "home"),
    (139, "Home Goals Scored", "standings", "home"),
    (140, "Home Goals Conceded", "standings", "home"),
    (141, "Away Matches Played", "standings", "away"),
    (142, "Away Won", "standings", "away"),
    (143, "Away Draw", "standings", "away"),
    (144, "Away Lost", "standings", "away"),
    (145, "Away Goals Scored", "standings", "away"),
    (146, "Away Goals Conceded", "standings", "away"),
    (179, "Goal Difference", "standings", "overall"),
    (180, "UEFA Champions League", "standing_rule", None),
    (181, "UEFA Europa League", "standing_rule", None),
    (182, "Relegation", "standing_rule", None),
    (185, "Home Points", "standings", "home"),
    (186, "Away Points", "standings", "away"),
    (187, "Overall Points", "standings", "overall"),
    (208, "Goal Topscorer", "topscorer", None),
    (209, "Assist Topscorer", "topscorer", None),
]
