"""Asks for fixtures, many in one request, and gives every id exactly one outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from extract.api.client import SportmonksClient
from extract.api.endpoints import ENDPOINT
from extract.api.error_policy import POLICIES
from extract.api.responses import Answer
from extract.config.includes import include_keys
from extract.errors import AccessError, RefusedError, RequestError, StoppedError, UnavailableError
from extract.payload.fixture import Fixture, read_fixture
from extract.source.batch_size import BatchSize
from extract.source.confirmation import CONFIRMED, Unconfirmed, confirmations_needed
from extract.source.outcome import Batch, BatchResult, Outcome
from extract.source.refusal_guard import RefusalGuard
from extract.source.stored_fixtures import StoredFixtures
from extract.source.verification import PendingConfirmation, join_keys, lacks_note


class FixtureBatches:
    """Fetches fixtures in batches, a few requests at a time.

    Args:
        client: the API.
        include: the includes, as the API writes them.
        batch_size: ids in one request.
        requests_in_flight: requests under way at the same time.
        stored: what is known already, to tell changed from unchanged.
        confirm_after: time after which an answer confirms what an earlier one has shown.
    """

    def __init__(
        self,
        client: SportmonksClient,
        include: str,
        batch_size: BatchSize,
        requests_in_flight: int,
        stored: StoredFixtures,
        confirm_after: timedelta = timedelta(0),
    ) -> None:
        self._client = client
        self._include = include
        self._include_keys = include_keys(include)
        self._batch_size = batch_size
        self._requests_in_flight = requests_in_flight
        self._stored = stored
        self._confirm_after = confirm_after

    def fetch(
        self, fixture_ids: Sequence[int], isolated: Set[int] = frozenset()
    ) -> Iterator[Batch]:
        """Asks for every id once, and again for those whose answer needs a second one.

        An error that makes further requests pointless, or the same refusal of every request, ends
        the fetch: what was answered is yielded, the ids that were not asked come out as `failed`.
        When the client is stopped, they come out not at all.

        Args:
            fixture_ids: what to ask for.
            isolated: those of them to be asked for in batches of their own, so that one that always
                fails costs three calls and not those of its neighbours too.

        Raises:
            AccessError: the API refused the token, an include or every request before anything was
                answered.
        """
        ids = list(dict.fromkeys(fixture_ids))
        self._refusals = RefusalGuard(self._get, self._stored.some_ids(), ids)
        groups = [[id for id in ids if id not in isolated], [id for id in ids if id in isolated]]
        doubts = PendingConfirmation()
        settled: set[int] = set()
        is_answered = False
        stop: RequestError | None = None
        for result in self._in_parallel(groups):
            stop = stop or result.stop
            certain = self._certain(result, doubts)
            settled.update(outcome.id for outcome in certain)
            is_answered = is_answered or bool(result.answers)
            yield Batch(certain, self._client.drain_calls())
        if isinstance(stop, AccessError):
            if not is_answered:
                raise stop
            self._client.refusal = str(stop)
        if stop:
            unasked = [
                self._failed(id, f"Not asked{' again' if id in doubts.ids else ''}: {stop}")
                for id in ids
                if id not in settled
            ]
            yield Batch(unasked, self._client.drain_calls())
        elif doubts.ids:
            outcomes = list(self._ask_again(doubts))
            yield Batch(outcomes, self._client.drain_calls())

    def _in_parallel(self, groups: Sequence[Sequence[int]]) -> Iterator[BatchResult]:
        """Outcomes batch by batch as they are known."""
        batches = self._batches(groups)
        pool = ThreadPoolExecutor(self._requests_in_flight, thread_name_prefix="sportmonks")
        finished = False
        try:
            running: set[Future[BatchResult]] = {
                pool.submit(self._ask, batch) for batch in islice(batches, self._requests_in_flight)
            }
            stopping = False
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    yield result
                    stopping = stopping or result.stop is not None or bool(self._client.stopped)
                    if not stopping and (batch := next(batches, None)):
                        running.add(pool.submit(self._ask, batch))
            finished = True
        finally:
            if not finished:
                self._client.stop("the fetch was broken off")
            pool.shutdown(wait=True, cancel_futures=True)

    def _batches(self, groups: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
        for ids in groups:
            start = 0
            while start < len(ids):
                batch = ids[start : start + self._batch_size.size]
                start += len(batch)
                yield batch

    def _ask(self, ids: Sequence[int]) -> BatchResult:
        """Asks for these ids. A batch that breaks is halved until the bad id stands alone."""
        result = BatchResult()
        if error := self._ask_once(ids, result):
            self._halve(ids, error, result)
        return result

    def _ask_once(self, ids: Sequence[int], result: BatchResult) -> RequestError | None:
        """One request for these ids; its error, if halves may get around it."""
        if result.is_over:
            return None
        try:
            answer = self._request(ids)
            fixtures: dict[int, Fixture] = {}
            for row in answer.rows:
                if fixture := read_fixture(bytes(row)):
                    fixtures.setdefault(fixture.id, fixture)
        except msgspec.MsgspecError as error:
            return UnavailableError(f"A fixture's JSON is broken ({error}).")
        except StoppedError:
            result.is_over = True
            return None
        except RequestError as error:
            if not POLICIES[type(error)].ends_run:
                return error
            result.stop = error
            result.is_over = True
            return None
        self._batch_size.answered(len(ids))
        outcomes = [self._outcome(id, fixtures.get(id), answer.received_at) for id in ids]
        result.add(outcomes, {key for fixture in fixtures.values() for key in fixture.keys})
        return None

    def _request(self, ids: Sequence[int]) -> Answer:
        try:
            answer = self._get(ids)
        except RefusedError as error:
            self._refusals.refused(error)
            raise
        self._refusals.answered()
        return answer

    def _get(self, ids: Sequence[int]) -> Answer:
        return self._client.get(ENDPOINT, {"include": self._include}, ids)

    def _halve(self, ids: Sequence[int], error: RequestError, result: BatchResult) -> None:
        if len(ids) == 1 or not POLICIES[type(error)].is_split:
            result.outcomes += [self._failed(id, str(error)) for id in ids]
            return
        middle = len(ids) // 2
        halves = [ids[:middle], ids[middle:]]
        errors = [self._ask_once(half, result) for half in halves]
        if not any(errors) and not result.is_over:
            self._batch_size.too_large(len(ids), 400 <= (error.status or 0) < 500)
        for half, error_of_half in zip(halves, errors, strict=True):
            if error_of_half:
                self._halve(half, error_of_half, result)

    def _outcome(self, id: int, fixture: Fixture | None, at: datetime) -> Outcome:
        if fixture is None:
            before = self._stored.unconfirmed(id)
            return Outcome(id, "missing", at, unconfirmed=before.missing())
        if fixture.payload_hash == self._stored.payload_hash(id):
            return Outcome(id, "unchanged", at)
        return Outcome(id, "stored", at, fixture)

    def _certain(self, result: BatchResult, doubts: PendingConfirmation) -> list[Outcome]:
        """The outcomes of a batch that need no second answer; the others are noted as doubts."""
        outcomes = {o.id: self._checked(o, self._stored.unconfirmed(o.id)) for o in result.outcomes}
        for id, outcome in outcomes.items():
            # A second answer may have it again. What was empty before is left to a later run.
            is_first = outcome.unconfirmed.empty_since in (None, outcome.checked_at)
            if outcome.name == "unconfirmed" and is_first:
                doubts.held[id] = outcome
        for answered, keys in result.answers:
            if all(outcome.name == "missing" for outcome in answered):
                # Only the first time: what is gone for good must not cost two calls.
                if not all(self._stored.unconfirmed(o.id).times_missing for o in answered):
                    doubts.unanswered.update(outcome.id for outcome in answered)
                continue
            doubts.keys_seen |= keys
            if lacking := self._include_keys - keys:
                stored = self._stored_of(answered)
                for outcome in (outcomes[each.id] for each in answered):
                    # What is stored without it may well be all there is.
                    known = stored.get(outcome.id)
                    missed = lacking & known.keys if known else lacking
                    if outcome.fixture and missed and outcome.name != "unconfirmed":
                        doubts.lacking[outcome.id] = outcome, missed
        return [outcome for id, outcome in outcomes.items() if id not in doubts.ids]

    def _checked(self, outcome: Outcome, before: Unconfirmed) -> Outcome:
        """The outcome of an answer, `held` while it shows an emptiness that is not confirmed.

        Args:
            outcome: without a look at what was there before.
            before: what earlier answers have shown.
        """
        if outcome.name not in ("stored", "unchanged"):
            return outcome
        at, fixture = outcome.checked_at, outcome.fixture
        filled = self._stored.non_empty_keys(outcome.id)
        if fixture and (lost := (filled & self._include_keys) - fixture.non_empty_keys):
            absent = lost - fixture.keys
            found = before.empty(lost - absent, absent, at, self._confirm_after)
            needed = confirmations_needed(fixture, lost)
            if not absent and found.confirmations >= needed:
                return outcome
            times = f"confirmed {found.confirmations} of {needed} times"
            note = lacks_note(absent) if absent else f"{join_keys(lost)} became empty; {times}."
            return Outcome(outcome.id, "unconfirmed", at, unconfirmed=found, note=note)
        # What a new fixture was stored without.
        lacking = (before.empty_keys & self._include_keys) - filled
        lacking -= fixture.keys if fixture else frozenset()
        if lacking and not before.counts(at, self._confirm_after):
            note = f"Stored without {join_keys(lacking)}; not confirmed yet."
            before = replace(before, times_missing=0)
            return replace(outcome, name="unconfirmed", unconfirmed=before, note=note)
        return outcome

    def _stored_of(self, outcomes: Sequence[Outcome]) -> Mapping[int, Fixture]:
        ids = [o.id for o in outcomes if o.fixture and self._stored.payload_hash(o.id)]
        return self._stored.fixtures(ids) if ids else {}

    def _ask_again(self, doubts: PendingConfirmation) -> Iterator[Outcome]:
        """Asks for a second answer, which may have what the first one lacked."""
        held, unanswered = dict(doubts.held), set(doubts.unanswered)
        # An include that no answer has is not in the plan.
        lacking = {id: keys & doubts.keys_seen for id, (_, keys) in doubts.lacking.items()}
        for id in [id for id, keys in lacking.items() if not keys]:
            del lacking[id]
            yield doubts.lacking[id][0]
        ids = sorted({*held, *unanswered, *lacking})
        for result in self._in_parallel([ids]):
            for outcome in result.outcomes:
                id = outcome.id
                if id in held:
                    if outcome.name not in ("missing", "failed"):
                        yield self._checked(outcome, held.pop(id).unconfirmed)
                    continue
                unanswered.discard(id)
                yield self._twice_lacking(
                    self._checked(outcome, self._stored.unconfirmed(id)),
                    lacking.pop(id, frozenset()),
                )
        yield from held.values()
        if not self._client.stopped:
            for id in sorted(unanswered):
                yield self._failed(id, "An answer without a row, and none to the second question.")
            for id in sorted(lacking):
                yield self._failed(id, "An include was missing, and no second answer came.")

    def _twice_lacking(self, outcome: Outcome, lacking: Set[str]) -> Outcome:
        """The outcome of a second answer, `held` if it lacks what the first one lacked.

        A new fixture is stored as it is: better than nothing.
        """
        if not outcome.fixture or not (lacking := lacking - outcome.fixture.keys):
            return outcome
        at = outcome.checked_at
        if self._stored.payload_hash(outcome.id) is not None:
            return Outcome(outcome.id, "unconfirmed", at, note=lacks_note(lacking))
        found = CONFIRMED.empty(lacking, frozenset(), at, self._confirm_after)
        note = f"Stored without {join_keys(lacking)}; not confirmed yet."
        return replace(outcome, name="unconfirmed", unconfirmed=found, note=note)

    def _failed(self, id: int, note: str) -> Outcome:
        before, at = self._stored.unconfirmed(id), self._client.clock.now()
        return Outcome(id, "failed", at, unconfirmed=before, note=note)
