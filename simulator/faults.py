"""Faults on demand: what a real API does on a bad day.

A fault is a dict:

- `kind`: a name of the tables below;
- `path`: a regular expression that is searched in the request's path, default every path;
- `times`: only the next so many matching requests, or `share` (0 to 1): that share of them, drawn
  from `seed`; with neither, every matching request;
- `after`: not the first so many matching requests;
- `fixture_ids`: only requests that ask for one of these fixtures; kinds that change rows then
  change only these;
- and the kind's own fields, named in the docstring of its function.

A new kind is one function and one entry in one of the four tables.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.chance import generator
from simulator.errors import NO_RESULT

Row = dict[str, Any]
Fault = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """An answer that is given instead of the API's own."""

    status: int
    body: Any
    """Text is sent as it is, anything else as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


# ---------------------------------------------------------------------- instead of an answer


def status(fault: Fault, allowance: dict[str, str]) -> Answer:
    """`status`, `body` or `message` and `code`, `headers`."""
    body = fault.get("body")
    if body is None:
        body = {"message": fault.get("message", "Server Error")}
        if "code" in fault:
            body["code"] = fault["code"]
    headers = {str(name): str(value) for name, value in fault.get("headers", {}).items()}
    return Answer(int(fault.get("status", 500)), body, headers)


def html(fault: Fault, allowance: dict[str, str]) -> Answer:
    """Send an error page of a proxy with `status` (default 200)."""
    page = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
    return Answer(int(fault.get("status", 200)), page, content_type="text/html")


def redirect(fault: Fault, allowance: dict[str, str]) -> Answer:
    """Redirect to `location` with `status` (default 302)."""
    headers = {"Location": str(fault["location"])}
    return Answer(int(fault.get("status", 302)), "", headers, "text/html")


def burst_429(fault: Fault, allowance: dict[str, str]) -> Answer:
    """Refuse although the quota is far from spent: `retry_after` (default 1) in seconds.

    One operator of a live integration reports this burst limit, which "clears in seconds".
    """
    body = {
        "message": "You have reached your rate limit",
        "link": "https://docs.sportmonks.com/football/api/response-codes/other-exceptions",
        "reset_code": "c9920a03f111f49848fad06608df63ed",
    }
    return Answer(429, body, {**allowance, "Retry-After": str(fault.get("retry_after", 1))})


ANSWERS: dict[str, Callable[[Fault, dict[str, str]], Answer]] = {
    "status": status,
    "html": html,
    "redirect": redirect,
    "burst_429": burst_429,
}

# ---------------------------------------------------------------------- changed rows


def empty_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send the include named `include` as an empty array."""
    name = str(fault["include"]).lower()
    return [{**row, name: []} if name in row and _touches(fault, row) else row for row in rows]


def missing_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Leave out the key of the include named `include`."""
    name = str(fault["include"]).lower()
    return [
        {key: value for key, value in row.items() if key != name} if _touches(fault, row) else row
        for row in rows
    ]


def missing_ids(fault: Fault, rows: list[Row]) -> list[Row]:
    """Leave out the rows of `ids` (default: of `fixture_ids`)."""
    gone = set(fault.get("ids") or fault.get("fixture_ids") or ())
    return [row for row in rows if row.get("id") not in gone]


def null_rows(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send rows whose fields are all null, the id too: seen for unknown ids on some plans."""
    return [dict.fromkeys(row) if _touches(fault, row) else row for row in rows]


def _touches(fault: Fault, row: Row) -> bool:
    only = fault.get("fixture_ids")
    return not only or row.get("id") in only


ROWS: dict[str, Callable[[Fault, list[Row]], list[Row]]] = {
    "empty_include": empty_include,
    "missing_include": missing_include,
    "missing_ids": missing_ids,
    "null_rows": null_rows,
}

# ---------------------------------------------------------------------- changed envelope


def no_data(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send 200 with the message of "no result" and no `data`."""
    kept = {key: value for key, value in envelope.items() if key not in ("data", "pagination")}
    return {"message": NO_RESULT, **kept}


def quota_lie(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Claim `remaining` calls in headers and body, whatever is true."""
    headers["x-ratelimit-remaining"] = str(fault["remaining"])
    if "rate_limit" not in envelope:
        return envelope
    claimed = {**envelope["rate_limit"], "remaining": fault["remaining"]}
    return {**envelope, "rate_limit": claimed}


ENVELOPES: dict[str, Callable[[Fault, Row, dict[str, str]], Row]] = {
    "no_data": no_data,
    "quota_lie": quota_lie,
}

TRANSPORT = frozenset({"delay", "reset", "truncate"})
"""Kinds that the server itself does to the connection.

`delay` waits for `seconds` before anything else; `reset` aborts the TCP connection before any
answer; `truncate` sends the right Content-Length, half of the body, and closes.
"""

KINDS = frozenset(ANSWERS) | frozenset(ROWS) | frozenset(ENVELOPES) | TRANSPORT
_NEEDS = {
    "redirect": "location",
    "empty_include": "include",
    "missing_include": "include",
    "quota_lie": "remaining",
    "delay": "seconds",
}


class _Armed:
    def __init__(self, fault: Fault) -> None:
        kind = fault.get("kind")
        if kind not in KINDS:
            raise ValueError(
                f"unknown kind of fault {kind!r}; there are {', '.join(sorted(KINDS))}"
            )
        need = _NEEDS.get(kind)
        if need is not None and need not in fault:
            raise ValueError(f"a fault of kind {kind} needs the field {need!r}")
        self.fault = fault
        self.path = re.compile(str(fault.get("path", ".*")))
        self.left: int | None = int(fault["times"]) if "times" in fault else None
        self.spared = int(fault.get("after", 0))
        self.share = float(fault.get("share", 1.0))
        self.random = generator(int(fault.get("seed", 0)))
        self.fixture_ids = frozenset(fault.get("fixture_ids") or ())

    def strikes(self, path: str, fixture_ids: frozenset[int]) -> bool:
        if not self.path.search(path):
            return False
        if self.fixture_ids and not self.fixture_ids & fixture_ids:
            return False
        if self.spared > 0:
            self.spared -= 1
            return False
        if self.left is not None:
            if self.left <= 0:
                return False
            self.left -= 1
            return True
        return self.share >= 1.0 or self.random.random() < self.share


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        """Start without faults."""
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def set(self, faults: list[Fault]) -> None:
        """Replace all faults."""
        armed = [_Armed(fault) for fault in faults]
        with self._lock:
            self._armed = armed

    def strike(self, path: str, fixture_ids: frozenset[int]) -> list[Fault]:
        """Return the faults that hit one request, and count them as used."""
        with self._lock:
            return [armed.fault for armed in self._armed if armed.strikes(path, fixture_ids)]
