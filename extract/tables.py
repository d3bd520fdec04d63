"""The raw tables: their columns and how dlt writes them.

Rows travel as Arrow tables with these schemas, so that no value decides about a column's type.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

_BIGINT = pa.int64()
_DOUBLE = pa.float64()
_TEXT = pa.string()
_TIMESTAMP = pa.timestamp("us", "UTC")

_ID = pa.field("id", _BIGINT, nullable=False)
_FOUND_BY = [
    ("league_id", _BIGINT),
    ("season_id", _BIGINT),
    ("state_id", _BIGINT),
    ("starting_at", _TIMESTAMP),
]
_REFERENCE = pa.schema([_ID, ("payload", _TEXT), ("fetched_at", _TIMESTAMP)])

SCHEMAS: dict[str, pa.Schema] = {
    "fixtures": pa.schema(
        [
            _ID,
            *_FOUND_BY,
            ("payload", _TEXT),
            ("payload_hash", _TEXT),
            ("fetched_at", _TIMESTAMP),
        ]
    ),
    "fixture_index": pa.schema([_ID, *_FOUND_BY, ("last_seen_at", _TIMESTAMP)]),
    "fixture_checks": pa.schema(
        [_ID, ("checked_at", _TIMESTAMP), ("outcome", _TEXT), ("note", _TEXT)]
    ),
    "api_calls": pa.schema(
        [
            ("run_id", _TEXT),
            ("called_at", _TIMESTAMP),
            ("endpoint", _TEXT),
            ("ids_requested", _BIGINT),
            ("rows_returned", _BIGINT),
            ("status", _BIGINT),
            ("attempt", _BIGINT),
            ("seconds", _DOUBLE),
            ("bytes", _BIGINT),
            ("quota_limit", _BIGINT),
            ("quota_remaining", _BIGINT),
            ("quota_resets_in", _BIGINT),
            ("waited_seconds", _DOUBLE),
        ]
    ),
    "runs": pa.schema(
        [
            ("run_id", _TEXT),
            ("started_at", _TIMESTAMP),
            ("finished_at", _TIMESTAMP),
            ("arguments", _TEXT),
            ("counts", _TEXT),
            ("outcome", _TEXT),
        ]
    ),
    "types": _REFERENCE,
    "states": _REFERENCE,
    "leagues": _REFERENCE,
    "seasons": _REFERENCE,
}

# Tables that are merged on `id`. The others only grow.
MERGED = [name for name, schema in SCHEMAS.items() if "id" in schema.names]

_JSON_COLUMNS = {"payload", "arguments", "counts"}


def hints(table: str) -> dict[str, Any]:
    """The arguments of `dlt.resource` for a raw table.

    Tables with an `id` are merged on it; the caller sees to it that no load has an id twice, since
    dlt's `upsert` does not. The others only grow.
    """
    schema = SCHEMAS[table]
    columns = {name: {"data_type": "json"} for name in schema.names if name in _JSON_COLUMNS}
    if table not in MERGED:
        return {"write_disposition": "append", "columns": columns}
    return {
        "primary_key": "id",
        "write_disposition": {"disposition": "merge", "strategy": "upsert"},
        "columns": columns,
    }


def rows(table: str, values: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows of a raw table, as dlt takes them."""
    return pa.Table.from_pylist(list(values), SCHEMAS[table])
