"""State shared by the steps of a run: API client, warehouse, progress and summary."""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import dlt

from extract.api.client import SportmonksClient
from extract.api.clock import LARGEST_SKEW, whole_seconds
from extract.api.responses import ApiCall
from extract.config.settings import Settings
from extract.errors import RequestError, StoppedError
from extract.planning.includes import fixture_bytes, refused_includes
from extract.planning.selection import Selection
from extract.progress import Progress
from extract.runs.eta import EtaEstimator
from extract.runs.summary import Chunk, Summary
from extract.source.batch_size import BatchSize
from extract.source.outcome import Batch
from extract.source.requested_include import RequestedInclude
from extract.stop_reason import TIME_IS_UP, StopReason, most_serious
from extract.warehouse import raw_tables as tables
from extract.warehouse.base import Warehouse
from extract.warehouse.loader import Loader


class RunContext:
    """State shared by the steps of a run.

    Args:
        settings: of the extractor.
        warehouse: to write to.
        loader: commits loads to it.
        selection: the fixtures that the run is about.
        progress: receives reports.

    Attributes:
        settings, warehouse, loader, selection, progress: as above.
        client: sends the requests.
        summary: the numbers of the run so far.
        batch_size: fixtures in a request, learned over the run.
        include: what fixtures are requested with, without what the plan refuses.
        eta: estimates when the run ends.
    """

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        loader: Loader,
        selection: Selection,
        progress: Progress,
    ) -> None:
        self.settings = settings
        self.warehouse = warehouse
        self.loader = loader
        self.selection = selection
        self.progress = progress
        self.client = SportmonksClient(settings, warehouse.quota_store(settings.api_token))
        self.client.report_to(progress)
        self.batch_size = BatchSize(settings.batch_size)
        self.include = RequestedInclude(settings.include)
        self.eta = EtaEstimator(settings)
        self._stop_reason: StopReason | None = None
        # The latest stored time of each table, until these times are known to be right.
        self._latest: Mapping[str, datetime] = {}
        # Calls of the current load. If it fails, they are recorded when the run ends.
        self._uncommitted: list[ApiCall] = []
        clock = self.client.clock
        run_id = f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.summary = Summary(run_id, warehouse.name, clock, selection.arguments())

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the run ends; None while nothing speaks against its completion."""
        return most_serious(self._stop_reason, self.client.stop_reason)

    @property
    def is_interrupted(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return bool(self.stop_reason and self.stop_reason.is_interrupted)

    def stop(self, reason: StopReason) -> None:
        """Records why the run ends; of several reasons, the most serious one counts."""
        self._stop_reason = most_serious(self._stop_reason, reason)

    def fail(self, text: str) -> None:
        """Records and reports a failure; the run may go on without what failed."""
        self.stop(StopReason("failed", text))
        self.progress.error(text)

    @contextmanager
    def bounded(self, max_calls: int | None, max_minutes: float | None) -> Iterator[None]:
        """Stops the client when a bound is reached."""
        if max_calls is not None:
            self.client.calls_left = max_calls
        if max_minutes is None:
            yield
            return
        timer = threading.Timer(max_minutes * 60, self.client.stop, [TIME_IS_UP])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def learn_from_warehouse(self) -> None:
        """Starts with the batch size and the include that earlier runs have learned."""
        settings, warehouse = self.settings, self.warehouse
        self.include = RequestedInclude(
            settings.include, set(refused_includes(warehouse)), self._report_refused
        )
        self.batch_size = BatchSize(
            settings.batch_size,
            settings.batch_megabytes,
            fixture_bytes(warehouse, self.include.text),
        )

    def _report_refused(self, part: str) -> None:
        hours = self.settings.type_max_age
        self.progress.warning(
            f"The plan refuses the include {part}. Fixtures are fetched without it; it is "
            f"requested again after {hours:g} h (`type_max_age`), or with --force."
        )

    def check_times(self) -> None:
        """Ensures that no stored time lies in the future.

        Rows of a host whose clock is ahead would otherwise replace all that others fetch until that
        time. If a stored time is later than this host's clock, either may be wrong, and one request
        that every plan includes reads the API's clock. Otherwise the first response does.
        """
        self._latest = self.warehouse.latest_times()
        clock = self.client.clock
        clock.begin()
        if not clock.is_known and any(time > clock.now() for time in self._latest.values()):
            # Without a response there is nothing to store either.
            with suppress(RequestError, StoppedError):
                self.client.get_once("football/states", {"per_page": "1"})
        self._set_times_back()

    def _set_times_back(self) -> None:
        """Sets stored times back that are ahead of the API's clock, once that is known.

        Rows stored before the run began are older than all that it fetches.
        """
        began_at, latest = self.client.clock.began_at, self._latest
        if began_at is None or not latest:
            return
        ahead = max(latest.values()) - began_at
        if ahead > timedelta(0):
            self.warehouse.write("extract", lambda: self.warehouse.set_times_back(latest, began_at))
        # Not before: if the lock was busy, the next call sets them back.
        self._latest = {}
        if ahead > LARGEST_SKEW:
            self.progress.warning(
                f"Times are stored that lie up to {whole_seconds(ahead)} ahead of the API's clock. "
                "They are set back to the present."
            )

    def load(self, data: Any, on_fetched: Callable[[], None] | None = None) -> float:
        """Commits one load.

        Args:
            data: a dlt source or resources.
            on_fetched: called when all data are on disk.

        Returns:
            Seconds from then until they are committed.

        Raises:
            ExtractError: the API or the database failed; nothing of the load is in the warehouse.
        """

        def fetched() -> None:
            self._set_times_back()
            if on_fetched:
                on_fetched()

        seconds = self.loader.load(data, fetched)
        self._uncommitted.clear()
        return seconds

    def record(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Stores a few rows in raw tables that exist, without a load of dlt.

        After an error they may be missing, and are not kept for the next run.

        Args:
            rows: the rows by raw table; no two rows of a table have the same key.

        Raises:
            BusyError: another process has the write lock.
            ExtractError: the database cannot be reached.
        """
        self._set_times_back()
        filled = {table: values for table, values in rows.items() if values}

        def merge() -> None:
            for table, values in filled.items():
                self.warehouse.merge(table, values)

        self.warehouse.write("extract", merge)

    def close(self) -> None:
        """Writes the run's row of `runs`, and the calls that no load has recorded.

        Raises:
            ExtractError: the database cannot be reached; the next run writes the rows.
        """
        summary = self.summary
        # The responses of a failed load are lost, but its calls count for the quota.
        calls = self.client.drain_calls()
        summary.count_calls(calls)
        calls = self._uncommitted + calls
        summary.finished_at = self.client.clock.now()
        rows = {
            "runs": [summary.row()],
            "api_calls": [{"run_id": summary.run_id, **asdict(call)} for call in calls],
        }
        # If this fails, the load below tries again and reports the error.
        with suppress(Exception), self.warehouse.without_waiting():
            if self.warehouse.has_tables():
                self.record(rows)
                return
        # A load keeps the rows on disk while it waits, in case that the process is killed.
        self.load(
            [
                dlt.resource(tables.rows(name, values), name=name, **tables.hints(name))
                for name, values in rows.items()
            ]
        )

    def count_batch(self, chunk: Chunk, batch: Batch) -> None:
        """Counts outcomes that became known, and reports them.

        Args:
            chunk: the chunk that they belong to.
            batch: the outcomes and calls.
        """
        # Before the payloads are read that are to be replaced.
        self._set_times_back()
        chunk.add(batch)
        self.summary.count_calls(batch.calls)
        self._uncommitted += batch.calls
        eta = self.eta.estimate(self.summary, batch.calls, self.batch_size.size)
        self.progress.fetched(len(batch.outcomes), eta)
