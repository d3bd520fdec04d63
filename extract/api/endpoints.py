"""The API's endpoints that the extractor uses."""

from __future__ import annotations

# Reference tables: path and query. In pages of 50: the larger ones of `filters=populate` are
# documented for fixtures, and these lists are short and have quotas of their own.
REFERENCES: dict[str, tuple[str, dict[str, str]]] = {
    "types": ("core/types", {}),
    "states": ("football/states", {}),
    "leagues": ("football/leagues", {"include": "currentSeason"}),
    "seasons": ("football/seasons", {}),
}

ENDPOINT = "football/fixtures/multi"
