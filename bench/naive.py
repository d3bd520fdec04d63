"""The naive script: one thread, parses whole responses, upserts by id.

Its tables are not exact: they keep rows that the API has removed.

    python -m bench.naive URL TOKEN IDS_FILE duckdb:FILE|postgres:SCHEMA [BATCH]
"""

import sys
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import requests
from psycopg2.extras import execute_values

from bench.tables import COLUMNS, INCLUDE, arrow, definition, rows


def main(url: str, token: str, ids_file: str, database: str, batch: str = "50") -> None:
    """Fetches and upserts batch by batch."""
    ids = Path(ids_file).read_text().split()
    size = int(batch)
    engine, _, place = database.partition(":")
    duck = duckdb.connect(place) if engine == "duckdb" else None
    post = psycopg2.connect("") if duck is None else None
    for table in COLUMNS:
        if duck:
            duck.execute(f"create table if not exists {table} ({definition(table)})")
        elif post:
            post.cursor().execute(
                f"create schema if not exists {place}; set search_path to {place};"
                f"create table if not exists {table} ({definition(table)})"
            )
    session = requests.Session()
    session.headers["Authorization"] = token
    for start in range(0, len(ids), size):
        response = session.get(
            f"{url}/football/fixtures/multi/{','.join(ids[start : start + size])}",
            params={"include": INCLUDE},
            timeout=60,
        )
        response.raise_for_status()
        found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        for fixture in response.json()["data"]:
            for table, values in rows(fixture).items():
                found[table] += values
        for table, values in found.items():
            names = list(COLUMNS[table])
            if not values:
                continue
            if duck:
                duck.register("new", arrow(names, values))
                duck.execute(f"insert or replace into {table} select * from new")
            elif post:
                changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
                execute_values(
                    post.cursor(),
                    f"insert into {table} values %s on conflict (id) do update set {changes}",
                    values,
                    page_size=1000,
                )
                post.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
