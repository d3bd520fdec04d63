"""The API's endpoints that the extractor uses."""

from __future__ import annotations

# Path and query of the reference tables. They are read in pages of 50: larger pages, with
# `filters=populate`, are documented for fixtures, and these lists are short and have own quotas.
REFERENCES: dict[str, tuple[str, dict[str, str]]] = {
    "types": ("core/types", {}),
    "states": ("football/states", {}),
    "leagues": ("football/leagues", {"include": "currentSeason"}),
    "seasons": ("football/seasons", {}),
}

ENDPOINT = "football/fixtures/multi"
