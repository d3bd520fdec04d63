"""The include of each request: the configured one, without the parts that the plan refuses."""

import re
import threading
from collections.abc import Callable, Sequence, Set
from datetime import datetime
from typing import Any

from extract.config.includes import (
    include_keys,
    include_parts,
    is_default,
    part_path,
    refused_scope,
    requested_text,
    without_parts,
)
from extract.errors import AccessError, IncludeRefusedError

# Sends a request with some parts of the include, to see whether the plan refuses them.
Probe = Callable[[str], object]


class RequestedInclude:
    """Leaves out the parts of the default include that the plan refuses.

    Safe for several threads: while one finds out which part is refused, the others wait.

    Args:
        include: the configured one, as the API writes it.
        refused: parts of the default include that the plan is known to refuse, in lower case.
        on_refused: called with each further part that it refuses, as it is configured.
    """

    def __init__(
        self,
        include: str,
        refused: Set[str] = frozenset(),
        on_refused: Callable[[str], None] = lambda part: None,
    ) -> None:
        self._configured = include
        self._refused = {part for part in refused if is_default(part)}
        self._on_refused = on_refused
        self._new: list[str] = []
        self._error: AccessError | None = None
        self._lock = threading.Lock()
        self.text = without_parts(include, self._refused)

    @property
    def keys(self) -> frozenset[str]:
        """The keys that it adds to a fixture."""
        return include_keys(self.text)

    @property
    def recorded(self) -> str:
        """The include in the form of the column `requested_include`."""
        return requested_text(self.text)

    def take_refused(self) -> list[str]:
        """Returns the newly refused parts since the last time, in lower case."""
        with self._lock:
            new, self._new = self._new, []
        return new

    def refused(self, include: str, error: IncludeRefusedError, probe: Probe) -> None:
        """Leaves out the part that the plan refuses.

        Args:
            include: the include of the request.
            error: the refusal.
            probe: requests one fixture with some parts of the include.

        Raises:
            AccessError: the part is not one of the default include, or no part is refused alone.
            RequestError, StoppedError: a probe failed.
        """
        with self._lock:
            if self._error:
                raise self._error
            if include != self.text:
                return  # another thread has left it out meanwhile
            part = _refused_part(include, error, probe)
            spelling = next(
                (p.strip() for p in self._configured.split(";") if p.strip().lower() == part), ""
            )
            if part is None or not is_default(part):
                refused = f"the include {spelling}" if part else "the include as a whole"
                advice = "take it" if part else "no part alone is refused, so take parts"
                self._error = AccessError(
                    f"The plan refuses {refused} (HTTP {error.status}): {advice} out of `include` "
                    "in .dlt/config.toml or SOURCES__SPORTMONKS__INCLUDE.",
                    error.status,
                )
                raise self._error
            self._refused.add(part)
            self._new.append(part)
            self.text = without_parts(self._configured, self._refused)
        self._on_refused(spelling)


def _refused_part(include: str, error: IncludeRefusedError, probe: Probe) -> str | None:
    """The part that the plan refuses, by the API's message, else by requests with some parts.

    None if it refuses no part alone.
    """
    parts = list(include_parts(include))
    suspects = _named(parts, str(error)) or parts
    is_refused = True
    while len(suspects) > 1:
        half = suspects[: len(suspects) // 2]
        is_refused = _is_refused(half, probe)
        suspects = half if is_refused else suspects[len(half) :]
    return suspects[0] if is_refused or _is_refused(suspects, probe) else None


def _is_refused(parts: Sequence[str], probe: Probe) -> bool:
    try:
        probe(";".join(parts))
    except IncludeRefusedError:
        return True
    return False


def _named(parts: Sequence[str], message: str) -> list[str]:
    """The parts that a message names in quotes, by their path or one name of it."""
    names = [name.lower() for name in re.findall(r"['\"`]([\w.]+)['\"`]", message)]
    for reading in (_whole_path, _names):
        if found := [part for part in parts if any(name in reading(part) for name in names)]:
            return found
    return []


def _whole_path(part: str) -> Sequence[str]:
    return (part_path(part),)


def _names(part: str) -> Sequence[str]:
    return part_path(part).split(".")


def refused_row(part: str, refused_at: datetime | None, at: datetime) -> dict[str, Any]:
    """The row of `listing_log` about a part of the include.

    Args:
        part: in lower case.
        refused_at: when the plan refused it; None if it does not refuse it now.
        at: the time of the request.
    """
    return {
        "scope": refused_scope(part),
        "listed_at": refused_at,
        "new_fixtures_checked_at": at,
    }
