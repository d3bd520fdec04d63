"""Asks for fixtures, many in one request, and gives every id exactly one outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Literal, Protocol

import msgspec

from extract.batch_size import BatchSize
from extract.client import ApiCall, SportmonksClient
from extract.errors import (
    AccessError,
    RequestError,
    StoppedError,
    UnavailableError,
)
from extract.failures import FOLLOWS
from extract.payload import Fixture, StoredVersion, read_fixture

ENDPOINT = "football/fixtures/multi"

OutcomeName = Literal["stored", "unchanged", "missing", "held", "failed"]
OUTCOMES: tuple[OutcomeName, ...] = ("stored", "unchanged", "missing", "held", "failed")


@dataclass(frozen=True)
class Outcome:
    """What became of one fixture id.

    Attributes:
        id: the id that was asked for.
        name: `stored` (new or changed), `unchanged` (says what is stored already), `missing` (the
            API does not return it), `held` (an emptiness not yet believed), `failed` (no answer).
        checked_at: when that was known.
        fixture: what the API sent, if it is to be stored.
        times_missing: how many times in a row the API has not returned it.
        note: why, for `held` and `failed`.
    """

    id: int
    name: OutcomeName
    checked_at: datetime
    fixture: Fixture | None = None
    times_missing: int = 0
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


class StoredFixtures(Protocol):
    """What the warehouse holds of the fixtures that are asked for."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload, None if there is none."""

    def times_missing(self, fixture_id: int) -> int:
        """How many times in a row the API has not returned it."""

    def filled(self, fixture_id: int) -> frozenset[str]:
        """The keys of the stored payload whose value has elements."""

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """What is stored of them, by id. DuckDB reads all payloads for it."""

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """Their stored payloads, as they stand in the warehouse."""


