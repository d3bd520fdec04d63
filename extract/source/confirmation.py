"""What an answer shows that a later one must confirm: that a fixture is gone, or became empty.

What Sportmonks sends when nothing is found is also what a brief failure looks like, and a failure
lasts for longer than a second request takes.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from extract.payload.fixture import Fixture


@dataclass(frozen=True)
class Unconfirmed:
    """What the answers for a fixture have shown so far, as `fixture_checks` keeps it.

    Attributes:
        times_missing: how many runs in a row did not get the fixture.
        empty_keys: includes that became empty, or that a new fixture was stored without.
        empty_since: when the first answer showed that; None if none of them is empty.
        confirmations: how many later answers confirmed it. They count when they come
            `confirm_after` or later after the last one that counted.
        counted_at: when the last answer came that counted.
    """

    times_missing: int = 0
    empty_keys: frozenset[str] = frozenset()
    empty_since: datetime | None = None
    confirmations: int = 0
    counted_at: datetime | None = None

    def counts(self, at: datetime, confirm_after: timedelta) -> bool:
        """Whether an answer of this time counts."""
        return self.counted_at is None or at - self.counted_at >= confirm_after

    def missing(self) -> "Unconfirmed":
        """After a run that did not get the fixture."""
        return replace(self, times_missing=self.times_missing + 1)

    def empty(
        self, keys: Set[str], absent: Set[str], at: datetime, confirm_after: timedelta
    ) -> "Unconfirmed":
        """After an answer with the fixture.

        Args:
            keys: includes that became empty.
            absent: includes that it lacks, which neither confirms nor refutes that they are empty.
            at: when it came.
            confirm_after: from when on it confirms what was shown before.
        """
        if not keys <= self.empty_keys:
            return Unconfirmed(empty_keys=frozenset(keys), empty_since=at, counted_at=at)
        still_empty = self.empty_keys & (keys | absent)
        if not still_empty:
            return CONFIRMED
        found = replace(self, times_missing=0, empty_keys=still_empty)
        if absent or not self.counts(at, confirm_after):
            return found
        return replace(found, confirmations=self.confirmations + 1, counted_at=at)


CONFIRMED = Unconfirmed()
"""Nothing is left to be confirmed."""


def confirmations_needed(fixture: Fixture, empty_keys: Set[str]) -> int:
    """How many later answers must confirm that includes became empty.

    One, and two where events are gone although the score counts goals, or with the score.
    """
    is_contradicted = fixture.has_goals or "scores" in empty_keys
    return 2 if "events" in empty_keys and is_contradicted else 1
