"""Faults that a test switches on: the ways in which a real API fails.

A fault is a dict:

- `kind`: a name in the tables of this package;
- `path`: a regular expression that is searched in the path of each request, default every path
  (for `foreign_rows`: the paths of fixtures);
- `times`: only the next so many matching requests, or `share` (0 to 1): a random share of them,
  drawn from `seed`; with neither, every matching request;
- `after`: not the first so many matching requests;
- `in_flight`: only while more than so many requests are in progress, including the request itself;
- `fixture_ids`: only requests for one of these fixtures; kinds that change rows then change only
  these;
- the fields of its kind, in the docstring of the kind's function.

To add a kind, write one function and add it to one of the tables.
"""

from __future__ import annotations

import re
import threading

from simulator.faults.body import BODY_FAULTS, ENCODING_FAULTS
from simulator.faults.connection import CONNECTION_FAULTS
from simulator.faults.envelope import ENVELOPE_FAULTS
from simulator.faults.kind import Fault
from simulator.faults.responses import RESPONSE_FAULTS
from simulator.faults.rows import ROW_FAULTS
from simulator.randomness import generator

KINDS = frozenset({"delay"}).union(
    CONNECTION_FAULTS, RESPONSE_FAULTS, ROW_FAULTS, ENVELOPE_FAULTS, BODY_FAULTS, ENCODING_FAULTS
)
"""All kinds. `delay` waits for `seconds` before anything else happens."""

_REQUIRED_FIELDS = {
    "redirect": "location",
    "empty_include": "include",
    "missing_include": "include",
    "object_include": "include",
    "other_include": "include",
    "quota_lie": "remaining",
    "delay": "seconds",
}
_DEFAULT_PATHS = {"foreign_rows": "/fixtures"}


class _ActiveFault:
    def __init__(self, fault: Fault) -> None:
        kind = fault.get("kind")
        if kind not in KINDS:
            raise ValueError(
                f"unknown kind of fault: {kind!r}; choose from {', '.join(sorted(KINDS))}"
            )
        required = _REQUIRED_FIELDS.get(kind)
        if required is not None and required not in fault:
            raise ValueError(f"a fault of kind {kind} needs the field {required!r}")
        self.fault = fault
        self.path = re.compile(str(fault.get("path", _DEFAULT_PATHS.get(kind, ".*"))))
        self.remaining: int | None = int(fault["times"]) if "times" in fault else None
        self.to_skip = int(fault.get("after", 0))
        self.in_flight = int(fault.get("in_flight", 0))
        self.share = float(fault.get("share", 1.0))
        self.random = generator(int(fault.get("seed", 0)))
        self.fixture_ids = frozenset(fault.get("fixture_ids") or ())

    def applies(self, path: str, fixture_ids: frozenset[int], in_flight: int) -> bool:
        if not self.path.search(path):
            return False
        if self.fixture_ids and not self.fixture_ids & fixture_ids:
            return False
        if in_flight <= self.in_flight:
            return False
        if self.to_skip > 0:
            self.to_skip -= 1
            return False
        if self.remaining is not None:
            if self.remaining <= 0:
                return False
            self.remaining -= 1
            return True
        return self.share >= 1.0 or self.random.random() < self.share


class Faults:
    """The faults that are active."""

    def __init__(self) -> None:
        """Start without faults."""
        self._lock = threading.Lock()
        self._active: list[_ActiveFault] = []

    def set(self, faults: list[Fault]) -> None:
        """Replace all faults.

        Raises:
            ValueError: A kind is unknown, or a field is missing.
        """
        active = [_ActiveFault(fault) for fault in faults]
        with self._lock:
            self._active = active

    def matching(self, path: str, fixture_ids: frozenset[int], in_flight: int) -> list[Fault]:
        """Return the faults that apply to a request, and count them as used.

        `in_flight` is the number of requests in progress, including this one.
        """
        with self._lock:
            return [
                active.fault
                for active in self._active
                if active.applies(path, fixture_ids, in_flight)
            ]
