"""The baseline: about the least time in which the same data can be in exact tables.

The program does nothing else: eight threads fetch, responses are cut into fixtures without parsing
them, only changed fixtures are decoded, and columns are loaded in bulk. It has no dlt, no dbt, no
retries and no rate limit, and a value of the wrong type stops it. It hashes payloads as they were
sent: one whose arrays come in another order counts as changed.

By default it fills three tables, and keeps a hash of each payload. The fair baseline (`fair`) fills
the project's six core tables, and keeps the payloads too.

    python -m bench.baseline URL TOKEN IDS_FILE duckdb:FILE|postgres:SCHEMA three|fair INCLUDE
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow as pa
import urllib3

from bench.core_tables import CORE_TABLES, read_tables
from bench.stores import DuckDbStore, PostgresStore, Table


def _without_json(table: Table) -> Table:
    columns = {name: type for name, type in table.columns.items() if type != "json"}
    return replace(table, columns=columns)


_HASHES = Table("payloads", {"id": "bigint", "hash": "text"}, ["id"])
# What is filled, by the last argument.
TABLES = {
    "three": [
        *(
            _without_json(CORE_TABLES[name])
            for name in ("fixtures", "fixture_statistics", "fixture_events")
        ),
        _HASHES,
    ],
    "fair": [
        *CORE_TABLES.values(),
        replace(_HASHES, columns={**_HASHES.columns, "payload": "json"}),
    ],
}
_BATCH = 50
_THREADS = 8
# Batches that are written together.
_AT_ONCE = 40

# Id, hash and JSON of a fixture.
_Fixture = tuple[int, str, bytes]


class _Id(msgspec.Struct):
    id: int


class _Envelope(msgspec.Struct):
    data: list[msgspec.Raw]


_envelope = msgspec.json.Decoder(_Envelope)
_id = msgspec.json.Decoder(_Id)


def main(url: str, token: str, ids_file: str, database: str, tables: str, include: str) -> None:
    """Fetches the fixtures and replaces the rows of those that changed."""
    ids = Path(ids_file).read_text().split()
    engine, _, place = database.partition(":")
    store = (DuckDbStore if engine == "duckdb" else PostgresStore)(place, TABLES[tables])
    known = store.hashes()
    pool = urllib3.PoolManager(maxsize=_THREADS)
    headers = {"Authorization": token, "Accept-Encoding": "gzip"}

    def fetch(batch: list[str]) -> list[_Fixture]:
        response = pool.request(
            "GET",
            f"{url}/football/fixtures/multi/{','.join(batch)}?include={include}",
            headers=headers,
        )
        found = []
        for raw in _envelope.decode(response.data).data:
            content = bytes(raw)
            digest = hashlib.blake2b(content, digest_size=16).hexdigest()
            id = _id.decode(content).id
            if known.get(id) != digest:
                found.append((id, digest, content))
        return found

    batches = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
    waiting: list[_Fixture] = []
    with ThreadPoolExecutor(_THREADS) as threads:
        for number, found in enumerate(_in_order(threads, fetch, batches), 1):
            waiting += found
            if waiting and (number % _AT_ONCE == 0 or number == len(batches)):
                stored = [id for id, _, _ in waiting if id in known]
                store.replace(stored, _rows(waiting, TABLES[tables]))
                waiting = []
    store.close()


def _in_order(
    threads: ThreadPoolExecutor,
    fetch: Callable[[list[str]], list[_Fixture]],
    batches: list[list[str]],
) -> Iterator[list[_Fixture]]:
    """Results in order, with at most two batches in flight per thread."""
    in_flight = []
    for batch in batches:
        in_flight.append(threads.submit(fetch, batch))
        if len(in_flight) >= 2 * _THREADS:
            yield in_flight.pop(0).result()
    for future in in_flight:
        yield future.result()


def _rows(changed: list[_Fixture], tables: list[Table]) -> dict[str, pa.Table]:
    ids, hashes, contents = map(list, zip(*changed, strict=True))
    *core, payloads = tables
    found = read_tables(contents, core)
    texts = pa.array(contents, pa.binary()).cast(pa.string())
    columns = {"id": ids, "hash": hashes, "payload": texts}
    kept = {name: columns[name] for name in payloads.columns}
    return {**found, payloads.name: pa.table(kept)}


if __name__ == "__main__":
    main(*sys.argv[1:])