class NothingStored:
    """An empty warehouse: whatever is fetched is new."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """None for every id."""
        return None

    def times_missing(self, fixture_id: int) -> int:
        """0 for every id."""
        return 0

    def filled(self, fixture_id: int) -> frozenset[str]:
        """None for every id."""
        return frozenset()

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """Nothing for every id."""
        return {}

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """Nothing for every id."""
        return ()


@dataclass
class _Result:
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


@dataclass
class _Doubts:
    """Fixtures to be asked for a second time.

    Attributes:
        emptied: what suddenly has no elements any more, or is not there, by fixture.
        unanswered: those whose answer had no row at all.
        lacking: others whose whole answer had no trace of an include: what it said otherwise, and
            which includes.
        keys_seen: the keys that any fixture had.
    """

    emptied: dict[int, Set[str]] = field(default_factory=dict)
    unanswered: set[int] = field(default_factory=set)
    lacking: dict[int, tuple[Outcome, Set[str]]] = field(default_factory=dict)
    keys_seen: Set[str] = frozenset()

    @property
    def ids(self) -> set[int]:
        return {*self.emptied, *self.unanswered, *self.lacking}


class FixtureBatches:
    """Fetches fixtures in batches, a few requests at a time.

    Args:
        client: the API.
        include: the includes, as the API writes them.
        batch_size: ids in one request.
        requests_in_flight: requests under way at the same time.
        stored: what is known already, to tell changed from unchanged.
    """

    def __init__(
        self,
        client: SportmonksClient,
        include: str,
        batch_size: BatchSize,
        requests_in_flight: int,
        stored: StoredFixtures,
    ) -> None:
        self._client = client
        self._include = include
        # `events:minute.type` comes back as `events`, and `xGFixture` as `xgfixture`.
        keys = (re.split("[.:]", part)[0].strip().lower() for part in include.split(";"))
        self._include_keys = frozenset(filter(None, keys))
        self._batch_size = batch_size
        self._requests_in_flight = requests_in_flight
        self._stored = stored

    def fetch(self, fixture_ids: Sequence[int], apart: Set[int] = frozenset()) -> Iterator[Batch]:
        """Asks for every id once, and again for those whose answer needs a second one.

        An error that makes further requests pointless ends the fetch: what was answered is
        yielded, the ids that were not asked come out as `failed`. When the client is stopped, they
        come out not at all.

        Args:
            fixture_ids: what to ask for.
            apart: those of them to be asked for in batches of their own, so that one that always
                fails costs three calls and not those of its neighbours too.

        Raises:
            AccessError: the API refused the token or an include before anything was answered.
        """
        ids = list(dict.fromkeys(fixture_ids))
        groups = [[id for id in ids if id not in apart], [id for id in ids if id in apart]]
        doubts = _Doubts()
        settled: set[int] = set()
        stop: RequestError | None = None
        for result in self._in_parallel(groups):
            stop = stop or result.stop
            self._doubt(result, doubts)
            certain = [outcome for outcome in result.outcomes if outcome.id not in doubts.ids]
            settled.update(outcome.id for outcome in certain)
            yield Batch(certain, self._client.drain_calls())
        if isinstance(stop, AccessError):
            if not settled:
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

    def _in_parallel(self, groups: Sequence[Sequence[int]]) -> Iterator[_Result]:
        """Outcomes batch by batch as they are known."""
        batches = self._batches(groups)
        pool = ThreadPoolExecutor(self._requests_in_flight, thread_name_prefix="sportmonks")
        finished = False
        try:
            running: set[Future[_Result]] = {
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

    def _ask(self, ids: Sequence[int]) -> _Result:
        """Asks for these ids. A batch that breaks is halved until the bad id stands alone."""
        result = _Result()
        if error := self._ask_once(ids, result):
            self._halve(ids, error, result)
        return result

    def _ask_once(self, ids: Sequence[int], result: _Result) -> RequestError | None:
        """One request for these ids; its error, if halves may get around it."""
        if result.is_over:
            return None
        try:
            answer = self._client.get(ENDPOINT, {"include": self._include}, ids)
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
            if not FOLLOWS[type(error)].ends_run:
                return error
            result.stop = error
            result.is_over = True
            return None
        self._batch_size.answered(len(ids))
        outcomes = [self._outcome(id, fixtures.get(id), answer.received_at) for id in ids]
        result.add(outcomes, {key for fixture in fixtures.values() for key in fixture.keys})
        return None

    def _halve(self, ids: Sequence[int], error: RequestError, result: _Result) -> None:
        if len(ids) == 1 or not FOLLOWS[type(error)].is_split:
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
            times = self._stored.times_missing(id) + 1
            return Outcome(id, "missing", at, times_missing=times)
        if fixture.payload_hash == self._stored.payload_hash(id):
            return Outcome(id, "unchanged", at)
        return Outcome(id, "stored", at, fixture)

    def _doubt(self, result: _Result, doubts: _Doubts) -> None:
        """Notes what must not be believed without a second answer.

        Sportmonks' ways to say that nothing was found are also what a hiccup looks like.
        """
        doubts.emptied |= self._lost(result.outcomes)
        for outcomes, keys in result.answers:
            if all(outcome.name == "missing" for outcome in outcomes):
                # Only the first time: what is gone for good must not cost two calls.
                if any(outcome.times_missing == 1 for outcome in outcomes):
                    doubts.unanswered.update(outcome.id for outcome in outcomes)
                continue
            doubts.keys_seen |= keys
            if lacking := self._include_keys - keys:
                stored = self._stored_of(outcomes)
                for outcome in outcomes:
                    # What is stored without it may well be all there is.
                    known = stored.get(outcome.id)
                    missed = lacking & known.keys if known else lacking
                    if outcome.fixture and missed and outcome.id not in doubts.emptied:
                        doubts.lacking[outcome.id] = outcome, missed

    def _lost(self, outcomes: Sequence[Outcome]) -> dict[int, Set[str]]:
        """The includes that have elements in what is stored of a fixture, and none any more."""
        lost = {
            outcome.id: (self._stored.filled(outcome.id) & self._include_keys)
            - outcome.fixture.filled
            for outcome in outcomes
            if outcome.fixture
        }
        return {id: keys for id, keys in lost.items() if keys}

    def _stored_of(self, outcomes: Sequence[Outcome]) -> Mapping[int, Fixture]:
        ids = [o.id for o in outcomes if o.fixture and self._stored.payload_hash(o.id)]
        return self._stored.fixtures(ids) if ids else {}

    def _ask_again(self, doubts: _Doubts) -> Iterator[Outcome]:
        """Believes an emptiness that a second answer repeats, but no include that is not there."""
        emptied, unanswered = dict(doubts.emptied), set(doubts.unanswered)
        # An include that no answer has is not in the plan.
        lacking = {id: keys & doubts.keys_seen for id, (_, keys) in doubts.lacking.items()}
        for id in [id for id, keys in lacking.items() if not keys]:
            del lacking[id]
            yield doubts.lacking[id][0]
        ids = sorted({*emptied, *unanswered, *lacking})
        for result in self._in_parallel([ids]):
            lost_now = self._lost(result.outcomes)
            for outcome in result.outcomes:
                lost, now = (found.get(outcome.id, frozenset()) for found in (emptied, lost_now))
                if now - lost or (outcome.fixture and now - outcome.fixture.keys):
                    # Only one answer says so, or it does not say it: not there is not empty.
                    emptied[outcome.id] = lost | now
                    unanswered.discard(outcome.id)
                    lacking.pop(outcome.id, None)
                    continue
                if not lost or outcome.name not in ("missing", "failed"):
                    emptied.pop(outcome.id, None)
                    unanswered.discard(outcome.id)
                    missed = lacking.pop(outcome.id, frozenset())
                    if outcome.fixture and (missed := missed - outcome.fixture.keys):
                        # Better than nothing; the next run asks whether it is all there is.
                        is_new = self._stored.payload_hash(outcome.id) is None
                        note = f"Twice without {', '.join(sorted(missed))}."
                        fixture = outcome.fixture if is_new else None
                        yield replace(outcome, name="held", fixture=fixture, note=note)
                    else:
                        yield outcome
        at = self._client.clock.now()
        for id, lost in sorted(emptied.items()):
            note = f"Suddenly without {', '.join(sorted(lost))}, and no second answer says so too."
            yield Outcome(id, "held", at, note=note)
        if not self._client.stopped:
            for id in sorted(unanswered):
                yield self._failed(id, "An answer without a row, and none to the second question.")
            for id in sorted(lacking):
                yield self._failed(id, "An include was missing, and no second answer came.")

    def _failed(self, id: int, note: str) -> Outcome:
        times = self._stored.times_missing(id)
        return Outcome(id, "failed", self._client.clock.now(), times_missing=times, note=note)


OnBatch = Callable[[Batch], None]
