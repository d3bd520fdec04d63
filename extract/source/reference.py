"""The dlt source of the endpoints that `extract/config/endpoints.py` declares."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

import dlt
import msgspec
import pyarrow as pa
from dlt.extract import DltResource

from extract.api.client import SportmonksClient
from extract.api.fixture_lists import listed_now
from extract.api.responses import Answer, reading_rows
from extract.config.endpoints import ENDPOINTS, Endpoint
from extract.config.settings import Settings, load_settings
from extract.errors import (
    AccessError,
    DownError,
    RefusedError,
    RequestError,
    StoppedError,
    TokenError,
)
from extract.payload.fixture import as_int64
from extract.payload.storable_json import to_storable_json
from extract.warehouse import raw_tables as tables

(_TYPES,) = (endpoint for endpoint in ENDPOINTS if endpoint.table == "types")

# Refused lists of an endpoint, of which no list was ever stored, after which the others are not
# requested: it may not exist, or not be in the plan.
_MAX_REFUSALS = 3

OnFailure = Callable[[Endpoint, Sequence[int], RequestError], None]


@dataclass
class SeasonLists:
    """The lists of an endpoint that are to be read.

    Attributes:
        season_ids: seasons whose list is to be read.
        later: seasons whose list will be read after these, unless the API refuses the endpoint.
        stored: seasons whose list is in the warehouse.
        must_have_rows: those of them whose list the next run reads again if it is empty.
        read: the number of lists that were read and are to be stored.
    """

    season_ids: Sequence[int]
    later: Sequence[int]
    stored: Set[int]
    must_have_rows: Set[int]
    read: int = 0


@dataclass(frozen=True)
class _ReadList:
    """A season's list; the payload is None if there is nothing to store."""

    season_id: int
    payload: str | None
    received_at: datetime


@dlt.source(name="sportmonks", max_table_nesting=0)
def reference_source(
    settings: Settings | None = None,
    client: SportmonksClient | None = None,
    on_failure: OnFailure | None = None,
    season_lists: Mapping[str, SeasonLists] | None = None,
) -> Iterable[DltResource]:
    """Reference data and lists of seasons as raw JSON.

    Args:
        settings: by default those of `[sources.sportmonks]`.
        client: by default a new one.
        on_failure: called with the endpoint, the seasons if it has a list per season, and the error
            when a list cannot be read, instead of raising an error that would keep the others from
            being loaded.
        season_lists: the lists of seasons to read, by table. The resources of the other tables with
            a list per season are empty.

    Returns:
        A resource such as `types` for each endpoint, and for each of them one such as
        `types_listed` with its rows of `listing_log`.
    """
    client = client or SportmonksClient(settings or load_settings())
    for endpoint in ENDPOINTS:
        if endpoint.per == "season":
            lists = (season_lists or {}).get(endpoint.table)
            yield from _season_table(endpoint, lists, client, on_failure)
        else:
            yield from _table(endpoint, client, on_failure)


def listed_resource(endpoint: Endpoint) -> str:
    """The name of the resource with the endpoint's rows of `listing_log`."""
    return f"{endpoint.table}_listed"


def _table(
    endpoint: Endpoint, client: SportmonksClient, on_failure: OnFailure | None
) -> tuple[DltResource, DltResource]:
    @dlt.resource(name=endpoint.table, **tables.hints(endpoint.table))
    def reference_rows() -> Iterator[pa.Table]:
        """A row per object of the list, as JSON."""
        try:
            answers = list(client.pages(endpoint.path, endpoint.params))
            payloads = _payloads(row for answer in answers for row in answer.rows)
        except RequestError as error:
            if isinstance(error, TokenError) or not on_failure:
                raise
            on_failure(endpoint, (), error)
            return
        yield tables.rows(
            endpoint.table,
            (
                {"id": id, "payload": payload, "fetched_at": answers[0].received_at}
                for id, payload in payloads.items()
            ),
        )

    @dlt.transformer(
        data_from=reference_rows,
        name=listed_resource(endpoint),
        table_name="listing_log",
        **tables.hints("listing_log"),
    )
    def reference_listed(rows: pa.Table) -> Iterator[pa.Table]:
        """The time when the list was read."""
        # An empty list may be a transient error: the next run reads it again.
        if len(rows):
            row = {"scope": endpoint.scope()}
            yield tables.rows("listing_log", [listed_now(row, client.clock.now())])

    return reference_rows, reference_listed


