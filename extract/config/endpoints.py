"""The API's endpoints that the extractor uses, each declared once.

The raw table, the dlt resources, the refresh by age, the quota, the cost in `plan` and the check of
`doctor` are made of these lines. `docs/adding-an-endpoint.md` shows how to add one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from extract.config.settings import Settings

# Fixtures by id, which have their own tables and their own schedule.
ENDPOINT = "football/fixtures/multi"


@dataclass(frozen=True)
class Endpoint:
    """A list that the API returns in pages, and the raw table that stores it.

    Attributes:
        path: below `base_url`; with `per`, the id of the season is appended.
        entity: the entity whose quota the requests count for.
        table: the raw table. Without `per`, it has a row per object of the list. With `per`, it has
            a row per season, and the payload has the whole list as `data`.
        max_age: hours after which the list is fetched again, or the setting that has them.
        per: `season` for an endpoint with a list per season, which is fetched for the seasons of
            the selection; None for one list.
        include: of the API, in its syntax.
        finished_max_age: as `max_age`, for seasons that are over.
    """

    path: str
    entity: str
    table: str
    max_age: str | float
    per: Literal["season"] | None = None
    include: str = ""
    finished_max_age: str | float = "finished_listing_max_age"

    @property
    def params(self) -> dict[str, str]:
        """The query of a request."""
        return {"include": self.include} if self.include else {}

    @property
    def resource(self) -> str:
        """The first two parts of the path, which decide the quota that a request counts for."""
        return "/".join(self.path.split("/")[:2])

    def scope(self, season_id: int | None = None) -> str:
        """The scope of the list in `listing_log`: `leagues`, or `standings/25583`."""
        return self.table if season_id is None else f"{self.table}/{season_id}"

    def hours(self, settings: Settings, is_over: bool = False) -> float:
        """The hours after which the list is fetched again.

        Args:
            settings: of the extractor.
            is_over: whether it is the list of a season that is over.
        """
        age = self.finished_max_age if is_over else self.max_age
        return float(getattr(settings, age) if isinstance(age, str) else age)


# Lists are read in pages of 50: larger pages, with `filters=populate`, are documented for fixtures.
ENDPOINTS = (
    Endpoint("core/types", "Type", "types", "type_max_age"),
    Endpoint("football/states", "State", "states", "type_max_age"),
    Endpoint("football/leagues", "League", "leagues", "reference_max_age", include="currentSeason"),
    Endpoint("football/seasons", "Season", "seasons", "reference_max_age"),
    Endpoint(
        "football/standings/seasons",
        "Standing",
        "standings",
        "listing_max_age",
        per="season",
        include="details",
    ),
    Endpoint(
        "football/topscorers/seasons", "Topscorer", "topscorers", "listing_max_age", per="season"
    ),
)


def reference_endpoints() -> list[Endpoint]:
    """Those with one list, for every run."""
    return [endpoint for endpoint in ENDPOINTS if endpoint.per is None]


def season_endpoints() -> list[Endpoint]:
    """Those with a list per season."""
    return [endpoint for endpoint in ENDPOINTS if endpoint.per == "season"]
