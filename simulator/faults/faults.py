"""Faults on demand: what a real API does on a bad day.

A fault is a dict:

- `kind`: a name of the tables below;
- `path`: a regular expression that is searched in the request's path, default every path (for
  `foreign_rows` those of fixtures);
- `times`: only the next so many matching requests, or `share` (0 to 1): that share of them, drawn
  from `seed`; with neither, every matching request;
- `after`: not the first so many matching requests;
- `in_flight`: only while more than so many requests are under way, the struck one included;
- `fixture_ids`: only requests that ask for one of these fixtures; kinds that change rows then
  change only these;
- and the kind's own fields, named in the docstring of its function.

A new kind is one function and one entry in one of the tables.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import NO_RESULT
from simulator.randomness import generator

Row = dict[str, Any]
Fault = dict[str, Any]

FOREIGN = 900_000_000
"""What `foreign_rows` adds to an id: no world has fixtures up there."""


@dataclass(slots=True)
class Answer:
    """An answer that is given instead of the API's own."""

    status: int
    body: Any
    """Text is sent as it is, anything else as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


# ---------------------------------------------------------------------- instead of an answer


def status(fault: Fault, allowance: dict[str, str], sent: Mapping[str, str]) -> Answer:
    """`status`, `body` or `message` and `code`, `headers`."""
    body = fault.get("body")
    if body is None:
        body = {"message": fault.get("message", "Server Error")}
        if "code" in fault:
            body["code"] = fault["code"]
    headers = {str(name): str(value) for name, value in fault.get("headers", {}).items()}
    return Answer(int(fault.get("status", 500)), body, headers)


def html(fault: Fault, allowance: dict[str, str], sent: Mapping[str, str]) -> Answer:
    """Send an error page of a proxy with `status` (default 200)."""
    page = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
    return Answer(int(fault.get("status", 200)), page, content_type="text/html")


def redirect(fault: Fault, allowance: dict[str, str], sent: Mapping[str, str]) -> Answer:
    """Redirect to `location` with `status` (default 302)."""
    headers = {"Location": str(fault["location"])}
    return Answer(int(fault.get("status", 302)), "", headers, "text/html")


def burst_429(fault: Fault, allowance: dict[str, str], sent: Mapping[str, str]) -> Answer:
    """Refuse although the quota is far from spent; `retry_after` in seconds (default 1), or null.

    One operator of a live integration reports this burst limit, which "clears in seconds".
    """
    body = {
        "message": "You have reached your rate limit",
        "link": "https://docs.sportmonks.com/football/api/response-codes/other-exceptions",
        "reset_code": "c9920a03f111f49848fad06608df63ed",
    }
    retry_after = fault.get("retry_after", 1)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(429, body, {**allowance, **headers})


def echo_token(fault: Fault, allowance: dict[str, str], sent: Mapping[str, str]) -> Answer:
    """Fail with `status` (default 500) and repeat the Authorization header in the message."""
    message = f"The token {sent.get('authorization')} could not be looked up"
    return Answer(int(fault.get("status", 500)), {"message": message})


ANSWERS: dict[str, Callable[[Fault, dict[str, str], Mapping[str, str]], Answer]] = {
    "status": status,
    "html": html,
    "redirect": redirect,
    "burst_429": burst_429,
    "echo_token": echo_token,
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


def object_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send the include named `include` as PHP writes a list with gaps: an object by index."""
    name = str(fault["include"]).lower()
    return [
        {**row, name: {str(2 * place + 1): element for place, element in enumerate(row[name])}}
        if isinstance(row.get(name), list) and _touches(fault, row)
        else row
        for row in rows
    ]


