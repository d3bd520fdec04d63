"""State of a fixture that later responses must confirm: it is missing, or an include became empty.

An empty response may be a transient error, and such an error often outlasts a second request.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from extract.payload.fixture import Fixture


@dataclass(frozen=True)
class Unconfirmed:
    """What is not confirmed yet of a fixture; columns of `fixture_checks`.

    Attributes:
        times_missing: consecutive responses that counted and lacked the fixture.
        empty_keys: includes that became empty, or that a new fixture was stored without.
        empty_since: time of the first such response; None if no include is empty.
        confirmations: number of later responses that confirmed it. A response counts only if it
            comes at least `confirm_after` later than the last one that counted. The same holds for
            `times_missing`.
        counted_at: time of the last response that counted.
    """

    times_missing: int = 0
    empty_keys: frozenset[str] = frozenset()
    empty_since: datetime | None = None
    confirmations: int = 0
    counted_at: datetime | None = None

    def counts(self, at: datetime, confirm_after: timedelta) -> bool:
        """Whether a response of this time counts."""
        return self.counted_at is None or at - self.counted_at >= confirm_after

    def missing(self, at: datetime, confirm_after: timedelta) -> "Unconfirmed":
        """The state after a response without the fixture; arguments as in `empty`."""
        if self.times_missing and not self.counts(at, confirm_after):
            return self
        return replace(self, times_missing=self.times_missing + 1, counted_at=at)

    def empty(
        self, keys: Set[str], absent: Set[str], at: datetime, confirm_after: timedelta
    ) -> "Unconfirmed":
        """The state after a response with the fixture.

        Args:
            keys: includes that became empty.
            absent: includes that it lacks, which neither confirms nor refutes that they are empty.
            at: time of the response.
            confirm_after: a response counts only if it comes so much later than the last one.
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
"""The state of a fixture with nothing left to confirm."""


def confirmations_needed(fixture: Fixture, empty_keys: Set[str]) -> int:
    """How many later responses must confirm that includes became empty.

    One; two if the events are gone although the score has goals, or together with the scores.
    """
    is_contradicted = fixture.has_goals or "scores" in empty_keys
    return 2 if "events" in empty_keys and is_contradicted else 1
