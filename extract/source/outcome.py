"""The outcome of a request for each fixture."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from extract.api.responses import ApiCall
from extract.payload.fixture import Fixture, StoredVersion
from extract.source.confirmation import CONFIRMED, Unconfirmed
from extract.stop_reason import StopReason

OutcomeName = Literal["stored", "unchanged", "missing", "unconfirmed", "failed"]
OUTCOMES: tuple[OutcomeName, ...] = ("stored", "unchanged", "missing", "unconfirmed", "failed")


@dataclass(frozen=True)
class Outcome:
    """The outcome of one requested fixture id.

    Attributes:
        id: the requested id.
        name: `stored` (new or changed), `unchanged` (content equal to the stored payload),
            `missing` (the API does not return it), `unconfirmed` (an include is missing or became
            empty, and no later response confirms it yet), `failed` (no usable response). Content
            that comes in another order is `stored` until `compare_with_stored` has read the stored
            payload.
        checked_at: when that was known.
        fixture: the payload that is to be stored, if any.
        unconfirmed: what later responses must confirm.
        note: the reason of `unconfirmed` and `failed`.
    """

    id: int
    name: OutcomeName
    checked_at: datetime
    fixture: Fixture | None = None
    unconfirmed: Unconfirmed = CONFIRMED
    note: str | None = None


@dataclass(frozen=True)
class Batch:
    """Outcomes that became known together, and the calls made meanwhile.

    Attributes:
        outcomes: by fixture.
        calls: in the order in which they were sent.
        replaced: the stored versions of fixtures that have changed.
        stop_reason: the error that ended the fetch, if one did.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    calls: list[ApiCall] = field(default_factory=list)
    replaced: list[StoredVersion] = field(default_factory=list)
    stop_reason: StopReason | None = None


@dataclass
class BatchResult:
    """The result of one batch of ids and of the halves it was split into.

    Attributes:
        outcomes: by fixture.
        responses: outcomes that came in one response, with the keys of its fixtures.
        stop_reason: why no further request is to be sent; None if the fetch goes on.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    responses: list[tuple[list[Outcome], Set[str]]] = field(default_factory=list)
    stop_reason: StopReason | None = None

    def add(self, outcomes: list[Outcome], keys: Set[str]) -> None:
        """Adds the outcomes of one response.

        Args:
            outcomes: one for each requested id.
            keys: the keys that any of its fixtures has.
        """
        self.outcomes += outcomes
        self.responses.append((outcomes, keys))


OnBatch = Callable[[Batch], None]
