"""Faults that change the envelope around the rows; `quota_lie` also changes the headers."""

from __future__ import annotations

from collections.abc import Callable

from simulator.data.source import Row
from simulator.errors import NO_RESULT
from simulator.faults.kind import Fault


def no_data(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send 200 with the "no result" message and no `data`."""
    kept = {key: value for key, value in envelope.items() if key not in ("data", "pagination")}
    return {"message": NO_RESULT, **kept}


def null_data(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send 200 with null as `data` and no pagination."""
    kept = {key: value for key, value in envelope.items() if key != "pagination"}
    return {**kept, "data": None}


def object_data(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send `data` as an object by index, like PHP does for sparse lists; a single row as itself."""
    rows = envelope.get("data")
    if not isinstance(rows, list) or not rows:
        return envelope
    by_index = {str(index): row for index, row in enumerate(rows)}
    return {**envelope, "data": rows[0] if len(rows) == 1 else by_index}


def meta_list(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send `meta` of the subscription as an empty array, like PHP does for empty objects."""
    subscription, *others = envelope["subscription"]
    return {**envelope, "subscription": [{**subscription, "meta": []}, *others]}


def extra_keys(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Add unknown keys to the envelope and to its `rate_limit`."""
    rate_limit = {"burst": {"remaining": 5}, **envelope["rate_limit"]}
    return {"debug": {"queries": 3}, **envelope, "rate_limit": rate_limit}


def quota_lie(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Report `remaining` calls in headers and body, whatever the real number."""
    headers["x-ratelimit-remaining"] = str(fault["remaining"])
    if "rate_limit" not in envelope:
        return envelope
    claimed = {**envelope["rate_limit"], "remaining": fault["remaining"]}
    return {**envelope, "rate_limit": claimed}


ENVELOPE_FAULTS: dict[str, Callable[[Fault, Row, dict[str, str]], Row]] = {
    "no_data": no_data,
    "null_data": null_data,
    "object_data": object_data,
    "meta_list": meta_list,
    "extra_keys": extra_keys,
    "quota_lie": quota_lie,
}
