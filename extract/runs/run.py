"""One run of the extractor: fetches the due fixtures into the warehouse, or plans that."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
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
from extract.planning.season_lists import due_season_lists
from extract.planning.seasons import Season, plan_seasons
from extract.planning.selection import Selection
from extract.planning.work_list import WorkList, find_work
from extract.progress import Progress
from extract.runs.context import RunContext
from extract.runs.fetch import fetch, stopping_in_order
from extract.runs.refresh import refresh
from extract.runs.season_lists import fetch_season_lists
from extract.runs.summary import Summary
from extract.stop_reason import COMPLETED, INTERRUPTED, PLANNED, StopReason
from extract.warehouse.base import Warehouse
from extract.warehouse.factory import open_warehouse
from extract.warehouse.loader import Loader

# About two years.
_MOST_MINUTES = 1_000_000


@dataclass(frozen=True)
class Bounds:
    """Bounds of a run.

    Attributes:
        chunk_size: fixtures that are committed together; by default that of the settings.
        max_calls: requests of any kind, retries included.
        max_minutes: minutes after which no further request is sent.

    Raises:
        ArgumentError: `max_minutes` is no number, or too large.
    """

    chunk_size: int | None = None
    max_calls: int | None = None
    max_minutes: float | None = None

    def __post_init__(self) -> None:
        """Checks `max_minutes`."""
        if self.max_minutes is not None and not self.max_minutes <= _MOST_MINUTES:
            raise ArgumentError(
                f"--max-minutes is {self.max_minutes:g}: it must be a number up to "
                f"{_MOST_MINUTES:,}."
            )


def run(selection: Selection, bounds: Bounds, progress: Progress, wait: bool = True) -> Summary:
    """Fetches the selected fixtures that are due into the warehouse.

    Args:
        selection: which fixtures.
        bounds: when to stop although more is due.
        progress: receives reports.
        wait: whether to wait for another process that uses the warehouse; otherwise that is an
            error.

    Returns:
        The numbers of the run; its `stop_reason` says whether the run completed.

    Raises:
        UsageError: a setting, the selection or the database is wrong; no fixture was fetched.
        ExtractError: the run could not begin.
    """
    with _run_context(selection, bounds, progress, wait) as context:
        _try_to_fetch(context)
        try:
            # After a second Ctrl-C, a cancelled load is left to the next run.
            if not (context.is_interrupted and context.loader.has_pending):
                context.close()
        except ExtractError as error:
            # The next run loads the row. An earlier error is reported already.
            if context.summary.outcome not in ("failed", "interrupted"):
                context.fail(str(error))
                context.summary.stop_reason = context.stop_reason
        return context.summary


def _try_to_fetch(context: RunContext) -> None:
    summary = context.summary
    began = time.monotonic()
    try:
        with stopping_in_order(context):
            seasons = refresh(context)
            work = _find_work(context, seasons)
            summary.preparing_seconds = time.monotonic() - began
            fetch(context, work)
            began = time.monotonic()
            fetch_season_lists(context, seasons)
            summary.preparing_seconds += time.monotonic() - began
    except KeyboardInterrupt:
        context.stop(INTERRUPTED)
    except StoppedError:
        pass  # the client has the reason
    except ExtractError as error:
        if isinstance(error, UsageError) and not summary.requested:
            _close_failed(context, StopReason.from_error(error))
            raise
        context.fail(str(error))
    summary.stop_reason = context.stop_reason or COMPLETED
    if summary.outcome == "stopped":
        context.progress.line(f"Stopped: {summary.stop_reason.text}.")


def _close_failed(context: RunContext, reason: StopReason) -> None:
    """Records the run, unless it failed before the tables existed, or the database fails too."""
    context.summary.stop_reason = reason
    # The error that ended the run is reported, not one that follows it.
    with suppress(ExtractError):
        if context.warehouse.has_tables():
            context.close()


def plan(selection: Selection, bounds: Bounds, progress: Progress, wait: bool = True) -> Plan:
    """Plans a run: the fixtures that it would request, and their cost.

    It does all that a run does before its first request for fixtures: it refreshes reference data
    and lists that are too old, so that the next run does not have to. If a bound is reached
    meanwhile, the plan covers the fixtures known by then.

    Raises:
        UsageError, ExtractError: as in `run`, or a bound was reached before the tables existed.
    """
    with _run_context(selection, bounds, progress, wait) as context:
        context.summary.stop_reason = PLANNED
        try:
            with stopping_in_order(context):
                try:
                    seasons = refresh(context)
                except StoppedError:
                    if context.is_interrupted:
                        raise
                    # The client stopped, or the error would not have been raised.
                    bound = context.client.stop_reason or PLANNED
                    if not context.warehouse.has_tables():
                        raise ExtractError(
                            f"Stopped before anything was listed: {bound.text}."
                        ) from None
                    progress.line(f"Stopped: {bound.text}. The plan may lack fixtures.")
                    seasons = plan_seasons(context.warehouse)
                work = _find_work(context, seasons)
            context.summary.known = work.known
        except (ExtractError, KeyboardInterrupt) as error:
            if context.is_interrupted or isinstance(error, KeyboardInterrupt):
                _close_failed(context, INTERRUPTED)
                raise KeyboardInterrupt from None
            _close_failed(context, StopReason.from_error(error))
            raise
        context.close()
        now = context.client.clock.now()
        found = _plan(context.warehouse, context.settings, selection, seasons, work, now)
        return replace(
            found,
            calls_spent=context.summary.calls,
            max_calls=bounds.max_calls,
            stop_reason=context.stop_reason or PLANNED,
        )


def plan_offline(
    selection: Selection, bounds: Bounds, progress: Progress, wait: bool = True
) -> Plan:
    """Plans a run by what is in the warehouse, without a request to the API and without a write.

    Raises:
        UsageError, ExtractError: as in `run`.
    """
    settings, now = _settings(bounds, UNUSED_TOKEN), datetime.now(UTC)
    with closing(open_warehouse(progress.line if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise NothingExtractedError(warehouse.name)
        seasons = plan_seasons(warehouse)
        work = find_work(warehouse, settings, selection, seasons, now)
        return _plan(warehouse, settings, selection, seasons, work, now)


def _plan(
    warehouse: Warehouse,
    settings: Settings,
    selection: Selection,
    seasons: Mapping[int, Season],
    work: WorkList,
    now: datetime,
) -> Plan:
    lists = due_season_lists(warehouse, settings, selection, seasons, now)
    season_lists = {table: len(ids) for table, ids in lists.items()}
    return make_plan(warehouse, settings, seasons, work, season_lists, now)


@contextmanager
def _run_context(
    selection: Selection, bounds: Bounds, progress: Progress, wait: bool
) -> Iterator[RunContext]:
    settings = _settings(bounds)
    on_wait = progress.line if wait else None
    with closing(open_warehouse(on_wait, for_loads=True)) as warehouse:
        # Before the first request: without `wait`, a busy warehouse ends the run here.
        with warehouse.write_lock("extract"):
            warehouse.reject_old_tables()
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
            "fixtures are fetched. --force fetches them again."
        )
    return work
