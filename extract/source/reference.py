"""The dlt source of reference data: types, states, leagues and seasons."""

from collections.abc import Callable, Iterable, Iterator, Set

import dlt
import msgspec
import pyarrow as pa
from dlt.extract import DltResource

from extract.api.client import SportmonksClient
from extract.api.endpoints import REFERENCES
from extract.api.fixture_lists import listed_now
from extract.api.responses import reading_rows
from extract.config.settings import Settings, load_settings
from extract.errors import RequestError, StoppedError, TokenError
from extract.payload.fixture import as_int64
from extract.payload.storable_json import to_storable_json
from extract.warehouse import raw_tables as tables

OnFailure = Callable[[str, RequestError], None]


@dlt.source(name="sportmonks", max_table_nesting=0)
def reference_source(
    settings: Settings | None = None,
    client: SportmonksClient | None = None,
    on_failure: OnFailure | None = None,
) -> Iterable[DltResource]:
    """Reference data as raw JSON.

    Args:
        settings: by default those of `[sources.sportmonks]`.
        client: by default a new one.
        on_failure: called when a table cannot be read, instead of raising an error that would keep
            the others from being loaded.

    Returns:
        Resources `types`, `states`, `leagues` and `seasons`, and for each of them one such as
        `types_listed` with its row of `listing_log`.
    """
    client = client or SportmonksClient(settings or load_settings())
    for name in REFERENCES:
        yield from _table(name, client, on_failure)


def _table(
    name: str, client: SportmonksClient, on_failure: OnFailure | None
) -> tuple[DltResource, DltResource]:
    path, params = REFERENCES[name]

    @dlt.resource(name=name, **tables.hints(name))
    def reference_rows() -> Iterator[pa.Table]:
        """A row per object of the list, as JSON."""
        try:
            answers = list(client.pages(path, params))
            payloads = _payloads(row for answer in answers for row in answer.rows)
        except RequestError as error:
            if isinstance(error, TokenError) or not on_failure:
                raise
            on_failure(name, error)
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
        """The time when the list was read."""
        # An empty list may be a transient error: the next run reads it again.
        if len(rows):
            yield tables.rows("listing_log", [listed_now({"scope": name}, client.clock.now())])

    return reference_rows, reference_listed


class TypeLookup:
    """Fetches types that fixtures refer to and the API's list of types lacks.

    Sportmonks documents that the list is incomplete. Each type is requested once in a run.

    Args:
        client: sends the requests.
        known: ids of the types in the warehouse.
        on_progress: called with the number of types still to be requested, before the first and
            after each.
    """

    def __init__(
        self, client: SportmonksClient, known: Set[int], on_progress: Callable[[int], None]
    ) -> None:
        self._client = client
        self._known = set(known)
        self._on_progress = on_progress

    def rows(self, type_ids: Set[int]) -> Iterator[pa.Table]:
        """Rows of `types` for those that are not known; the payload of a missing one is null."""
        unlisted = sorted(type_ids - self._known)
        self._known.update(unlisted)
        for left, type_id in zip(range(len(unlisted), 0, -1), unlisted, strict=True):
            self._on_progress(left)
            try:
                answer = self._client.get(REFERENCES["types"][0], ids=[type_id])
                payload = _payloads(answer.rows).get(type_id)
            except (RequestError, StoppedError):
                continue  # the next list of types may have it
            row = {"id": type_id, "payload": payload, "fetched_at": answer.received_at}
            yield tables.rows("types", [row])
        if unlisted:
            self._on_progress(0)


def _payloads(rows: Iterable[msgspec.Raw]) -> dict[int, str]:
    """The JSON of each row that has an id, by its id."""
    payloads: dict[int, str] = {}
    with reading_rows():
        for row in rows:
            payload = to_storable_json(bytes(row))
            content = msgspec.json.decode(payload)
            id = as_int64(content.get("id")) if isinstance(content, dict) else None
            if id is not None:
                payloads[id] = payload
    return payloads
