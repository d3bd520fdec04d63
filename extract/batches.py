"""Asks for fixtures, many in one request, and gives every id exactly one outcome."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Literal, Protocol

import msgspec

from extract.client import ApiCall, SportmonksClient
from extract.errors import (
    AccessError,
    DownError,
    QuotaError,
    RefusedError,
    RequestError,
    StoppedError,
    UnavailableError,
)
from extract.payload import Fixture, read_fixture

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
    """Outcomes that became known together, and the calls made meanwhile."""

    outcomes: list[Outcome]
    calls: list[ApiCall] = field(default_factory=list)


class StoredFixtures(Protocol):
    """What the warehouse holds of the fixtures that are asked for."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload, None if there is none."""

    def times_missing(self, fixture_id: int) -> int:
        """How many times in a row the API has not returned it."""

    def filled_arrays(self, fixture_ids: Sequence[int]) -> Mapping[int, Set[str]]:
        """Which of `statistics` and `events` have elements in the stored payloads, by id."""


class NothingStored:
    """An empty warehouse: whatever is fetched is new."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """None for every id."""
        return None

    def times_missing(self, fixture_id: int) -> int:
        """0 for every id."""
        return 0

    def filled_arrays(self, fixture_ids: Sequence[int]) -> Mapping[int, Set[str]]:
        """Nothing for every id."""
        return {}


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
        batch_size: int,
        requests_in_flight: int,
        stored: StoredFixtures,
    ) -> None:
        self._client = client
        self._include = include
        self._batch_size = batch_size
        self._requests_in_flight = requests_in_flight
        self._stored = stored

    def fetch(self, fixture_ids: Sequence[int]) -> Iterator[Batch]:
        """Asks for every id once, and again for those whose answer needs a second one.

        An error that makes further requests pointless ends the fetch: what was answered is
        yielded, the ids that were not asked come out as `failed`. When the client is stopped, they
        come out not at all.

        Raises:
            AccessError: the API refused the token or an include before anything was answered.
        """
        ids = list(dict.fromkeys(fixture_ids))
        emptied: set[int] = set()
        unanswered: set[int] = set()
        settled: set[int] = set()
        stop: RequestError | None = None
        for result in self._in_parallel(ids):
            if isinstance(result, RequestError):
                stop = result
                break
            emptied |= self._suddenly_empty(result)
            unanswered |= self._without_a_row(result)
            doubtful = emptied | unanswered
            outcomes = [outcome for outcome in result if outcome.id not in doubtful]
            settled.update(outcome.id for outcome in outcomes)
            yield Batch(outcomes, self._client.drain_calls())
        if isinstance(stop, AccessError) and not settled:
            raise stop
        if stop:
            note = f"Not asked: {stop}"
            unasked = [self._failed(id, note) for id in ids if id not in settled]
            yield Batch(unasked, self._client.drain_calls())
        elif emptied or unanswered:
            outcomes = list(self._ask_again(emptied, unanswered))
            yield Batch(outcomes, self._client.drain_calls())

    def _in_parallel(self, ids: Sequence[int]) -> Iterator[list[Outcome] | RequestError]:
        """Outcomes batch by batch as they are known; an error in place of the last one."""
        batches = (
            ids[start : start + self._batch_size] for start in range(0, len(ids), self._batch_size)
        )
        pool = ThreadPoolExecutor(self._requests_in_flight, thread_name_prefix="sportmonks")
        finished = False
        try:
            running: set[Future[list[Outcome]]] = {
                pool.submit(self._ask, batch) for batch in islice(batches, self._requests_in_flight)
            }
            error: RequestError | None = None
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    try:
                        yield future.result()
                    except (AccessError, DownError) as stop:
                        error = error or stop
                        continue
                    except StoppedError:
                        continue
                    if not (error or self._client.stopped) and (batch := next(batches, None)):
                        running.add(pool.submit(self._ask, batch))
            if error:
                yield error
            finished = True
        finally:
            if not finished:
                self._client.stop("the fetch was broken off")
            pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, ids: Sequence[int]) -> list[Outcome]:
        """One request for these ids. A batch that breaks is halved until the bad id stands alone.

        Raises:
            AccessError, DownError: asking on is pointless.
        """
        try:
            answer = self._client.get(
                ENDPOINT, "/" + ",".join(map(str, ids)), {"include": self._include}, len(ids)
            )
            fixtures: dict[int, Fixture] = {}
            for row in answer.rows:
                if fixture := read_fixture(bytes(row)):
                    fixtures.setdefault(fixture.id, fixture)
        except msgspec.MsgspecError as error:
            return self._halve(ids, UnavailableError(f"A fixture's JSON is broken ({error})."))
        except (RefusedError, QuotaError, UnavailableError) as error:
            return self._halve(ids, error)
        return [self._outcome(id, fixtures.get(id), answer.received_at) for id in ids]

    def _halve(self, ids: Sequence[int], error: RequestError) -> list[Outcome]:
        if len(ids) == 1 or isinstance(error, QuotaError):
            return [self._failed(id, str(error)) for id in ids]
        middle = len(ids) // 2
        outcomes = self._ask(ids[:middle])
        with suppress(StoppedError):
            outcomes += self._ask(ids[middle:])
        return outcomes

    def _outcome(self, id: int, fixture: Fixture | None, at: datetime) -> Outcome:
        if fixture is None:
            times = self._stored.times_missing(id) + 1
            return Outcome(id, "missing", at, times_missing=times)
        if fixture.payload_hash == self._stored.payload_hash(id):
            return Outcome(id, "unchanged", at)
        return Outcome(id, "stored", at, fixture)

    def _suddenly_empty(self, outcomes: Sequence[Outcome]) -> set[int]:
        """Fixtures that lost all events or all statistics since they were stored."""
        emptied = {
            outcome.id: outcome.fixture.empty_arrays
            for outcome in outcomes
            if outcome.fixture
            and outcome.fixture.empty_arrays
            and self._stored.payload_hash(outcome.id)
        }
        filled = self._stored.filled_arrays(list(emptied)) if emptied else {}
        return {id for id, arrays in emptied.items() if arrays & filled.get(id, set())}

    @staticmethod
    def _without_a_row(outcomes: Sequence[Outcome]) -> set[int]:
        """The ids of an answer that has no row at all, if that was not so the last time.

        Sportmonks' ways to say that nothing was found are also what a hiccup looks like.
        """
        first_time = any(outcome.times_missing == 1 for outcome in outcomes)
        if first_time and all(outcome.name == "missing" for outcome in outcomes):
            return {outcome.id for outcome in outcomes}
        return set()

    def _ask_again(self, emptied: Set[int], unanswered: Set[int]) -> Iterator[Outcome]:
        """Believes an emptiness that a second answer repeats."""
        for result in self._in_parallel(sorted(emptied | unanswered)):
            for outcome in [] if isinstance(result, RequestError) else result:
                if outcome.id in unanswered or outcome.name not in ("missing", "failed"):
                    emptied = emptied - {outcome.id}
                    unanswered = unanswered - {outcome.id}
                    yield outcome
        at = datetime.now(UTC)
        for id in sorted(emptied):
            note = "Suddenly empty, and the second question was not answered."
            yield Outcome(id, "held", at, note=note)
        if not self._client.stopped:
            for id in sorted(unanswered):
                yield self._failed(id, "An answer without a row, and none to the second question.")

    def _failed(self, id: int, note: str) -> Outcome:
        times = self._stored.times_missing(id)
        return Outcome(id, "failed", datetime.now(UTC), times_missing=times, note=note)


OnBatch = Callable[[Batch], None]
