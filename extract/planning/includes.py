"""What the warehouse knows about the include: which parts the plan refuses, and what it weighs."""

from datetime import datetime

from extract.config.batch_bytes import expected_bytes, fitting_batch_size, fitting_chunk_size
from extract.config.endpoints import ENDPOINT
from extract.config.includes import (
    is_default,
    refused_parts,
    requested_text,
    without_parts,
)
from extract.config.settings import Settings
from extract.planning.listings import listing_times
from extract.warehouse.base import Warehouse

# Requests with the same include whose responses are considered.
_RECENT = 1000
# With fewer responses than that, the expected bytes count as well.
_ENOUGH = 20


def refused_includes(warehouse: Warehouse) -> dict[str, datetime]:
    """The parts of the default include that the plan refused when last requested, and when."""
    times = listing_times(warehouse)
    return {part: times[scope] for scope, part in refused_parts(times).items() if times[scope]}


def allowed_include(warehouse: Warehouse, settings: Settings) -> str:
    """The configured include without the default parts that the plan refuses."""
    refused = {part for part in refused_includes(warehouse) if is_default(part)}
    return without_parts(settings.include, refused)


def added_include(warehouse: Warehouse, settings: Settings) -> str:
    """The include whose added parts cause a new fetch of stored fixtures; empty if none do."""
    return allowed_include(warehouse, settings) if settings.fetch_added_includes else ""


def fixture_bytes(warehouse: Warehouse, include: str) -> float:
    """The JSON of one fixture with an include, in bytes: that of the heaviest recent response.

    Args:
        warehouse: has the recent calls.
        include: what is requested.
    """
    requested = requested_text(include).replace("'", "''")
    rows = warehouse.query(
        "select count(*), max(fixture_bytes) from ("
        "select json_bytes * 1.0 / rows_returned as fixture_bytes "
        f"from {warehouse.raw}.api_calls where endpoint = '{ENDPOINT}' and status = 200 "
        f"and rows_returned > 0 and include = '{requested}' "
        f"order by called_at desc limit {_RECENT}) as calls"
    )
    responses, heaviest = rows[0] if rows else (0, None)
    if responses >= _ENOUGH:
        return float(heaviest)
    return max(expected_bytes(include), float(heaviest or 0))


def starting_sizes(warehouse: Warehouse, settings: Settings) -> tuple[int, int]:
    """The numbers of fixtures in a chunk, and in a request unless the run learns more."""
    weight = fixture_bytes(warehouse, allowed_include(warehouse, settings))
    return (
        fitting_chunk_size(settings.chunk_size, weight),
        fitting_batch_size(settings.batch_size, settings.batch_megabytes, weight),
    )
