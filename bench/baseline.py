"""The baseline: about the shortest time in which the same data can be in three exact tables.

The program does nothing else: eight threads fetch, responses are cut into fixtures without parsing
them, only changed fixtures are parsed, and columns are loaded in bulk. It has no dlt, no dbt, no
retries and no rate limit, and a crash leaves part of the data.

    python -m bench.baseline URL TOKEN IDS_FILE duckdb:FILE|postgres
"""

import hashlib
import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import orjson
import psycopg2
import pyarrow as pa
import pyarrow.csv
import urllib3

from bench.tables import COLUMNS, INCLUDE, arrow, definition, rows

_BATCH = 50
_THREADS = 8
# Batches that are written together.
_AT_ONCE = 40


class _Id(msgspec.Struct):
    id: int


class _Envelope(msgspec.Struct):
    data: list[msgspec.Raw]


_NAMES = {table: list(columns) for table, columns in COLUMNS.items()} | {"hashes": ["id", "hash"]}

_envelope = msgspec.json.Decoder(_Envelope)
_id = msgspec.json.Decoder(_Id)


def main(url: str, token: str, ids_file: str, database: str) -> None:
    """Fetches the fixtures and replaces the rows of those that changed."""
    ids = Path(ids_file).read_text().split()
    target = _Postgres() if database == "postgres" else _DuckDb(database.partition(":")[2])
    known = target.hashes()
    pool = urllib3.PoolManager(maxsize=_THREADS)
    headers = {"Authorization": token, "Accept-Encoding": "gzip"}

    def fetch(batch: list[str]) -> list[tuple[int, str, bytes]]:
        response = pool.request(
            "GET",
            f"{url}/football/fixtures/multi/{','.join(batch)}?include={INCLUDE}",
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
    waiting: list[tuple[int, str, bytes]] = []
    with ThreadPoolExecutor(_THREADS) as threads:
        for number, found in enumerate(_in_order(threads, fetch, batches), 1):
            waiting += found
            if waiting and (number % _AT_ONCE == 0 or number == len(batches)):
                _write(target, waiting)
                waiting = []
    target.close()


def _in_order(threads: ThreadPoolExecutor, fetch: Any, batches: list[list[str]]) -> Iterator[Any]:
    """Results in order, with at most two batches in flight per thread."""
    in_flight = []
    for batch in batches:
        in_flight.append(threads.submit(fetch, batch))
        if len(in_flight) >= 2 * _THREADS:
            yield in_flight.pop(0).result()
    for future in in_flight:
        yield future.result()


def _write(target: "_DuckDb | _Postgres", changed: list[tuple[int, str, bytes]]) -> None:
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
    for _, _, content in changed:
        for table, values in rows(orjson.loads(content)).items():
            found[table] += values
    target.replace([id for id, _, _ in changed], found, [(id, digest) for id, digest, _ in changed])


class _DuckDb:
    def __init__(self, path: str) -> None:
        self._connection = duckdb.connect(path)
        for table in COLUMNS:
            self._connection.execute(f"create table if not exists {table} ({definition(table)})")
        self._connection.execute("create table if not exists hashes (id bigint, hash text)")

    def hashes(self) -> dict[int, str]:
        return dict(self._connection.execute("select id, hash from hashes").fetchall())

    def replace(
        self, ids: list[int], found: dict[str, list[Any]], hashes: list[tuple[int, str]]
    ) -> None:
        con = self._connection
        con.register("changed", pa.table({"id": ids}))
        con.execute("begin")
        for table, values in [*found.items(), ("hashes", hashes)]:
            key = "fixture_id" if "fixture_id" in _NAMES[table] else "id"
            con.execute(f"delete from {table} where {key} in (select id from changed)")
            if values:
                con.register("new", arrow(_NAMES[table], values))
                con.execute(f"insert into {table} select * from new")
        con.execute("commit")

    def close(self) -> None:
        self._connection.close()


class _Postgres:
    def __init__(self) -> None:
        self._connection = psycopg2.connect("")
        with self._connection.cursor() as cursor:
            cursor.execute("create schema if not exists baseline; set search_path to baseline")
            for table in COLUMNS:
                cursor.execute(f"create table if not exists {table} ({definition(table)})")
                if table != "fixtures":
                    cursor.execute(
                        f"create index if not exists {table}_fixture on {table} (fixture_id)"
                    )
            cursor.execute("create table if not exists hashes (id bigint primary key, hash text)")
        self._connection.commit()

    def hashes(self) -> dict[int, str]:
        with self._connection.cursor() as cursor:
            cursor.execute("select id, hash from hashes")
            return dict(cursor.fetchall())

    def replace(
        self, ids: list[int], found: dict[str, list[Any]], hashes: list[tuple[int, str]]
    ) -> None:
        with self._connection.cursor() as cursor:
            for table, values in [*found.items(), ("hashes", hashes)]:
                key = "fixture_id" if "fixture_id" in _NAMES[table] else "id"
                cursor.execute(f"delete from {table} where {key} = any(%s)", (ids,))
                if values:
                    text = io.BytesIO()
                    pa.csv.write_csv(
                        arrow(_NAMES[table], values),
                        text,
                        pa.csv.WriteOptions(include_header=False),
                    )
                    text.seek(0)
                    cursor.copy_expert(f"copy {table} from stdin (format csv)", text)
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
