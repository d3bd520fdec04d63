"""Loads football data from the Sportmonks API v3 as a dlt source.

What is fetched: fixtures by id from the *multi* endpoint, up to 50 in one request, as raw JSON;
lists of fixtures; the reference data (types, states, leagues, seasons).

What protects the tables: payloads are merged on their id and stored as sent; a fixture that says
what is stored already is not written again; a fixture that suddenly has no events or no statistics
is stored so only when later answers confirm it; a fixture that the API does not return deletes
nothing.

Data flow: `fixture_batches` asks the API; `fixtures`, `fixture_versions`, `fixture_checks`,
`api_calls`, `runs` and `unlisted_types` are made of its answers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from extract.api.client import SportmonksClient
from extract.api.endpoints import REFERENCES
from extract.api.fixture_lists import Discovery, listed_now, read_discovery
from extract.config.includes import requested_text
from extract.config.settings import Settings, load_settings
from extract.errors import RequestError, StoppedError, TokenError
from extract.payload.fixture import Fixture
from extract.source.batch_size import BatchSize
from extract.source.fixture_batches import FixtureBatches
from extract.source.outcome import Batch, OnBatch, Outcome
from extract.source.reference import reference_payloads
from extract.source.stored_fixtures import NothingStored, StoredFixtures
from extract.warehouse import raw_tables as tables

# Payloads that are handed to dlt together.
_FIXTURES_AT_ONCE = 500


@dlt.source(name="sportmonks", max_table_nesting=0)
def sportmonks(
    fixture_ids: Sequence[int] = (),
    isolated: Set[int] = frozenset(),
    discovery: Discovery | None = None,
    run_id: str = "",
    settings: Settings | None = None,
    client: SportmonksClient | None = None,
    batch_size: BatchSize | None = None,
    stored: StoredFixtures | None = None,
    known_types: set[int] | None = None,
    on_type_lookup: Callable[[int], None] | None = None,
    on_batch: OnBatch | None = None,
    run_row: Callable[[], Mapping[str, Any]] | None = None,
    on_reference_failure: Callable[[str, RequestError], None] | None = None,
) -> Iterable[DltResource]:
    """Sportmonks football data as raw JSON.

    Args:
        fixture_ids: fixtures to fetch. Their resources yield nothing without any.
        isolated: those of them that are not to share a request with others.
        discovery: lists of fixtures to read.
        run_id: marks the rows of `api_calls`.
        settings: by default what `[sources.sportmonks]` in `.dlt/*.toml` and the environment say,
            the token among them (`SOURCES__SPORTMONKS__API_TOKEN`).
        client: shares quota and connections between several calls of this function.
        batch_size: fixtures in a request, learned over several calls of this function.
        stored: what the warehouse holds; without it every fixture that is fetched is written.
        known_types: types that need not be looked up; those that are looked up are added.
        on_type_lookup: called with the number of types still to be looked up, before the first
            and after each.
        on_batch: called with each batch of outcomes as it becomes known.
        run_row: the run's row of `runs` as it is after a batch.
        on_reference_failure: called when a reference table cannot be read, instead of an error
            that would keep the others from being loaded.

    Returns:
        Resources `fixtures`, `fixture_versions`, `fixture_checks`, `api_calls`, `runs`,
        `unlisted_types`, `fixture_index`, `listing_log`, `types`, `states`, `leagues` and
        `seasons`, and `types_listed` … with a row of `listing_log` each; take some of them with
        `.with_resources(...)`.
    """
    settings = settings or load_settings()
    client = client or SportmonksClient(settings)
    stored = stored or NothingStored()
    requested = requested_text(settings.include)
    batches = FixtureBatches(
        client,
        settings.include,
        batch_size or BatchSize(settings.batch_size),
        settings.requests_in_flight,
        stored,
        timedelta(minutes=settings.confirm_after),
    )

    def is_replaced(outcome: Outcome) -> bool:
        return bool(outcome.fixture and stored.payload_hash(outcome.id))

    def include_of(outcome: Outcome) -> str | None:
        """What the payload that is stored after this outcome was requested with."""
        if outcome.fixture or outcome.name == "unchanged":
            return requested
        return stored.requested_include(outcome.id)

    @dlt.resource(selected=False)
    def fixture_batches() -> Iterator[Batch]:
        """The answers of the multi endpoint, some batches at a time."""
        changed: list[int] = []
        together = Batch()
        for batch in batches.fetch(fixture_ids, isolated):
            if on_batch:
                on_batch(batch)
            changed += [outcome.id for outcome in batch.outcomes if is_replaced(outcome)]
            together.outcomes.extend(batch.outcomes)
            together.calls.extend(batch.calls)
            # Each item costs dlt about a millisecond in each table.
            if len(together.outcomes) >= _FIXTURES_AT_ONCE:
                yield together
                together = Batch()
        yield together
        if changed:
            # One query: DuckDB reads all payloads for it.
            yield Batch(replaced=stored.versions(changed))

    @dlt.transformer(data_from=fixture_batches, **tables.hints("fixtures"))
    def fixtures(batch: Batch) -> Iterator[pa.Table]:
        """A row per fixture that is new or changed: its newest JSON, as sent."""
        changed = [_fixture_row(o.fixture, o.checked_at) for o in batch.outcomes if o.fixture]
        if changed:
            yield tables.rows("fixtures", changed)

    @dlt.transformer(data_from=fixture_batches, **tables.hints("fixture_versions"))
    def fixture_versions(batch: Batch) -> Iterator[pa.Table]:
        """A row per payload of a fixture that has changed since it was first stored.

        A fixture's first payload gets here when the second one replaces it, so that what never
        changes is stored once.
        """
        versions = [asdict(version) for version in batch.replaced] + [
            _version(o.fixture, o.checked_at)
            for o in batch.outcomes
            if o.fixture and is_replaced(o)
        ]
        if versions:
            yield tables.rows("fixture_versions", versions)

    @dlt.transformer(data_from=fixture_batches, **tables.hints("fixture_checks"))
    def fixture_checks(batch: Batch) -> Iterator[pa.Table]:
        """A row per fixture: when it was last asked for, and what came of it."""
        if batch.outcomes:
            yield tables.rows(
                "fixture_checks",
                (
                    {
                        "id": o.id,
                        "checked_at": o.checked_at,
                        "outcome": o.name,
                        **asdict(o.unconfirmed),
                        "empty_keys": ",".join(sorted(o.unconfirmed.empty_keys)) or None,
                        "requested_include": include_of(o),
                        "note": o.note,
                    }
                    for o in batch.outcomes
                ),
            )

    @dlt.transformer(data_from=fixture_batches, **tables.hints("api_calls"))
    def api_calls(batch: Batch) -> Iterator[pa.Table]:
        """A row per HTTP request, retries included."""
        if batch.calls:
            yield tables.rows("api_calls", ({"run_id": run_id, **asdict(c)} for c in batch.calls))

    @dlt.transformer(data_from=fixture_batches, **tables.hints("runs"))
    def runs(batch: Batch) -> Iterator[pa.Table]:
        """The row of this run, as it is when this load is committed."""
        if run_row:
            yield tables.rows("runs", [run_row()])

    @dlt.transformer(data_from=fixture_batches, table_name="types", **tables.hints("types"))
    def unlisted_types(batch: Batch) -> Iterator[pa.Table]:
        """A row per type that a fixture names and the list of types lacks; each is asked for once.

        The list is known to be incomplete. The payload is null where the API has no such type.
        """
        if known_types is None:
            return
        named = {id for o in batch.outcomes if o.fixture for id in o.fixture.type_ids}
        unlisted = sorted(named - known_types)
        for left, type_id in zip(range(len(unlisted), 0, -1), unlisted, strict=True):
            if on_type_lookup:
                on_type_lookup(left)
            known_types.add(type_id)
            try:
                answer = client.get(REFERENCES["types"][0], ids=[type_id])
                payloads = reference_payloads(answer.rows)
            except (RequestError, StoppedError):
                continue  # what it is called can wait for the next list of types
            payload = payloads.get(type_id)
            row = {"id": type_id, "payload": payload, "fetched_at": answer.received_at}
            yield tables.rows("types", [row])
        if unlisted and on_type_lookup:
            on_type_lookup(0)

    @dlt.resource(selected=False)
    def listed_fixtures() -> Iterator[list[Fixture]]:
        """The fixtures of the lists to read, all at once."""
        if discovery:
            yield list(read_discovery(client, discovery))

    @dlt.transformer(data_from=listed_fixtures, **tables.hints("fixture_index"))
    def fixture_index(fixtures: list[Fixture]) -> Iterator[pa.Table]:
        """A row per fixture known to exist, without its payload."""
        seen_at = client.clock.now()
        # Rows may move between pages while they are read, and come twice.
        found = {fixture.id: _found_by(fixture) for fixture in fixtures}
        yield tables.rows(
            "fixture_index", ({**row, "last_seen_at": seen_at} for row in found.values())
        )

    @dlt.transformer(data_from=listed_fixtures, **tables.hints("listing_log"))
    def listing_log(fixtures: list[Fixture]) -> Iterator[pa.Table]:
        """A row per season, or number of days, whose fixtures were listed."""
        if discovery:
            now = client.clock.now()
            yield tables.rows(
                "listing_log", (listed_now(row, now) for row in discovery.rows.values())
            )

    def reference(name: str) -> tuple[DltResource, DltResource]:
        path, params = REFERENCES[name]

        @dlt.resource(name=name, **tables.hints(name))
        def reference_rows() -> Iterator[pa.Table]:
            try:
                answers = list(client.pages(path, params))
                rows = [row for answer in answers for row in answer.rows]
                payloads = reference_payloads(rows)
            except RequestError as error:
                if isinstance(error, TokenError) or not on_reference_failure:
                    raise
                on_reference_failure(name, error)
                return
            yield tables.rows(
                name,
                (
                    {"id": id, "payload": payload, "fetched_at": answers[0].received_at}
                    for id, payload in payloads.items()
                ),
            )

        @dlt.transformer(
            data_from=reference_rows,
            name=f"{name}_listed",
            table_name="listing_log",
            **tables.hints("listing_log"),
        )
        def reference_listed(rows: pa.Table) -> Iterator[pa.Table]:
            # An empty list is asked for again: it is also what a hiccup looks like.
            if len(rows):
                yield tables.rows("listing_log", [listed_now({"scope": name}, client.clock.now())])

        return reference_rows, reference_listed

    return (
        fixture_batches,
        fixtures,
        fixture_versions,
        fixture_checks,
        api_calls,
        runs,
        unlisted_types,
        listed_fixtures,
        fixture_index,
        listing_log,
        *chain.from_iterable(map(reference, REFERENCES)),
    )


def _found_by(fixture: Fixture) -> dict[str, Any]:
    return {
        "id": fixture.id,
        "league_id": fixture.league_id,
        "season_id": fixture.season_id,
        "state_id": fixture.state_id,
        "starting_at": fixture.starting_at,
    }


def _fixture_row(fixture: Fixture, fetched_at: datetime) -> dict[str, Any]:
    non_empty_keys = {"non_empty_keys": ",".join(sorted(fixture.non_empty_keys))}
    return _found_by(fixture) | _version(fixture, fetched_at) | non_empty_keys


def _version(fixture: Fixture, fetched_at: datetime) -> dict[str, Any]:
    return {
        "id": fixture.id,
        "payload": fixture.payload,
        "payload_hash": fixture.payload_hash,
        "fetched_at": fetched_at,
    }
