"""One run of the extractor: what is due, chunk by chunk into the warehouse, and what came of it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from extract.config.settings import UNUSED_TOKEN, Settings, load_settings
from extract.errors import (
    ArgumentError,
    ExtractError,
    NothingExtractedError,
    StoppedError,
    UsageError,
)
from extract.planning.plan import Plan, make_plan
from extract.planning.seasons import Season, plan_seasons
from extract.planning.selection import Selection
from extract.planning.work_list import WorkList, find_work
from extract.progress import Progress
from extract.runs.context import RunContext
from extract.runs.fetch import fetch, stopping_in_order
from extract.runs.refresh import refresh
from extract.runs.summary import Summary
from extract.warehouse.factory import open_warehouse
from extract.warehouse.loader import Loader

# About two years.
_MOST_MINUTES = 1_000_000


@dataclass(frozen=True)
class Bounds:
    """Where a run ends in order although more is due.

    Attributes:
        chunk_size: fixtures that are committed together, None for what the settings say.
        max_calls: requests of any kind, retries included.
        max_minutes: time after which no further request is sent.

    Raises:
        ArgumentError: the time is no number.
    """

    chunk_size: int | None = None
    max_calls: int | None = None
    max_minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuses a time that no clock can keep."""
        if self.max_minutes is not None and not self.max_minutes <= _MOST_MINUTES:
            raise ArgumentError(
                f"--max-minutes is {self.max_minutes:g}: it must be a number up to "
                f"{_MOST_MINUTES:,}."
            )


def run(selection: Selection, bounds: Bounds, progress: Progress, wait: bool = True) -> Summary:
    """Fetches the selected fixtures that are due into the warehouse.

    Args:
        selection: which fixtures.
        bounds: when to stop.
        progress: receives reports.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Returns:
        What was done; `outcome` tells whether all of it went well.

    Raises:
        UsageError: a setting, the selection or the database is wrong; no fixture was fetched.
        ExtractError: the run could not begin.
    """
    with _run_context(selection, bounds, progress, wait) as context:
        _try_to_fetch(context)
        try:
            # After a second Ctrl-C, what cannot be loaded now waits for the next run.
            if not (context.is_interrupted and context.loader.has_pending):
                context.close()
        except ExtractError as error:
            # What broke the run off is said already; its row is loaded by the next run.
            if context.summary.outcome not in ("failed", "interrupted"):
                progress.error(str(error))
                context.summary.outcome = "failed"
        return context.summary


def _try_to_fetch(context: RunContext) -> None:
    summary, client = context.summary, context.client
    began = time.monotonic()
    try:
        with stopping_in_order(context):
            work = _find_work(context, refresh(context))
            summary.preparing_seconds = time.monotonic() - began
            fetch(context, work)
    except UsageError:
        summary.outcome = "failed"
        context.close_broken_off()
        raise
    except KeyboardInterrupt:
        context.is_interrupted = True
    except StoppedError:
        pass  # said below
    except ExtractError as error:
        context.fail(str(error))
    if context.is_interrupted:
        summary.outcome = "interrupted"
    elif context.is_incomplete or summary.failed_ids:
        summary.outcome = "failed"
    elif client.stopped:
        summary.outcome = "stopped"
        context.progress.line(f"Stopped: {client.stopped}.")
    else:
        summary.outcome = "completed"


def plan(selection: Selection, bounds: Bounds, progress: Progress, wait: bool = True) -> Plan:
    """Finds out what a run would ask for and what that would cost.

    It does all that a run does before it asks for the first fixture: reference data and lists that
    are too old are fetched, so that the run that follows does not have to. Where a bound ends that
    early, the plan is made of what is known by then.

    Raises:
        UsageError, ExtractError: as in `run`; a bound ended it before there were any tables.
    """
    with _run_context(selection, bounds, progress, wait) as context:
        context.summary.outcome = "planned"
        try:
            with stopping_in_order(context):
                try:
                    seasons = refresh(context)
                except StoppedError:
                    if context.is_interrupted:
                        raise
                    stopped = context.client.stopped
                    if not context.warehouse.has_tables():
                        raise ExtractError(
                            f"Stopped before anything was listed: {stopped}."
                        ) from None
                    progress.line(f"Stopped: {stopped}. The plan may lack fixtures.")
                    seasons = plan_seasons(context.warehouse)
                work = _find_work(context, seasons)
            context.summary.known = work.known
        except (ExtractError, KeyboardInterrupt):
            context.close_broken_off()
            if context.is_interrupted:
                raise KeyboardInterrupt from None
            raise
        context.close()
        now = context.client.clock.now()
        found = make_plan(context.warehouse, context.settings, seasons, work, now)
        return replace(
            found,
            calls_spent=context.summary.calls,
            max_calls=bounds.max_calls,
            stopped=context.client.stopped,
            is_complete=not context.is_incomplete,
        )


def plan_offline(
    selection: Selection, bounds: Bounds, progress: Progress, wait: bool = True
) -> Plan:
    """The same from what the warehouse knows, without a call to the API and without a write.

    Raises:
        UsageError, ExtractError: as in `run`.
    """
    settings, now = _settings(bounds, UNUSED_TOKEN), datetime.now(UTC)
    with closing(open_warehouse(progress.line if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise NothingExtractedError(warehouse.name)
        seasons = plan_seasons(warehouse)
        work = find_work(warehouse, settings, selection, seasons, now)
        return make_plan(warehouse, settings, seasons, work, now)


@contextmanager
def _run_context(
    selection: Selection, bounds: Bounds, progress: Progress, wait: bool
) -> Iterator[RunContext]:
    settings = _settings(bounds)
    with closing(open_warehouse(progress.line if wait else None)) as warehouse:
        # Before anything is asked for: without `wait`, a busy warehouse ends the run here.
        with warehouse.write_lock("extract"):
            pass
        with closing(Loader(warehouse, progress.warning)) as loader:
            context = RunContext(settings, warehouse, loader, selection, progress)
            with context.bounded(bounds.max_calls, bounds.max_minutes):
                yield context


def _settings(bounds: Bounds, token: str | None = None) -> Settings:
    settings = load_settings(token)
    if bounds.chunk_size is not None:
        settings.chunk_size = bounds.chunk_size
    return settings


def _find_work(context: RunContext, seasons: Mapping[int, Season]) -> WorkList:
    now = context.client.clock.now()
    work = find_work(context.warehouse, context.settings, context.selection, seasons, now)
    if work.resumed:
        context.progress.line(
            f"Going on with a run that did not complete: {work.resumed:,} of {work.known:,} "
            "fixtures are fetched. --force asks for them again."
        )
    return work
