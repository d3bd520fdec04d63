"""What the steps of a run share: the API, the warehouse, and the record of what was done."""

import math
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
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
from extract.planning.selection import Selection
from extract.progress import Progress
from extract.runs.eta import EtaEstimator
from extract.runs.summary import Summary
from extract.source.batch_size import BatchSize
from extract.source.fixtures import sportmonks
from extract.source.outcome import Batch
from extract.warehouse import raw_tables as tables
from extract.warehouse.base import Warehouse
from extract.warehouse.loader import Loader


class RunContext:
    """One run's hold on API and warehouse.

    Args:
        settings: of the extractor.
        warehouse: where to.
        loader: commits loads there.
        selection: what a person asked for.
        progress: receives reports.

    Attributes:
        settings, warehouse, loader, selection, progress: as above.
        client: the API.
        summary: what was done so far.
        pace: of the requests for fixtures.
        is_interrupted: whether Ctrl-C was pressed.
        is_incomplete: whether something failed that the run could go on without.
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
        self._batch_size = BatchSize(settings.batch_size)
        self.eta = EtaEstimator(settings)
        self.is_interrupted = False
        self.is_incomplete = False
        # The latest times that were stored when the run began, until they are known to be right.
        self._latest: Mapping[str, datetime] = {}
        # Calls of the load under way: they are recorded with it, or else when the run ends.
        self._uncommitted: list[ApiCall] = []
        clock = self.client.clock
        run_id = f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.summary = Summary(run_id, warehouse.name, clock, selection.arguments())

    @contextmanager
    def bounded(self, max_calls: int | None, max_minutes: float | None) -> Iterator[None]:
        """Stops the client in order when a bound is reached."""
        self.client.calls_left = math.inf if max_calls is None else max_calls
        if max_minutes is None:
            yield
            return
        reason = "the time of --max-minutes is over"
        timer = threading.Timer(max_minutes * 60, self.client.stop, [reason])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def check_times(self) -> None:
        """Makes sure that nothing is stored that is later than the present.

        A host's clock that is ahead would otherwise make its rows win against all that others
        fetch until then. If something lies ahead of this host's clock, either of them may be wrong:
        the API is asked for the time, with a call that every plan has. Otherwise its first answer
        is soon enough.
        """
        self._latest = self.warehouse.latest_times()
        clock = self.client.clock
        clock.begin()
        if not clock.is_known and any(time > clock.now() for time in self._latest.values()):
            # Without an answer there is nothing to be stored either.
            with suppress(RequestError, StoppedError):
                self.client.get_once("football/states", {"per_page": "1"})
        self._set_times_back()

    def _set_times_back(self) -> None:
        """Sets back what is stored ahead of the API's clock, once that is known.

        What was stored before the run began is older than all that it fetches.
        """
        began_at, latest = self.client.clock.began_at, self._latest
        if began_at is None or not latest:
            return
        ahead = max(latest.values()) - began_at
        self._latest = {}
        if ahead <= timedelta(0):
            return
        if ahead > LARGEST_SKEW:
            self.progress.warning(
                f"Times are stored that lie up to {whole_seconds(ahead)} ahead of the API's clock. "
                "They are set back to the present."
            )
        for attempt in self.warehouse.retrying():
            with attempt, self.warehouse.write_lock("extract"):
                self.warehouse.set_times_back(latest, began_at)

    def source(self, **arguments: Any) -> Any:
        """The dlt source, with what all its uses in a run share."""
        return sportmonks(
            run_id=self.summary.run_id,
            settings=self.settings,
            client=self.client,
            batch_size=self._batch_size,
            on_batch=self._on_batch,
            **arguments,
        )

    def load(self, data: Any, on_fetched: Callable[[], None] | None = None) -> float:
        """Commits one load, and returns the seconds that it took once everything was fetched.

        Args:
            data: what to load, a dlt source or resources.
            on_fetched: called when everything was fetched.

        Raises:
            ExtractError: the API or the database broke it off; nothing of it is in the warehouse.
        """

        def fetched() -> None:
            self._set_times_back()
            if on_fetched:
                on_fetched()

        seconds = self.loader.load(data, fetched)
        self._uncommitted.clear()
        return seconds

    def fail(self, text: str) -> None:
        """Notes and says that something failed."""
        self.is_incomplete = True
        self.progress.error(text)

    def close(self) -> None:
        """Writes the run's row of `runs`, and the calls that no load has recorded.

        Raises:
            ExtractError: the database cannot be reached; the next run writes them.
        """
        summary = self.summary
        # What a load that broke off had answered is gone, but its calls are spent.
        calls = self.client.drain_calls()
        summary.count_calls(calls)
        calls = self._uncommitted + calls
        summary.finished_at = self.client.clock.now()
        rows = {
            "runs": [summary.row()],
            "api_calls": [{"run_id": summary.run_id, **asdict(call)} for call in calls],
        }
        self.load(
            [
                dlt.resource(tables.rows(name, values), name=name, **tables.hints(name))
                for name, values in rows.items()
            ]
        )

    def close_broken_off(self) -> None:
        """The same, if there is a place for it yet."""
        if self.warehouse.has_tables():
            self.close()

    def _on_batch(self, batch: Batch) -> None:
        # Before the payloads are read that are to be replaced.
        self._set_times_back()
        self.summary.count_batch(batch)
        self._uncommitted += batch.calls
        outlook = self.eta.estimate(self.summary, batch.calls, self._batch_size.size)
        self.progress.fetched(len(batch.outcomes), outlook)
