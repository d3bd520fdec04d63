"""The three tables that the naive script makes of a fixture."""

from typing import Any

import pyarrow as pa

# What the naive script requests. The recorded responses have all that was recorded,
# whatever is requested.
INCLUDE = "participants;scores;statistics;events;periods"

# Each column with its type.
COLUMNS: dict[str, dict[str, str]] = {
    "fixtures": {
        **dict.fromkeys(["id", "sport_id", "league_id", "season_id", "stage_id"], "bigint"),
        **dict.fromkeys(["group_id", "aggregate_id", "round_id", "state_id"], "bigint"),
        **dict.fromkeys(["venue_id", "length"], "bigint"),
        **dict.fromkeys(["name", "result_info", "leg", "details"], "text"),
        "placeholder": "boolean",
        "starting_at": "timestamp",
    },
    "statistics": {
        **dict.fromkeys(["id", "fixture_id", "type_id", "participant_id"], "bigint"),
        "location": "text",
        "value": "double precision",
    },
    "events": {
        **dict.fromkeys(["id", "fixture_id", "type_id", "sub_type_id"], "bigint"),
        **dict.fromkeys(["participant_id", "period_id", "player_id"], "bigint"),
        **dict.fromkeys(["related_player_id", "minute", "extra_minute", "sort_order"], "bigint"),
        **dict.fromkeys(["section", "player_name", "related_player_name"], "text"),
        **dict.fromkeys(["result", "info", "addition"], "text"),
        **dict.fromkeys(["injured", "on_bench", "rescinded"], "boolean"),
    },
}


def definition(table: str) -> str:
    """The columns of a table, as in `create table`."""
    return ", ".join(
        f"{name} {type}{' primary key' if name == 'id' else ''}"
        for name, type in COLUMNS[table].items()
    )


def rows(fixture: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of one fixture in each table."""
    id = fixture["id"]
    of_fixture, of_event = list(COLUMNS["fixtures"]), list(COLUMNS["events"])[2:]
    return {
        "fixtures": [tuple(fixture.get(name) for name in of_fixture)],
        "statistics": [
            (s["id"], id, s["type_id"], s["participant_id"], s["location"], s["data"]["value"])
            for s in fixture["statistics"]
        ],
        "events": [(e["id"], id, *map(e.get, of_event)) for e in fixture["events"]],
    }


def arrow(names: list[str], values: list[tuple[Any, ...]]) -> pa.Table:
    """Rows as an Arrow table."""
    columns = zip(*values, strict=True)
    return pa.table(dict(zip(names, map(pa.array, columns), strict=True)))
