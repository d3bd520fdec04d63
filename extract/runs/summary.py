"""The numbers of a run: its closing table, and its row in the table `runs`."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from extract.api.clock import ApiClock
from extract.api.responses import ApiCall
from extract.config.endpoints import ENDPOINT
from extract.source.outcome import OUTCOMES, Batch
from extract.stop_reason import StopReason

# A payload is superseded if a newer one was stored before it was committed.
COUNTED = (*OUTCOMES, "superseded")


def _no_outcomes() -> Counter[str]:
    return Counter(dict.fromkeys(COUNTED, 0))


@dataclass
class Chunk:
    """Fixtures that are committed together.

    Attributes:
        season_ids: seasons that they belong to.
        outcomes: number of fixtures by outcome, so far.
        failures: the notes of the fixtures whose outcome is `failed`, by id.
        hashes: the hashes of the payloads whose outcome is `stored`, by fixture.
        stop_reason: the error that ended the requests of the chunk, if one did.
    """

    season_ids: list[int | None]
    outcomes: Counter[str] = field(default_factory=_no_outcomes)
    failures: dict[int, str] = field(default_factory=dict)
    hashes: dict[int, str] = field(default_factory=dict)
    stop_reason: StopReason | None = None

    def add(self, batch: Batch) -> None:
        """Counts outcomes that became known."""
        outcomes = batch.outcomes
        self.stop_reason = self.stop_reason or batch.stop_reason
        self.outcomes.update(outcome.name for outcome in outcomes)
        self.failures |= {o.id: o.note or "" for o in outcomes if o.name == "failed"}
        self.hashes |= {
            outcome.id: outcome.fixture.payload_hash
            for outcome in outcomes
            if outcome.name == "stored" and outcome.fixture
        }

    def correct(self, batch: Batch) -> None:
        """Counts payloads as `unchanged` that turned out to have the stored content."""
        for outcome in batch.outcomes:
            if outcome.name == "unchanged":
                del self.hashes[outcome.id]
                self.outcomes["stored"] -= 1
                self.outcomes["unchanged"] += 1

    def compare(self, stored: Mapping[int, str]) -> int:
        """Counts as `superseded` the payloads that are not in the warehouse after the load.

        Args:
            stored: the hashes of the payloads in the warehouse, by fixture.

        Returns:
            The number of superseded payloads.
        """
        superseded = sum(stored.get(id) != hash for id, hash in self.hashes.items())
        self.outcomes["stored"] -= superseded
        self.outcomes["superseded"] += superseded
        self.hashes.clear()
        return superseded

    @property
    def requested(self) -> int:
        """Fixtures that were requested; the sum of the outcomes."""
        return sum(self.outcomes.values())


@dataclass
class Summary:
    """The numbers of a run; a row of `runs`.

    Attributes:
        run_id: identifies the run.
        warehouse: name of the warehouse, for messages.
        clock: the API's time, for the times of the row.
        arguments: the selection as it was given.
        finished_at: None while the run goes on.
        stop_reason: why the run ended; None while it goes on.
        known: fixtures of the selection, due or not.
        due: fixtures that were due when the run began.
        resumed: fixtures that an interrupted run had fetched, and that were not requested again.
        fetched_elsewhere: due fixtures that another run requested in the meantime.
        season_lists: lists of seasons that were fetched and stored, such as standings.
        chunks: the committed chunks, and the current one.
        calls: HTTP requests, retries, lists and reference data included.
        fixture_calls: those of them that requested fixtures by id.
        bytes: size of the responses, as they came over the network.
        waited_seconds: time that requests waited for quota and retries, added up.
        preparing_seconds: time for reference data, all lists and the query of what is due.
        fetching_seconds: time for the fixtures' responses, until they were on disk.
        loading_seconds: time to commit them.
    """

    run_id: str
    warehouse: str
    clock: ApiClock
    arguments: Mapping[str, Any]
    finished_at: datetime | None = None
    stop_reason: StopReason | None = None
    known: int = 0
    due: int = 0
    resumed: int = 0
    fetched_elsewhere: int = 0
    season_lists: int = 0
    chunks: list[Chunk] = field(default_factory=list)
    calls: int = 0
    fixture_calls: int = 0
    bytes: int = 0
    waited_seconds: float = 0.0
    preparing_seconds: float = 0.0
    fetching_seconds: float = 0.0
    loading_seconds: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    @property
    def outcome(self) -> str:
        """The outcome of `stop_reason`; `running` while the run goes on, or if it was killed."""
        return self.stop_reason.outcome if self.stop_reason else "running"

    @contextmanager
    def new_chunk(self, season_ids: list[int | None]) -> Iterator[Chunk]:
        """A chunk that counts from now on. It is dropped if the block fails: nothing is committed.

        Args:
            season_ids: the seasons of its fixtures.
        """
        chunk = Chunk(season_ids)
        self.chunks.append(chunk)
        try:
            yield chunk
        except BaseException:
            self.chunks.pop()
            raise

    @property
    def outcomes(self) -> Counter[str]:
        """Number of fixtures by outcome."""
        total = _no_outcomes()
        for chunk in self.chunks:
            total.update(chunk.outcomes)
        return total

    @property
    def requested(self) -> int:
        """Fixtures that were requested; the sum of the outcomes."""
        return sum(chunk.requested for chunk in self.chunks)

    @property
    def failed_ids(self) -> list[int]:
        """The ids whose outcome is `failed`."""
        return [id for chunk in self.chunks for id in chunk.failures]

    @property
    def failure_notes(self) -> Counter[str]:
        """Number of failed fixtures by note."""
        return Counter(note for chunk in self.chunks for note in chunk.failures.values())

    @property
    def left(self) -> int:
        """Due fixtures that were not requested."""
        return self.due - self.fetched_elsewhere - self.requested

    def count_calls(self, calls: Sequence[ApiCall]) -> None:
        """Counts finished requests."""
        self.calls += len(calls)
        self.fixture_calls += sum(call.endpoint == ENDPOINT for call in calls)
        self.bytes += sum(call.bytes or 0 for call in calls)
        self.waited_seconds += sum(call.waited_seconds for call in calls)

    def counts(self) -> dict[str, Any]:
        """The numbers, by name."""
        outcomes = self.outcomes
        return {
            "known": self.known,
            "due": self.due,
            "requested": self.requested,
            **{name: outcomes[name] for name in COUNTED},
            "resumed": self.resumed,
            "fetched_elsewhere": self.fetched_elsewhere,
            "left": self.left,
            "season_lists": self.season_lists,
            "calls": self.calls,
            "fixture_calls": self.fixture_calls,
            # Retries and repeated requests may take more calls than batches save.
            "calls_saved": max(0, self.requested - self.fixture_calls),
            "bytes": self.bytes,
            "waited_seconds": round(self.waited_seconds, 3),
            "preparing_seconds": round(self.preparing_seconds, 3),
            "fetching_seconds": round(self.fetching_seconds, 3),
            "loading_seconds": round(self.loading_seconds, 3),
        }

    def row(self) -> dict[str, Any]:
        """The run's row of `runs`, as it is now."""
        chunks = [
            {"seasons": chunk.season_ids, "requested": chunk.requested, **chunk.outcomes}
            for chunk in self.chunks
        ]
        return {
            "run_id": self.run_id,
            "started_at": self.clock.at(self._began),
            "updated_at": self.clock.now(),
            "finished_at": self.finished_at,
            "arguments": json.dumps(self.arguments),
            "counts": json.dumps({**self.counts(), "chunks": chunks}),
            "outcome": self.outcome,
        }