def _season_table(
    endpoint: Endpoint,
    lists: SeasonLists | None,
    client: SportmonksClient,
    on_failure: OnFailure | None,
) -> tuple[DltResource, DltResource, DltResource]:
    @dlt.resource(name=f"{endpoint.table}_read", selected=False)
    def read_lists() -> Iterator[_ReadList]:
        """The lists of the seasons, one by one."""
        if lists:
            yield from _read_season_lists(endpoint, lists, client, on_failure)

    @dlt.transformer(data_from=read_lists, name=endpoint.table, **tables.hints(endpoint.table))
    def season_rows(found: _ReadList) -> Iterator[pa.Table]:
        """A row per season, with its whole list as JSON."""
        if found.payload is not None:
            row = {
                "id": found.season_id,
                "payload": found.payload,
                "fetched_at": found.received_at,
            }
            yield tables.rows(endpoint.table, [row])

    @dlt.transformer(
        data_from=read_lists,
        name=listed_resource(endpoint),
        table_name="listing_log",
        **tables.hints("listing_log"),
    )
    def season_listed(found: _ReadList) -> Iterator[pa.Table]:
        """The time when each list was read, or refused."""
        row = {"scope": endpoint.scope(found.season_id)}
        yield tables.rows("listing_log", [listed_now(row, client.clock.now())])

    return read_lists, season_rows, season_listed


def _read_season_lists(
    endpoint: Endpoint,
    lists: SeasonLists,
    client: SportmonksClient,
    on_failure: OnFailure | None,
) -> Iterator[_ReadList]:
    stored, season_ids, refusals = set(lists.stored), list(lists.season_ids), 0
    while season_ids:
        season_id = season_ids.pop(0)
        try:
            found = _read_season_list(endpoint, season_id, client)
        except StoppedError:
            return  # the lists that were read are committed
        except RequestError as error:
            if isinstance(error, TokenError) or not on_failure:
                raise
            refused = [season_id]
            refusals += isinstance(error, RefusedError)
            if not stored and (isinstance(error, AccessError) or refusals >= _MAX_REFUSALS):
                # The plan does not include the endpoint.
                refused += [*season_ids, *lists.later]
                season_ids.clear()
            on_failure(endpoint, refused, error)
            if isinstance(error, DownError):
                return
            if isinstance(error, AccessError | RefusedError):
                # A refusal counts as read: the list is requested again when it is too old.
                now = client.clock.now()
                yield from (_ReadList(id, None, now) for id in refused)
            continue
        # An empty list may be a transient error, and replaces no stored one. It may also mean that
        # the league is no longer in the plan, so that it is mostly read again when it is too old.
        if found.payload is not None or season_id not in lists.must_have_rows:
            yield found
        if found.payload is not None:
            stored.add(season_id)
            lists.read += 1


def _read_season_list(endpoint: Endpoint, season_id: int, client: SportmonksClient) -> _ReadList:
    """Reads one list. An empty one is requested a second time."""
    answers: list[Answer] = []
    payloads: dict[int, str] = {}
    for _ in range(2):
        answers = list(client.pages(endpoint.path, endpoint.params, [season_id]))
        payloads = _payloads(row for answer in answers for row in answer.rows)
        if payloads:
            break
    # A row may move to the next page while they are read: each id is stored once.
    payload = f'{{"data":[{",".join(payloads.values())}]}}' if payloads else None
    return _ReadList(season_id, payload, answers[0].received_at)


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
                answer = self._client.get(_TYPES.path, ids=[type_id])
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
