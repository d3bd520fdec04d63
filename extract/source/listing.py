"""The dlt source of lists of fixtures: which fixtures exist."""

from collections.abc import Iterable, Iterator
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from extract.api.client import SportmonksClient
from extract.api.fixture_lists import Discovery, read_discovery
from extract.config.settings import Settings, load_settings
from extract.payload.fixture import Fixture
from extract.warehouse import raw_tables as tables


@dlt.source(name="sportmonks", max_table_nesting=0)
def listing_source(
    discovery: Discovery | None = None,
    settings: Settings | None = None,
    client: SportmonksClient | None = None,
) -> Iterable[DltResource]:
    """Lists of fixtures without their payloads.

    When the lists were read is recorded after their rows are committed (`runs/refresh.py`).

    Args:
        discovery: the lists to read. The resources are empty without it.
        settings: by default those of `[sources.sportmonks]`.
        client: by default a new one.

    Returns:
        The resource `fixture_index`.
    """
    client = client or SportmonksClient(settings or load_settings())

    @dlt.resource(selected=False)
    def listed_fixtures() -> Iterator[list[Fixture]]:
        """The fixtures of all lists in one item."""
        if discovery:
            yield list(read_discovery(client, discovery))

    @dlt.transformer(data_from=listed_fixtures, **tables.hints("fixture_index"))
    def fixture_index(fixtures: list[Fixture]) -> Iterator[pa.Table]:
        """A row per fixture known to exist, without its payload."""
        seen_at = client.clock.now()
        # Rows may move between pages while they are read, and come twice.
        found = {fixture.id: index_columns(fixture) for fixture in fixtures}
        yield tables.rows(
            "fixture_index", ({**row, "last_seen_at": seen_at} for row in found.values())
        )

    return listed_fixtures, fixture_index


def index_columns(fixture: Fixture) -> dict[str, Any]:
    """The columns that `fixture_index` and `fixtures` share."""
    return {
        "id": fixture.id,
        "league_id": fixture.league_id,
        "season_id": fixture.season_id,
        "state_id": fixture.state_id,
        "starting_at": fixture.starting_at,
    }
