"""One run of the extractor: what is due, chunk by chunk into the warehouse, and what came of it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from extract.cli.progress_bar import Reporter
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
from extract.planning.work_list import Wanted, find_wanted
from extract.runs.context import Session
from extract.runs.fetch import fetch, stopping_in_order
from extract.runs.refresh import prepare
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


def run(selection: Selection, bounds: Bounds, reporter: Reporter, wait: bool = True) -> Summary:
    """Fetches the selected fixtures that are due into the warehouse.

    Args:
        selection: which fixtures.
        bounds: when to stop.
        reporter: told what happens.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Returns:
        What was done; `outcome` tells whether all of it went well.

    Raises:
        UsageError: a setting, the selection or the database is wrong; no fixture was fetched.
        ExtractError: the run could not begin.
    """
    with _session(selection, bounds, reporter, wait) as session:
        _try_to_fetch(session)
        try:
            # After a second Ctrl-C, what cannot be loaded now waits for the next run.
            if not (session.is_interrupted and session.loader.has_pending):
                session.close()
        except ExtractError as error:
            # What broke the run off is said already; its row is loaded by the next run.
            if session.summary.outcome not in ("failed", "interrupted"):
                reporter.error(str(error))
                session.summary.outcome = "failed"
        return session.summary


def _try_to_fetch(session: Session) -> None:
    summary, client = session.summary, session.client
    began = time.monotonic()
    try:
        with stopping_in_order(session):
            wanted = _wanted(session, prepare(session))
            summary.preparing_seconds = time.monotonic() - began
            fetch(session, wanted)
    except UsageError:
        summary.outcome = "failed"
        session.close_broken_off()
        raise
    except KeyboardInterrupt:
        session.is_interrupted = True
    except StoppedError:
        pass  # said below
    except ExtractError as error:
        session.fail(str(error))
    if session.is_interrupted:
        summary.outcome = "interrupted"
    elif session.is_incomplete or summary.failed_ids:
        summary.outcome = "failed"
    elif client.stopped:
        summary.outcome = "stopped"
        session.reporter.line(f"Stopped: {client.stopped}.")
    else:
        summary.outcome = "completed"


def plan(selection: Selection, bounds: Bounds, reporter: Reporter, wait: bool = True) -> Plan:
    """Finds out what a run would ask for and what that would cost.

    It does all that a run does before it asks for the first fixture: reference data and lists that
    are too old are fetched, so that the run that follows does not have to. Where a bound ends that
    early, the plan is made of what is known by then.

    Raises:
        UsageError, ExtractError: as in `run`; a bound ended it before there were any tables.
    """
    with _session(selection, bounds, reporter, wait) as session:
        session.summary.outcome = "planned"
        try:
            with stopping_in_order(session):
                try:
                    seasons = prepare(session)
                except StoppedError:
                    if session.is_interrupted:
                        raise
                    stopped = session.client.stopped
                    if not session.warehouse.has_tables():
                        raise ExtractError(
                            f"Stopped before anything was listed: {stopped}."
                        ) from None
                    reporter.line(f"Stopped: {stopped}. The plan may lack fixtures.")
                    seasons = plan_seasons(session.warehouse)
                wanted = _wanted(session, seasons)
            session.summary.known = wanted.known
        except (ExtractError, KeyboardInterrupt):
            session.close_broken_off()
            if session.is_interrupted:
                raise KeyboardInterrupt from None
            raise
        session.close()
        now = session.client.clock.now()
        found = make_plan(session.warehouse, session.settings, seasons, wanted, now)
        return replace(
            found,
            calls_spent=session.summary.calls,
            max_calls=bounds.max_calls,
            stopped=session.client.stopped,
            is_complete=not session.is_incomplete,
        )


def plan_offline(
    selection: Selection, bounds: Bounds, reporter: Reporter, wait: bool = True
) -> Plan:
    """The same from what the warehouse knows, without a call to the API and without a write.

    Raises:
        UsageError, ExtractError: as in `run`.
    """
    settings, now = _settings(bounds, UNUSED_TOKEN), datetime.now(UTC)
    with closing(open_warehouse(reporter.line if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise NothingExtractedError(warehouse.name)
        seasons = plan_seasons(warehouse)
        wanted = find_wanted(warehouse, settings, selection, seasons, now)
        return make_plan(warehouse, settings, seasons, wanted, now)


@contextmanager
def _session(
    selection: Selection, bounds: Bounds, reporter: Reporter, wait: bool
) -> Iterator[Session]:
    settings = _settings(bounds)
    with closing(open_warehouse(reporter.line if wait else None)) as warehouse:
        # Before anything is asked for: without `wait`, a busy warehouse ends the run here.
        with warehouse.turn("extract"):
            pass
        with closing(Loader(warehouse, reporter.warning)) as loader:
            session = Session(settings, warehouse, loader, selection, reporter)
            with session.bounded(bounds.max_calls, bounds.max_minutes):
                yield session


def _settings(bounds: Bounds, token: str | None = None) -> Settings:
    settings = load_settings(token)
    if bounds.chunk_size is not None:
        settings.chunk_size = bounds.chunk_size
    return settings


def _wanted(session: Session, seasons: Mapping[int, Season]) -> Wanted:
    now = session.client.clock.now()
    wanted = find_wanted(session.warehouse, session.settings, session.selection, seasons, now)
    if wanted.resumed:
        session.reporter.line(
            f"Going on with a run that did not complete: {wanted.resumed:,} of {wanted.known:,} "
            "fixtures are fetched. --force asks for them again."
        )
    return wanted
