"""Measures what batches save: fetches the same fixtures one per call and in batches."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

from extract.api.client import SportmonksClient
from extract.api.fixture_lists import Listing, read_listing
from extract.api.responses import ApiCall
from extract.config.recheck_schedule import DELETED
from extract.config.settings import Settings, load_settings
from extract.errors import UsageError
from extract.payload.content_hash import content_hash
from extract.planning.estimate import Quota, last_quota
from extract.progress import Eta, Progress
from extract.source.batch_size import BatchSize
from extract.source.fixture_batches import FixtureBatches
from extract.source.outcome import Outcome
from extract.source.stored_fixtures import NothingStored
from extract.warehouse.factory import open_warehouse
from extract.warehouse.target import duckdb_path, is_duckdb

Test = Literal["single", "chunk", "compare", "all"]

# The ways of fetching that each test measures.
_WAYS = {
    "single": ("one batch",),
    "chunk": ("batches",),
    "compare": ("one by one", "batches"),
    "all": ("one batch", "one by one", "batches"),
}


@dataclass(frozen=True)
class Options:
    """What to compare.

    Attributes:
        test: which ways of fetching.
        batch_size: fixtures per request; None for the setting.
        league_id, season_id: only fixtures of these.
        fixture_count: how many fixtures.
        max_calls: limit of calls for fixtures.
    """

    test: Test
    batch_size: int | None
    league_id: int | None
    season_id: int | None
    fixture_count: int
    max_calls: int


@dataclass(frozen=True)
class Measured:
    """What one way of fetching took.

    Attributes:
        way: `one batch`, `one by one` or `batches`.
        calls: HTTP requests, including retries.
        fixtures: number of fixtures returned.
        failed: number of fixtures whose request failed.
        seconds: from the first request to the last response.
        fixtures_per_second: returned fixtures per second.
        bytes: size of the responses as transferred.
        waited_seconds: total time that requests waited for quota and retries.
    """

    way: str
    calls: int
    fixtures: int
    failed: int
    seconds: float
    fixtures_per_second: float
    bytes: int
    waited_seconds: float


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison.

    Attributes:
        measured: the ways of fetching, in the order in which they were measured.
        different: number of fixtures whose payloads differ between two ways; they may have changed
            between the requests.
    """

    measured: Sequence[Measured]
    different: int

    @property
    def ratios(self) -> Mapping[str, float]:
        """One call per fixture relative to batches; empty if only one of them was measured."""
        by_way = {each.way: each for each in self.measured}
        if not {"one by one", "batches"} <= by_way.keys():
            return {}
        single, batched = by_way["one by one"], by_way["batches"]
        return {
            name: round(getattr(single, name) / getattr(batched, name), 2)
            for name in ("calls", "seconds", "bytes")
            if getattr(batched, name)
        }

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-compatible values."""
        return {
            "ways": [asdict(each) for each in self.measured],
            "ratios": dict(self.ratios),
            "different": self.different,
        }


def compare(options: Options, progress: Progress) -> Comparison:
    """Fetches the same fixtures in each way of the test. Nothing is written.

    Args:
        options: what to compare.
        progress: receives reports of requests, waits and progress.

    Raises:
        UsageError: it would take more calls than are allowed or left, there are no such fixtures,
            or a setting is invalid.
        ExtractError: the API does not respond, or another process uses the database.
    """
    settings = load_settings()
    client = SportmonksClient(settings)
    client.report_to(progress)
    size = options.batch_size or settings.batch_size
    ids, quota = _known_ids(options)
    if not ids:
        ids, quota = _listed_ids(client, options)
    if not ids:
        raise UsageError("There is no such fixture.")
    ways = {way: _of_way(way, ids, size) for way in _WAYS[options.test]}
    calls = sum(-(-len(some) // each) for some, each in ways.values())
    if calls > options.max_calls:
        raise UsageError(
            f"This takes {calls:,} calls, and --max-calls allows {options.max_calls:,}: choose a "
            "smaller --fixture-count, or a larger --max-calls."
        )
    left = quota.usable(settings.quota_reserve) if quota else math.inf
    if calls > left:
        raise UsageError(
            f"This takes {calls:,} calls, and {left:,} of the quota are left: choose a smaller "
            "--fixture-count, or wait."
        )
    measured, hashes = [], []
    for way, (some, each) in ways.items():
        result, found = _measure(client, settings, way, some, each, progress)
        measured.append(result)
        hashes.append(found)
    last = hashes[-1]
    different = {
        id for found in hashes for id in found.keys() & last.keys() if found[id] != last[id]
    }
    return Comparison(measured, len(different))


def _of_way(way: str, ids: Sequence[int], size: int) -> tuple[Sequence[int], int]:
    """The fixtures to fetch, and how many per request."""
    if way == "one batch":
        return ids[:size], size
    return ids, size if way == "batches" else 1


def _measure(
    client: SportmonksClient,
    settings: Settings,
    way: str,
    ids: Sequence[int],
    size: int,
    progress: Progress,
) -> tuple[Measured, dict[int, str]]:
    """Fetches fixtures, and returns what it took and the content hash of each one returned."""
    batches = FixtureBatches(
        client,
        settings.include,
        BatchSize(size),
        settings.requests_in_flight,
        NothingStored(),
    )
    began = time.monotonic()
    calls: list[ApiCall] = []
    outcomes: list[Outcome] = []
    with progress.fetching(len(ids), len(ids)):
        for batch in batches.fetch(ids):
            calls += batch.calls
            outcomes += batch.outcomes
            pace = (time.monotonic() - began) / max(1, len(outcomes))
            left = calls[-1].quota_remaining if calls else None
            to_go = pace * (len(ids) - len(outcomes))
            progress.fetched(len(batch.outcomes), Eta(left, to_go))
    seconds = time.monotonic() - began
    if failed := next((o for o in outcomes if o.name == "failed"), None):
        progress.warning(f"Fixture {failed.id} failed, {way}: {failed.note}")
    hashes = {o.id: content_hash(o.fixture.payload) for o in outcomes if o.fixture}
    result = Measured(
        way,
        len(calls),
        len(hashes),
        sum(outcome.name == "failed" for outcome in outcomes),
        round(seconds, 3),
        round(len(hashes) / seconds, 1),
        sum(call.bytes for call in calls),
        round(sum(call.waited_seconds for call in calls), 3),
    )
    return result, hashes


def _known_ids(options: Options) -> tuple[list[int], Quota | None]:
    """Ids of the newest fixtures in the warehouse, and the quota by the last stored response."""
    if is_duckdb() and not duckdb_path().exists():
        return [], None
    wanted = {"league_id": options.league_id, "season_id": options.season_id}
    conditions = "".join(f" and {name} = {id}" for name, id in wanted.items() if id)
    with closing(open_warehouse(None)) as warehouse:
        # A deleted fixture is not returned, and each way would request it twice.
        rows = warehouse.query(
            f"select id from {warehouse.raw}.fixture_index where starting_at < now() "
            f"and state_id is distinct from {DELETED} {conditions} "
            f"order by starting_at desc, id limit {options.fixture_count}"
        )
        return [id for (id,) in rows], last_quota(warehouse, datetime.now(UTC))


def _listed_ids(client: SportmonksClient, options: Options) -> tuple[list[int], Quota | None]:
    """The same from the API: one call for the first 1,000 fixtures that it lists."""
    filters = f"fixtureLeagues:{options.league_id}" if options.league_id else ""
    seasons = (options.season_id,) if options.season_id else ()
    listing = Listing("football/fixtures", filters, seasons)
    fixtures = islice(read_listing(client, listing), options.fixture_count)
    ids = [fixture.id for fixture in fixtures]
    # These calls are not part of the measurement.
    last = client.drain_calls()[-1]
    if last.quota_remaining is None:
        return ids, None
    return ids, Quota.from_response(last.quota_limit, last.quota_remaining, last.quota_resets_in)