def other_include(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send `value` instead of the include named `include`."""
    name = str(fault["include"]).lower()
    return [
        {**row, name: fault["value"]} if name in row and _touches(fault, row) else row
        for row in rows
    ]


def missing_ids(fault: Fault, rows: list[Row]) -> list[Row]:
    """Leave out the rows of `ids` (default: of `fixture_ids`)."""
    gone = set(fault.get("ids") or fault.get("fixture_ids") or ())
    return [row for row in rows if row.get("id") not in gone]


def null_rows(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send rows whose fields are all null, the id too: seen for unknown ids on some plans."""
    return [dict.fromkeys(row) if _touches(fault, row) else row for row in rows]


def null_ids(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send rows that keep all of their fields but the id, which is null."""
    return [{**row, "id": None} if _touches(fault, row) else row for row in rows]


def foreign_rows(fault: Fault, rows: list[Row]) -> list[Row]:
    """Put before the rows a copy of each under an id that nobody asked for."""
    foreign = [
        {**row, "id": row["id"] + FOREIGN}
        for row in rows
        if _touches(fault, row) and row.get("id") is not None
    ]
    return foreign + rows


def repeated_rows(fault: Fault, rows: list[Row]) -> list[Row]:
    """Send each row twice."""
    return [row for row in rows for _ in range(2 if _touches(fault, row) else 1)]


def _touches(fault: Fault, row: Row) -> bool:
    only = fault.get("fixture_ids")
    return not only or row.get("id") in only


ROWS: dict[str, Callable[[Fault, list[Row]], list[Row]]] = {
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

# ---------------------------------------------------------------------- changed envelope


def no_data(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send 200 with the message of "no result" and no `data`."""
    kept = {key: value for key, value in envelope.items() if key not in ("data", "pagination")}
    return {"message": NO_RESULT, **kept}


def null_data(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send 200 with null as `data` and no pagination."""
    kept = {key: value for key, value in envelope.items() if key != "pagination"}
    return {**kept, "data": None}


def object_data(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send a list as PHP writes one with gaps: an object by index; a single row stands bare."""
    rows = envelope.get("data")
    if not isinstance(rows, list) or not rows:
        return envelope
    by_index = {str(index): row for index, row in enumerate(rows)}
    return {**envelope, "data": rows[0] if len(rows) == 1 else by_index}


def meta_list(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Send `meta` of the subscription as an empty array, as PHP writes an empty object."""
    subscription, *others = envelope["subscription"]
    return {**envelope, "subscription": [{**subscription, "meta": []}, *others]}


def extra_keys(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Add keys that nobody knows to the envelope and to its `rate_limit`."""
    rate_limit = {"burst": {"remaining": 5}, **envelope["rate_limit"]}
    return {"debug": {"queries": 3}, **envelope, "rate_limit": rate_limit}


def quota_lie(fault: Fault, envelope: Row, headers: dict[str, str]) -> Row:
    """Claim `remaining` calls in headers and body, whatever is true."""
    headers["x-ratelimit-remaining"] = str(fault["remaining"])
    if "rate_limit" not in envelope:
        return envelope
    claimed = {**envelope["rate_limit"], "remaining": fault["remaining"]}
    return {**envelope, "rate_limit": claimed}


ENVELOPES: dict[str, Callable[[Fault, Row, dict[str, str]], Row]] = {
    "no_data": no_data,
    "null_data": null_data,
    "object_data": object_data,
    "meta_list": meta_list,
    "extra_keys": extra_keys,
    "quota_lie": quota_lie,
}

# ---------------------------------------------------------------------- changed bytes

# A letter that is not the first of its string; a number under another key than an id's.
_LETTER = re.compile(rb'(:"[^"\\]+?)[A-Za-z]')
_NUMBER = re.compile(rb'("\w*(?<!id)":)-?\d[\d.eE+-]*')


def invalid_utf8(fault: Fault, body: bytes) -> bytes:
    """Put the byte FF, which UTF-8 never has, in place of a letter of a string of `data`."""
    return _replaced_in_data(_LETTER, rb"\1" + b"\xff", body)


def nan(fault: Fault, body: bytes) -> bytes:
    """Put a bare NaN, which JSON does not have, in place of a number of `data`."""
    return _replaced_in_data(_NUMBER, rb"\1NaN", body)


def cut_body(fault: Fault, body: bytes) -> bytes:
    """Send half of the body as if it were the whole."""
    return body[: len(body) // 2]


def empty_body(fault: Fault, body: bytes) -> bytes:
    """Send 200 without a single byte."""
    return b""


def large_body(fault: Fault, body: bytes) -> bytes:
    """Fill the answer up to `megabytes` (default 30) with a key `padding`; it stays valid JSON."""
    opened, closed = body[:-1] + b',"padding":"', b'"}'
    size = int(float(fault.get("megabytes", 30)) * 1_000_000)
    return opened + b"x" * (size - len(opened) - len(closed)) + closed


def _replaced_in_data(pattern: re.Pattern[bytes], replacement: bytes, body: bytes) -> bytes:
    """Replace the first match in `data`, or the next one where `data` has none."""
    start = max(0, body.find(b'"data":'))
    return body[:start] + pattern.sub(replacement, body[start:], count=1)


BODIES: dict[str, Callable[[Fault, bytes], bytes]] = {
    "invalid_utf8": invalid_utf8,
    "nan": nan,
    "cut_body": cut_body,
    "empty_body": empty_body,
    "large_body": large_body,
}

# ---------------------------------------------------------------------- wrong compression


def lying_gzip(body: bytes) -> bytes:
    """Send the body as it is, under a header that says gzip."""
    return body


def broken_gzip(body: bytes) -> bytes:
    """Send gzip that is damaged in the middle."""
    packer = zlib.compressobj(wbits=31)
    half = len(body) // 2
    # After a flush a block begins, and no block begins with FF: what is damaged elsewhere may
    # unpack to something else, or to the same with a wrong checksum.
    first = packer.compress(body[:half]) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + b"\xff" + packer.compress(body[half:]) + packer.flush()


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "lying_gzip": lying_gzip,
    "broken_gzip": broken_gzip,
}
"""From a body to what is sent as gzip, whether the client accepts that or not."""

TRANSPORT = frozenset({"delay", "reset", "truncate", "drip", "drip_headers", "flood", "hang"})
"""Kinds that the server itself does to the connection.

`delay` waits for `seconds` before anything else; `reset` aborts the TCP connection before any
answer; `truncate` sends the right Content-Length, half of the body, and closes; `drip` sends the
body a byte at a time with `seconds` (default 0.2) between them; `drip_headers` does so with the
headers, without end; `flood` sends a JSON object of `megabytes` (default 1000), compressed if
`packed`; `hang` never answers, and closes after `seconds` (default 3600).
"""

KINDS = TRANSPORT.union(ANSWERS, ROWS, ENVELOPES, BODIES, ENCODINGS)
_NEEDS = {
    "redirect": "location",
    "empty_include": "include",
    "missing_include": "include",
    "object_include": "include",
    "other_include": "include",
    "quota_lie": "remaining",
    "delay": "seconds",
}
_DEFAULT_PATHS = {"foreign_rows": "/fixtures"}


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
        self.path = re.compile(str(fault.get("path", _DEFAULT_PATHS.get(kind, ".*"))))
        self.left: int | None = int(fault["times"]) if "times" in fault else None
        self.spared = int(fault.get("after", 0))
        self.in_flight = int(fault.get("in_flight", 0))
        self.share = float(fault.get("share", 1.0))
        self.random = generator(int(fault.get("seed", 0)))
        self.fixture_ids = frozenset(fault.get("fixture_ids") or ())

    def strikes(self, path: str, fixture_ids: frozenset[int], in_flight: int) -> bool:
        if not self.path.search(path):
            return False
        if self.fixture_ids and not self.fixture_ids & fixture_ids:
            return False
        if in_flight <= self.in_flight:
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

    def strike(self, path: str, fixture_ids: frozenset[int], in_flight: int) -> list[Fault]:
        """Return the faults that hit one of so many requests under way, and count them as used."""
        with self._lock:
            return [
                armed.fault for armed in self._armed if armed.strikes(path, fixture_ids, in_flight)
            ]
