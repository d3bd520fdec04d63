"""Faults that change the rows of a response; with `fixture_ids`, only rows of these fixtures."""

from __future__ import annotations

from collections.abc import Callable

from simulator.data.source import Row
from simulator.faults.kind import Fault

FOREIGN_ID_OFFSET = 900_000_000
"""What `foreign_rows` adds to an id; no world has fixtures with such ids."""


def empty_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send the include named `include` as an empty array."""
    name = str(fault["include"]).lower()
    return [{**row, name: []} if name in row and _applies(fault, row) else row for row in rows]


def missing_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Omit the key of the include named `include`."""
    name = str(fault["include"]).lower()
    return [
        {key: value for key, value in row.items() if key != name} if _applies(fault, row) else row
        for row in rows
    ]


def object_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send the include named `include` as an object by index, like PHP does for sparse lists."""
    name = str(fault["include"]).lower()
    return [
        {**row, name: {str(2 * place + 1): element for place, element in enumerate(row[name])}}
        if isinstance(row.get(name), list) and _applies(fault, row)
        else row
        for row in rows
    ]


def other_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send `value` instead of the include named `include`."""
    name = str(fault["include"]).lower()
    return [
        {**row, name: fault["value"]} if name in row and _applies(fault, row) else row
        for row in rows
    ]


def missing_ids(fault: Fault, rows: list[Row]) -> list[Row]:
    """Omit the rows of `ids` (default: of `fixture_ids`)."""
    omitted = set(fault.get("ids") or fault.get("fixture_ids") or ())
    return [row for row in rows if row.get("id") not in omitted]


def null_rows(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send rows whose fields are all null, including the id: some plans do so for unknown ids."""
    return [dict.fromkeys(row) if _applies(fault, row) else row for row in rows]


def null_ids(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send rows whose id is null and whose other fields are right."""
    return [{**row, "id": None} if _applies(fault, row) else row for row in rows]


def foreign_rows(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send a copy of each row, under an id that was not requested, before the rows."""
    foreign = [
        {**row, "id": row["id"] + FOREIGN_ID_OFFSET}
        for row in rows
        if _applies(fault, row) and row.get("id") is not None
    ]
    return foreign + rows


def repeated_rows(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send each row twice."""
    return [row for row in rows for _ in range(2 if _applies(fault, row) else 1)]


def _applies(fault: Fault, row: Row) -> bool:
    only = fault.get("fixture_ids")
    return not only or row.get("id") in only


ROW_FAULTS: dict[str, Callable[[Fault, list[Row]], list[Row]]] = {
    "empty_include": empty_include,
    "missing_include": missing_include,
    "object_include": object_include,
    "other_include": other_include,
    "missing_ids": missing_ids,
    "null_rows": null_rows,
    "null_ids": null_ids,
    "foreign_rows": foreign_rows,
    "repeated_rows": repeated_rows,
}
