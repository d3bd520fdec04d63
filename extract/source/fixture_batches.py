"""Requests fixtures, many in one request, and gives every id exactly one outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from extract.api.client import SportmonksClient
from extract.api.error_policy import POLICIES
from extract.api.responses import Answer
from extract.config.endpoints import ENDPOINT
from extract.errors import (
    AccessError,
    ExtractError,
    IncludeRefusedError,
    RefusedError,
    RequestError,
    StoppedError,
    UnavailableError,
)
from extract.payload.fixture import Fixture, read_fixture
from extract.source.batch_size import BatchSize
from extract.source.outcome import Batch, BatchResult, Outcome
from extract.source.refusal_guard import RefusalGuard
from extract.source.requested_include import RequestedInclude
from extract.source.stored_fixtures import StoredFixtures
from extract.source.verification import Verification
from extract.stop_reason import StopReason


class FixtureBatches:
    """Fetches fixtures in batches, a few requests at a time.

    Args:
        client: sends the requests.
        include: what fixtures are requested with, or that as the API writes it.
        batch_size: ids in one request.
        requests_in_flight: requests under way at the same time.
        stored: the stored payloads, to tell changed fixtures from unchanged ones.
        confirm_after: a response confirms an earlier one only if it comes so much later.
    """

    def __init__(
        self,
        client: SportmonksClient,
        include: RequestedInclude | str,
        batch_size: BatchSize,
        requests_in_flight: int,
        stored: StoredFixtures,
        confirm_after: timedelta = timedelta(0),
    ) -> None:
        self._client = client
        self._include = RequestedInclude(include) if isinstance(include, str) else include
        self._batch_size = batch_size
        self._requests_in_flight = requests_in_flight
        self._stored = stored
        self._confirm_after = confirm_after

    def fetch(
        self, fixture_ids: Sequence[int], isolated: Set[int] = frozenset()
    ) -> Iterator[Batch]:
        """Requests every id once, and again those whose outcome needs a second response.

        An error that makes further requests pointless, or the same refusal of every request, ends
        the fetch: the last batch names it, and has the ids that were not requested as `failed`.
        When the client is stopped, these ids have no outcome.

        Args:
            fixture_ids: fixtures to fetch.
            isolated: those of them to be requested in batches of their own, so that one that always
                fails does not cost its neighbours calls.

        Raises:
            AccessError: the API refused the token, an include or every request before it returned
                anything.
        """
        ids = list(dict.fromkeys(fixture_ids))
        self._refusals = RefusalGuard(self._get, self._stored.some_ids(), ids)
        verification = Verification(
            self._stored, lambda: self._include.keys, self._confirm_after, self._client.clock
        )
        self._verification = verification
        pending = verification.pending
        groups = [[id for id in ids if id not in isolated], [id for id in ids if id in isolated]]
        settled: set[int] = set()
        has_response = False
        stop_reason: StopReason | None = None
        for result in self._in_parallel(groups):
            if result.stop_reason and result.stop_reason.error:
                stop_reason = stop_reason or result.stop_reason
            outcomes = verification.settled(result)
            settled.update(outcome.id for outcome in outcomes)
            has_response = has_response or bool(result.responses)
            yield Batch(outcomes, self._client.drain_calls())
        if stop_reason:
            if isinstance(stop_reason.error, AccessError) and not has_response:
                raise stop_reason.error
            left = [
                verification.failed(
                    id, f"Not requested{' again' if id in pending.ids else ''}: {stop_reason.text}"
                )
                for id in ids
                if id not in settled
            ]
            yield Batch(left, self._client.drain_calls(), stop_reason=stop_reason)
        elif pending.ids:
            outcomes = verification.not_in_plan()
            second = list(self._in_parallel([sorted(pending.ids)]))
            outcomes += verification.settled_by_second(second)
            reasons = (result.stop_reason for result in second)
            error = next((reason for reason in reasons if reason and reason.error), None)
            yield Batch(outcomes, self._client.drain_calls(), stop_reason=error)

    def _in_parallel(self, groups: Sequence[Sequence[int]]) -> Iterator[BatchResult]:
        """The results of batches, in the order in which they are known."""
        batches = self._batches(groups)
        pool = ThreadPoolExecutor(self._requests_in_flight, thread_name_prefix="sportmonks")
        finished = False
        try:
            running: set[Future[BatchResult]] = {
                pool.submit(self._fetch_batch, batch)
                for batch in islice(batches, self._requests_in_flight)
            }
            stopping = False
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    yield result
                    stopping = stopping or result.stop_reason is not None
                    if not stopping and (batch := next(batches, None)):
                        running.add(pool.submit(self._fetch_batch, batch))
            finished = True
        finally:
            if not finished:
                self._client.stop(StopReason.from_error(ExtractError("the fetch was broken off")))
            pool.shutdown(wait=True, cancel_futures=True)

    def _batches(self, groups: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
        for ids in groups:
            start = 0
            while start < len(ids):
                batch = ids[start : start + self._batch_size.size]
                start += len(batch)
                yield batch

    def _fetch_batch(self, ids: Sequence[int]) -> BatchResult:
        """Requests these ids. A batch that fails is split until the bad id is on its own."""
        result = BatchResult()
        if error := self._fetch_once(ids, result):
            self._split(ids, error, result)
        return result

    def _fetch_once(self, ids: Sequence[int], result: BatchResult) -> RequestError | None:
        """Sends one request for these ids; returns its error if halves may succeed."""
        if result.stop_reason:
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
            result.stop_reason = self._client.stop_reason
            return None
        except RequestError as error:
            if not POLICIES[type(error)].ends_run:
                return error
            result.stop_reason = StopReason.from_error(error)
            return None
        self._batch_size.succeeded(len(ids))
        self._batch_size.received(len(answer.rows), answer.size)
        outcomes = [self._outcome(id, fixtures.get(id), answer.received_at) for id in ids]
        result.add(outcomes, {key for fixture in fixtures.values() for key in fixture.keys})
        return None

    def _request(self, ids: Sequence[int]) -> Answer:
        try:
            answer = self._get(ids)
        except RefusedError as error:
            self._refusals.refused(error)
            raise
        self._refusals.succeeded()
        return answer

    def _get(self, ids: Sequence[int]) -> Answer:
        """Requests fixtures, without each default include that the plan turns out to refuse."""
        while True:
            include = self._include.text
            try:
                return self._client.get(ENDPOINT, {"include": include}, ids)
            except IncludeRefusedError as error:
                self._include.refused(
                    include,
                    error,
                    lambda parts: self._client.get(ENDPOINT, {"include": parts}, ids[:1]),
                )

    def _split(self, ids: Sequence[int], error: RequestError, result: BatchResult) -> None:
        if len(ids) == 1 or not POLICIES[type(error)].is_split:
            result.outcomes += [self._verification.failed(id, str(error)) for id in ids]
            return
        middle = len(ids) // 2
        halves = [ids[:middle], ids[middle:]]
        errors = [self._fetch_once(half, result) for half in halves]
        if not any(errors) and not result.stop_reason:
            self._batch_size.too_large(len(ids), 400 <= (error.status or 0) < 500)
        for half, error_of_half in zip(halves, errors, strict=True):
            if error_of_half:
                self._split(half, error_of_half, result)

    def _outcome(self, id: int, fixture: Fixture | None, at: datetime) -> Outcome:
        if fixture is None:
            before = self._stored.unconfirmed(id)
            found = before.missing(at, self._confirm_after)
            return Outcome(id, "missing", at, unconfirmed=found)
        if fixture.payload_hash == self._stored.payload_hash(id):
            return Outcome(id, "unchanged", at)
        return Outcome(id, "stored", at, fixture)
