"""Finds outcomes that a second response should verify, and combines both responses.

A missing fixture, an include that became empty, or a whole response without an include may be a
transient error: a second request within the same chunk often has the data again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import timedelta

from extract.api.clock import ApiClock
from extract.payload.fixture import Fixture
from extract.source.confirmation import CONFIRMED, Unconfirmed, confirmations_needed
from extract.source.outcome import BatchResult, Outcome
from extract.source.stored_fixtures import StoredFixtures
from extract.stop_reason import StopReason, most_serious


@dataclass
class PendingConfirmation:
    """Fixtures to be requested a second time.

    Attributes:
        unconfirmed: outcomes with an include that is missing or became empty, by fixture.
        without_rows: fixtures of responses that had no row at all.
        missing_includes: fixtures of responses in which no fixture had some include: the outcome,
            and these includes.
        keys_seen: the keys that any fixture had.
    """

    unconfirmed: dict[int, Outcome] = field(default_factory=dict)
    without_rows: set[int] = field(default_factory=set)
    missing_includes: dict[int, tuple[Outcome, Set[str]]] = field(default_factory=dict)
    keys_seen: Set[str] = frozenset()

    @property
    def ids(self) -> set[int]:
        """All these fixtures."""
        return {*self.unconfirmed, *self.without_rows, *self.missing_includes}


class Verification:
    """Verifies the outcomes of one fetch.

    Args:
        stored: the stored payloads, and what earlier responses left unconfirmed.
        include_keys: returns the keys that the requested includes add to a payload.
        confirm_after: a response confirms an earlier one only if it comes so much later.
        clock: the API's time.

    Attributes:
        pending: outcomes that need a second response.
    """

    def __init__(
        self,
        stored: StoredFixtures,
        include_keys: Callable[[], Set[str]],
        confirm_after: timedelta,
        clock: ApiClock,
    ) -> None:
        self._stored = stored
        self._keys = include_keys
        self._confirm_after = confirm_after
        self._clock = clock
        self.pending = PendingConfirmation()

    @property
    def _include_keys(self) -> Set[str]:
        return self._keys()

    def settled(self, result: BatchResult) -> list[Outcome]:
        """The final outcomes of a first request; the others become `pending`."""
        pending = self.pending
        outcomes = {o.id: self._checked(o, self._stored.unconfirmed(o.id)) for o in result.outcomes}
        for id, outcome in outcomes.items():
            # Includes that were empty before are left to a later run.
            is_first = outcome.unconfirmed.empty_since in (None, outcome.checked_at)
            if outcome.name == "unconfirmed" and is_first:
                pending.unconfirmed[id] = outcome
        for response, keys in result.responses:
            if all(outcome.name == "missing" for outcome in response):
                # Only the first time: a fixture that is gone for good must not cost two calls.
                if not all(self._stored.unconfirmed(o.id).times_missing for o in response):
                    pending.without_rows.update(outcome.id for outcome in response)
                continue
            pending.keys_seen |= keys
            if missing := self._include_keys - keys:
                stored = self._stored_payloads(response)
                for outcome in (outcomes[each.id] for each in response):
                    # A stored payload without the include may well be complete.
                    known = stored.get(outcome.id)
                    lost = missing & known.keys if known else missing
                    if outcome.fixture and lost and outcome.name != "unconfirmed":
                        pending.missing_includes[outcome.id] = outcome, lost
        return [outcome for id, outcome in outcomes.items() if id not in pending.ids]

    def not_in_plan(self) -> list[Outcome]:
        """Final outcomes of fixtures that lack only includes which no response has."""
        pending = self.pending
        found = {
            id: outcome
            for id, (outcome, missing) in pending.missing_includes.items()
            if not missing & pending.keys_seen
        }
        for id in found:
            del pending.missing_includes[id]
        return list(found.values())

    def settled_by_second(self, results: Iterable[BatchResult]) -> Iterator[Outcome]:
        """The final outcomes of what was pending.

        Args:
            results: of the second request for the ids of `pending`.
        """
        unconfirmed = dict(self.pending.unconfirmed)
        without_rows = set(self.pending.without_rows)
        missing_includes = {
            id: missing & self.pending.keys_seen
            for id, (_, missing) in self.pending.missing_includes.items()
        }
        stop_reason: StopReason | None = None
        for result in results:
            stop_reason = most_serious(stop_reason, result.stop_reason)
            for outcome in result.outcomes:
                id = outcome.id
                if id in unconfirmed:
                    if outcome.name not in ("missing", "failed"):
                        yield self._checked(outcome, unconfirmed.pop(id).unconfirmed)
                    continue
                without_rows.discard(id)
                yield self._still_missing(
                    self._checked(outcome, self._stored.unconfirmed(id)),
                    missing_includes.pop(id, frozenset()),
                )
        yield from unconfirmed.values()
        if stop_reason and not stop_reason.error:
            # Fixtures that a stopped run does not request have no outcome.
            return
        not_requested = f"Not requested again: {stop_reason.text}" if stop_reason else ""
        for id in sorted(without_rows):
            note = "Neither the first nor the second response had a row."
            yield self.failed(id, not_requested or note)
        for id in sorted(missing_includes):
            note = "An include was missing, and the second request failed."
            yield self.failed(id, not_requested or note)

    def failed(self, id: int, note: str) -> Outcome:
        """The outcome of a fixture without a usable response."""
        before = self._stored.unconfirmed(id)
        return Outcome(id, "failed", self._clock.now(), unconfirmed=before, note=note)

    def _checked(self, outcome: Outcome, before: Unconfirmed) -> Outcome:
        """The outcome, `unconfirmed` while an empty or missing include is not confirmed.

        Args:
            outcome: of a response, by its payload alone.
            before: what earlier responses left unconfirmed.
        """
        if outcome.name not in ("stored", "unchanged"):
            return outcome
        at, fixture = outcome.checked_at, outcome.fixture
        non_empty = self._stored.non_empty_keys(outcome.id)
        if fixture and (lost := (non_empty & self._include_keys) - fixture.non_empty_keys):
            absent = lost - fixture.keys
            found = before.empty(lost - absent, absent, at, self._confirm_after)
            needed = confirmations_needed(fixture, lost)
            if not absent and found.confirmations >= needed:
                return outcome
            times = f"confirmed {found.confirmations} of {needed} times"
            note = _missing_note(absent) if absent else f"{_join(lost)} became empty; {times}."
            return Outcome(outcome.id, "unconfirmed", at, unconfirmed=found, note=note)
        # Includes that a new fixture was stored without.
        missing = (before.empty_keys & self._include_keys) - non_empty
        missing -= fixture.keys if fixture else frozenset()
        if missing and not before.counts(at, self._confirm_after):
            note = f"Stored without {_join(missing)}; not confirmed yet."
            before = replace(before, times_missing=0)
            return replace(outcome, name="unconfirmed", unconfirmed=before, note=note)
        return outcome

    def _still_missing(self, outcome: Outcome, missing: Set[str]) -> Outcome:
        """The outcome of a second response, `unconfirmed` if it lacks the same includes.

        A new fixture is stored as it is, because there is no earlier payload to keep.
        """
        if not outcome.fixture or not (missing := missing - outcome.fixture.keys):
            return outcome
        at = outcome.checked_at
        if self._stored.payload_hash(outcome.id) is not None:
            return Outcome(outcome.id, "unconfirmed", at, note=_missing_note(missing))
        found = CONFIRMED.empty(missing, frozenset(), at, self._confirm_after)
        note = f"Stored without {_join(missing)}; not confirmed yet."
        return replace(outcome, name="unconfirmed", unconfirmed=found, note=note)

    def _stored_payloads(self, outcomes: Sequence[Outcome]) -> Mapping[int, Fixture]:
        ids = [o.id for o in outcomes if o.fixture and self._stored.payload_hash(o.id)]
        return self._stored.fixtures(ids) if ids else {}


def _missing_note(keys: Set[str]) -> str:
    return f"The response lacks {_join(keys)}; the stored payload has it."


def _join(keys: Set[str]) -> str:
    return ", ".join(sorted(keys))
