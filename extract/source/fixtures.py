"""The dlt source of fixtures: by id, up to 50 in one request, as raw JSON.

Payloads are merged on their id and stored as sent. An unchanged fixture is not written again. A
fixture whose events or statistics become empty is stored so only when later responses confirm it. A
fixture that the API does not return deletes nothing.

Data flow: `fixture_batches` sends the requests; all other resources are made of its batches.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from extract.api.client import SportmonksClient
from extract.config.batch_bytes import expected_bytes
from extract.config.declared_columns import Declaration
from extract.config.settings import Settings, load_settings
from extract.payload.fixture import Fixture
from extract.source.batch_size import BatchSize
from extract.source.comparison import compare_with_stored
from extract.source.fixture_batches import FixtureBatches
from extract.source.listing import index_columns
from extract.source.outcome import Batch, OnBatch, Outcome
from extract.source.reference import TypeLookup
from extract.source.requested_include import RequestedInclude, refused_row
from extract.source.stored_fixtures import NothingStored, StoredFixtures
from extract.warehouse import raw_tables as tables

# Outcomes that are passed to dlt in one item, at most: each item costs it about a millisecond per
# table.
_OUTCOMES_PER_ITEM = 250
# Payloads in one item, in bytes: so that memory does not grow with the includes.
_ITEM_SIZE = 4_000_000
# Payloads that are compared with the stored ones by one query, likewise. DuckDB reads all payloads
# for each query.
_COMPARED_SIZE = 32_000_000


@dataclass(frozen=True)
class RunRecord:
    """The run that fetches the fixtures, as the raw tables record it.

    Attributes:
        run_id: marks the rows of `api_calls`.
        row: returns the run's row of `runs` as it is now.
        on_batch: called with each batch of outcomes as it becomes known.
        on_compared: called with outcomes of these that `compare_with_stored` has corrected or
            confirmed.
    """

    run_id: str
    row: Callable[[], Mapping[str, Any]]
    on_batch: OnBatch
    on_compared: OnBatch


@dlt.source(name="sportmonks", max_table_nesting=0)
def fixtures_source(
    fixture_ids: Sequence[int] = (),
    isolated: Set[int] = frozenset(),
    settings: Settings | None = None,
    client: SportmonksClient | None = None,
    batch_size: BatchSize | None = None,
    stored: StoredFixtures | None = None,
    include: RequestedInclude | None = None,
    types: TypeLookup | None = None,
    run: RunRecord | None = None,
    declaration: Declaration | None = None,
) -> Iterable[DltResource]:
    """Fixtures as raw JSON.

    Args:
        fixture_ids: fixtures to fetch. The resources are empty without any.
        isolated: those of them that are not to share a request with others.
        settings: by default those of `[sources.sportmonks]` in `.dlt/*.toml` and the environment,
            with the token (`SOURCES__SPORTMONKS__API_TOKEN`).
        client: shares quota and connections between several sources; by default a new one.
        batch_size: fixtures in a request, learned over several sources.
        stored: the stored payloads; by default every fetched fixture is written.
        include: what fixtures are requested with, learned over several sources; by default that of
            the settings.
        types: fetches types that the fixtures refer to; by default none is fetched.
        run: by default no run is recorded, and the `run_id` of `api_calls` is empty.
        declaration: the columns that dbt reads; by default it reads each payload value by value.

    Returns:
        Resources `fixtures`, `fixture_versions`, `fixture_checks`, `api_calls`, `runs`,
        `unlisted_types` and `refused_includes`; take some of them with `.with_resources(...)`.
    """
    settings = settings or load_settings()
    client = client or SportmonksClient(settings)
    stored = stored or NothingStored()
    requested = include or RequestedInclude(settings.include)
    batches = FixtureBatches(
        client,
        requested,
        batch_size
        or BatchSize(settings.batch_size, settings.batch_megabytes, expected_bytes(requested.text)),
        settings.requests_in_flight,
        stored,
        timedelta(minutes=settings.confirm_after),
    )
    rows = _Rows(stored, requested, declaration)

    @dlt.resource(selected=False)
    def fixture_batches() -> Iterator[Batch]:
        """Outcomes and calls, some batches in an item."""
        item, size = Batch(), 0
        for batch in batches_after_comparison():
            item.outcomes.extend(batch.outcomes)
            item.calls.extend(batch.calls)
            item.replaced.extend(batch.replaced)
            size += sum(map(_size, batch.outcomes)) + sum(len(v.payload) for v in batch.replaced)
            if len(item.outcomes) >= _OUTCOMES_PER_ITEM or size >= _ITEM_SIZE:
                yield item
                item, size = Batch(), 0
        yield item

    def batches_after_comparison() -> Iterator[Batch]:
        """The batches; payloads that may replace stored ones come later, when they are compared."""
        differing: list[Outcome] = []
        size = 0
        for batch in batches.fetch(fixture_ids, isolated):
            if run:
                run.on_batch(batch)
            replacing = [outcome for outcome in batch.outcomes if rows.replaces(outcome)]
            differing += replacing
            size += sum(map(_size, replacing))
            yield Batch([o for o in batch.outcomes if not rows.replaces(o)], batch.calls)
            if size >= _COMPARED_SIZE:
                yield from with_content_compared(differing)
                differing, size = [], 0
        yield from with_content_compared(differing)

    def with_content_compared(outcomes: Sequence[Outcome]) -> Iterator[Batch]:
        for batch in compare_with_stored(outcomes, stored):
            if run:
                run.on_compared(batch)
            yield batch

    @dlt.transformer(data_from=fixture_batches, **tables.hints("fixtures"))
    def fixtures(batch: Batch) -> Iterator[pa.Table]:
        """A row per fixture that is new or changed: its newest JSON, as sent."""
        yield from _as_table("fixtures", rows.fixtures(batch))

    @dlt.transformer(data_from=fixture_batches, **tables.hints("fixture_versions"))
    def fixture_versions(batch: Batch) -> Iterator[pa.Table]:
        """A row per payload of a fixture that has changed since it was first stored.

        A fixture's first payload gets here when the second one replaces it, so that a payload that
        never changes is stored once.
        """
        yield from _as_table("fixture_versions", rows.versions(batch))

    @dlt.transformer(data_from=fixture_batches, **tables.hints("fixture_checks"))
    def fixture_checks(batch: Batch) -> Iterator[pa.Table]:
        """A row per fixture: when it was last requested, and with which outcome."""
        yield from _as_table("fixture_checks", map(rows.check, batch.outcomes))

    @dlt.transformer(data_from=fixture_batches, **tables.hints("api_calls"))
    def api_calls(batch: Batch) -> Iterator[pa.Table]:
        """A row per HTTP request, retries included."""
        run_id = {"run_id": run.run_id if run else ""}
        yield from _as_table("api_calls", (run_id | asdict(call) for call in batch.calls))

    @dlt.transformer(data_from=fixture_batches, **tables.hints("runs"))
    def runs(batch: Batch) -> Iterator[pa.Table]:
        """The row of this run, as it is when this load is committed."""
        if run:
            yield tables.rows("runs", [run.row()])

    @dlt.transformer(data_from=fixture_batches, table_name="types", **tables.hints("types"))
    def unlisted_types(batch: Batch) -> Iterator[pa.Table]:
        """A row per type that a fixture refers to and the list of types lacks."""
        if types:
            fetched = (o.fixture for o in batch.outcomes if o.fixture)
            yield from types.rows({id for fixture in fetched for id in fixture.type_ids})

    @dlt.transformer(
        data_from=fixture_batches, table_name="listing_log", **tables.hints("listing_log")
    )
    def refused_includes(batch: Batch) -> Iterator[pa.Table]:
        """A row per default include that the plan turned out to refuse."""
        now = client.clock.now()
        refused = requested.take_refused()
        yield from _as_table("listing_log", (refused_row(part, now, now) for part in refused))

    return (
        fixture_batches,
        fixtures,
        fixture_versions,
        fixture_checks,
        api_calls,
        runs,
        unlisted_types,
        refused_includes,
    )


class _Rows:
    """Rows of the raw tables, made of outcomes.

    Args:
        stored: the stored payloads.
        include: what fixtures are requested with. Parts that the plan refuses leave it during the
            fetch, so that no row records more than was requested.
        declaration: the columns that dbt reads, if they are known.
    """

    def __init__(
        self, stored: StoredFixtures, include: RequestedInclude, declaration: Declaration | None
    ) -> None:
        self._stored = stored
        self._include = include
        self._declaration = declaration

    def replaces(self, outcome: Outcome) -> bool:
        """Whether the outcome replaces a stored payload."""
        return bool(outcome.fixture and self._stored.payload_hash(outcome.id))

    def fixtures(self, batch: Batch) -> Iterator[Mapping[str, Any]]:
        for outcome in batch.outcomes:
            if fixture := outcome.fixture:
                yield {
                    **index_columns(fixture),
                    **_version(fixture, outcome.checked_at),
                    "non_empty_keys": ",".join(sorted(fixture.non_empty_keys)),
                    **self._regularity(fixture.payload),
                }

    def _regularity(self, payload: bytes) -> Mapping[str, str]:
        """Which parts of a payload do not fit their columns, and the version of these columns."""
        if self._declaration is None:
            return {}
        return {
            "irregular_keys": ",".join(self._declaration.shape.irregular_keys(payload)),
            "declaration_hash": self._declaration.hash,
        }

    def versions(self, batch: Batch) -> Iterator[Mapping[str, Any]]:
        yield from map(vars, batch.replaced)
        for outcome in batch.outcomes:
            if outcome.fixture and self.replaces(outcome):
                yield _version(outcome.fixture, outcome.checked_at)

    def check(self, outcome: Outcome) -> Mapping[str, Any]:
        return {
            "id": outcome.id,
            "checked_at": outcome.checked_at,
            "outcome": outcome.name,
            **vars(outcome.unconfirmed),
            "empty_keys": ",".join(sorted(outcome.unconfirmed.empty_keys)) or None,
            "requested_include": self._include_of(outcome),
            "note": outcome.note,
        }

    def _include_of(self, outcome: Outcome) -> str | None:
        """The `include` that the payload was requested with which is stored after this outcome."""
        if outcome.fixture or outcome.name == "unchanged":
            return self._include.recorded
        return self._stored.requested_include(outcome.id)


def _size(outcome: Outcome) -> int:
    """The length of the payload that is to be stored; 0 without one."""
    return len(outcome.fixture.payload) if outcome.fixture else 0


def _version(fixture: Fixture, fetched_at: datetime) -> dict[str, Any]:
    return {
        "id": fixture.id,
        "payload": fixture.payload,
        "payload_hash": fixture.payload_hash,
        "fetched_at": fetched_at,
    }


def _as_table(name: str, values: Iterable[Mapping[str, Any]]) -> Iterator[pa.Table]:
    """One Arrow table, or none without rows."""
    if found := list(values):
        yield tables.rows(name, found)
