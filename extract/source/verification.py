"""Responses that a second request has to confirm."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from extract.source.outcome import Outcome


@dataclass
class PendingConfirmation:
    """Fixtures to be asked for a second time.

    Attributes:
        held: by fixture, the outcome while what became empty, or is not there, is not confirmed.
        unanswered: those whose answer had no row at all.
        lacking: others whose whole answer had no trace of an include: what it said otherwise, and
            which includes.
        keys_seen: the keys that any fixture had.
    """

    held: dict[int, Outcome] = field(default_factory=dict)
    unanswered: set[int] = field(default_factory=set)
    lacking: dict[int, tuple[Outcome, Set[str]]] = field(default_factory=dict)
    keys_seen: Set[str] = frozenset()

    @property
    def ids(self) -> set[int]:
        return {*self.held, *self.unanswered, *self.lacking}


def lacks_note(keys: Set[str]) -> str:
    return f"The answer lacks {join_keys(keys)}; the stored payload has it."


def join_keys(keys: Set[str]) -> str:
    return ", ".join(sorted(keys))
