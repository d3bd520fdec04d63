"""The outcome of a request for each fixture."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from extract.api.responses import ApiCall
from extract.errors import RequestError
from extract.payload.fixture import Fixture, StoredVersion
from extract.source.confirmation import CONFIRMED, Unconfirmed

OutcomeName = Literal["stored", "unchanged", "missing", "unconfirmed", "failed"]
OUTCOMES: tuple[OutcomeName, ...] = ("stored", "unchanged", "missing", "unconfirmed", "failed")


@dataclass(frozen=True)
class Outcome:
    """What became of one fixture id.

    Attributes:
        id: the id that was asked for.
        name: `stored` (new or changed), `unchanged` (says what is stored already), `missing` (the
            API does not return it), `held` (an emptiness not yet confirmed), `failed` (no answer).
        checked_at: when that was known.
        fixture: what the API sent, if it is to be stored.
        unconfirmed: what later answers must confirm.
        note: why, for `held` and `failed`.
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
        replaced: what is stored of fixtures that have changed.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    calls: list[ApiCall] = field(default_factory=list)
    replaced: Sequence[StoredVersion] = ()


@dataclass
class BatchResult:
    """What came of a batch.

    Attributes:
        outcomes: by fixture.
        answers: those of them that came in one answer, and the keys that its fixtures have.
        stop: the error that makes further requests pointless.
        is_over: whether nothing more is to be asked.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    answers: list[tuple[list[Outcome], Set[str]]] = field(default_factory=list)
    stop: RequestError | None = None
    is_over: bool = False

    def add(self, outcomes: list[Outcome], keys: Set[str]) -> None:
        self.outcomes += outcomes
        self.answers.append((outcomes, keys))


OnBatch = Callable[[Batch], None]
