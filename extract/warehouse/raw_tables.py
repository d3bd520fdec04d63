"""The raw tables: their columns, and how rows are merged into them.

Rows are Arrow tables with these schemas, so that dlt infers no type from a value.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from extract.config.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from dlt.common.schema.typing import TDeleteInsertStrategyDict

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
_VERSION = [("payload", _TEXT), ("payload_hash", _TEXT)]
_REFERENCE = pa.schema([_ID, ("payload", _TEXT), ("fetched_at", _TIMESTAMP)])

SCHEMAS: dict[str, pa.Schema] = {
    "fixtures": pa.schema(
        [
            _ID,
            *_FOUND_BY,
            *_VERSION,
            ("non_empty_keys", _TEXT),
            ("irregular_keys", _TEXT),
            ("declaration_hash", _TEXT),
            ("fetched_at", _TIMESTAMP),
        ]
    ),
    "fixture_versions": pa.schema(
        [_ID, *_VERSION, pa.field("fetched_at", _TIMESTAMP, nullable=False)]
    ),
    "fixture_index": pa.schema([_ID, *_FOUND_BY, ("last_seen_at", _TIMESTAMP)]),
    "fixture_checks": pa.schema(
        [
            _ID,
            ("checked_at", _TIMESTAMP),
            ("outcome", _TEXT),
            ("times_missing", _BIGINT),
            ("empty_keys", _TEXT),
            ("empty_since", _TIMESTAMP),
            ("confirmations", _BIGINT),
            ("counted_at", _TIMESTAMP),
            ("requested_include", _TEXT),
            ("note", _TEXT),
        ]
    ),
    "listing_log": pa.schema(
        [
            pa.field("scope", _TEXT, nullable=False),
            ("listed_at", _TIMESTAMP),
            ("new_fixtures_checked_at", _TIMESTAMP),
        ]
    ),
    "api_calls": pa.schema(
        [
            pa.field("run_id", _TEXT, nullable=False),
            pa.field("call_number", _BIGINT, nullable=False),
            ("called_at", _TIMESTAMP),
            ("endpoint", _TEXT),
            ("ids_requested", _BIGINT),
            ("rows_returned", _BIGINT),
            ("status", _BIGINT),
            ("attempt", _BIGINT),
            ("seconds", _DOUBLE),
            ("bytes", _BIGINT),
            ("json_bytes", _BIGINT),
            ("include", _TEXT),
            ("error", _TEXT),
            ("quota_limit", _BIGINT),
            ("quota_remaining", _BIGINT),
            ("quota_resets_in", _BIGINT),
            ("waited_seconds", _DOUBLE),
        ]
    ),
    "runs": pa.schema(
        [
            pa.field("run_id", _TEXT, nullable=False),
            ("started_at", _TIMESTAMP),
            ("updated_at", _TIMESTAMP),
            ("finished_at", _TIMESTAMP),
            ("arguments", _TEXT),
            ("counts", _TEXT),
            ("outcome", _TEXT),
        ]
    ),
    **{endpoint.table: _REFERENCE for endpoint in ENDPOINTS},
}

# Of PostgreSQL; `duckdb_destination` merges files without staging tables. Not dlt's `upsert`: when
# a load is repeated, the staging table may have rows twice, and `upsert` would store both. The two
# strategies take the same time.
_MERGE: "TDeleteInsertStrategyDict" = {"disposition": "merge", "strategy": "delete-insert"}

# A view in the same schema: the fixtures that are due at the time of the query.
DUE = "due_fixtures"

# The primary keys. Every table is merged on its key, so that a load that was killed or lost its
# connection can be repeated.
KEYS: dict[str, tuple[str, ...]] = dict.fromkeys(SCHEMAS, ("id",)) | {
    "fixture_versions": ("id", "fetched_at"),
    "api_calls": ("run_id", "call_number"),
    "runs": ("run_id",),
    "listing_log": ("scope",),
}

# Of two rows with the same key, the one with the later time is kept.
TIMES = {
    "fixtures": "fetched_at",
    "fixture_versions": "fetched_at",
    "fixture_index": "last_seen_at",
    "fixture_checks": "checked_at",
    "listing_log": "new_fixtures_checked_at",
    "api_calls": "called_at",
    "runs": "updated_at",
    **{endpoint.table: "fetched_at" for endpoint in ENDPOINTS},
}
# Logs of the runs. No decision depends on the times of these rows.
RECORDS = {"api_calls", "runs"}
# Their values are texts of JSON.
JSON_COLUMNS = ("payload", "arguments", "counts")


def hints(table: str) -> dict[str, Any]:
    """The arguments of `dlt.resource` for a raw table."""
    names = SCHEMAS[table].names
    return {
        "primary_key": KEYS[table],
        "write_disposition": _MERGE,
        "columns": {name: {"data_type": "json"} for name in names if name in JSON_COLUMNS}
        | {TIMES[table]: {"dedup_sort": "desc"}},
    }


def newest_wins(table: str, schema: str) -> "TDeleteInsertStrategyDict":
    """The write disposition that keeps a stored row which is newer than the loaded one.

    Loads may be committed in another order than they were fetched: a killed run leaves a package on
    one machine while another machine fetches the same fixtures.

    Args:
        table: a raw table.
        schema: its schema.
    """
    (key, *others), time = KEYS[table], TIMES[table]
    if others:
        return _MERGE
    return {
        **_MERGE,
        "source_filter": f"{key} not in (select stored.{key} from {schema}.{table} as stored "
        f"inner join (select {key}, max({time}) as {time} from {schema}_staging.{table} "
        f"group by {key}) as loaded on stored.{key} = loaded.{key} "
        f"where stored.{time} > loaded.{time})",
    }


def merge_statement(table: str, schema: str, rows: str) -> str:
    """A statement that stores rows in a raw table, except where the stored row is newer.

    Args:
        table: a raw table.
        schema: its schema.
        rows: a relation with the table's columns; no two rows have the same key.
    """
    keys, time, names = KEYS[table], TIMES[table], SCHEMAS[table].names
    same = " and ".join(f"stored.{key} = loaded.{key}" for key in keys)
    changes = ", ".join(f"{name} = loaded.{name}" for name in names if name not in keys)
    return (
        f"merge into {schema}.{table} as stored using {rows} as loaded on {same} "
        f"when matched and (stored.{time} > loaded.{time}) is not true then update set {changes} "
        f"when not matched then insert ({', '.join(names)}) "
        f"values ({', '.join(f'loaded.{name}' for name in names)})"
    )


def rows(table: str, values: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Converts rows of a raw table to Arrow, with the table's schema."""
    return pa.Table.from_pylist(list(values), SCHEMAS[table])
