"""One run of the extractor: what is due, chunk by chunk into the warehouse, and what came of it."""

import math
import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import dlt

from extract import tables
from extract.batches import Batch
from extract.chunks import Chunks
from extract.client import ApiCall, SportmonksClient
from extract.discovery import (
    Discovery,
    discover_seasons,
    discover_window,
    is_old,
    listing_times,
)
from extract.due import DueFixture, due_fixtures, known_fixtures
from extract.errors import (
    AccessError,
    DroppedError,
    ExtractError,
    RefusedError,
    RequestError,
    StoppedError,
    TokenError,
    UsageError,
)
from extract.loader import Loader
from extract.plan import Plan, make_plan
from extract.report import Reporter
from extract.schedule import read_schedule
from extract.selection import Season, Selection, chosen_seasons, plan_seasons
from extract.settings import Settings, load_settings
from extract.source import REFERENCES, sportmonks
from extract.summary import Chunk, Summary
from extract.warehouse import (
    Warehouse,
    WarehouseFixtures,
    nothing_extracted,
    open_warehouse,
)

# A run that was cut short longer ago than this is not resumed but begun anew.
_RESUMABLE = timedelta(hours=24)


@dataclass(frozen=True)
class Bounds:
    """Where a run ends in order although more is due.

    Attributes:
        chunk_size: fixtures that are committed together, None for what the settings say.
        max_calls: requests of any kind, retries included.
        max_minutes: time after which no further request is sent.
    """

    chunk_size: int | None = None
    max_calls: int | None = None
    max_minutes: float | None = None


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
        UsageError: a setting, the selection or the database is wrong; nothing was fetched.
        ExtractError: the run could not begin.
    """
    with _opened(selection, bounds, reporter, wait) as this_run:
        return this_run.execute()


def plan(selection: Selection, bounds: Bounds, reporter: Reporter, wait: bool = True) -> Plan:
    """Finds out what a run would ask for and what that would cost.

    It does all that a run does before it asks for the first fixture: reference data and lists that
    are too old are fetched, so that the run that follows does not have to.

    Raises:
        UsageError, ExtractError: as in `run`.
    """
    with _opened(selection, bounds, reporter, wait) as this_run:
        return this_run.plan()


def plan_offline(
    selection: Selection, bounds: Bounds, reporter: Reporter, wait: bool = True
) -> Plan:
    """The same from what the warehouse knows, without a call to the API and without a write.

    Raises:
        UsageError, ExtractError: as in `run`.
    """
    settings = _bounded(load_settings(), bounds)
    now = datetime.now(UTC)
    with closing(open_warehouse(reporter.line if wait else None, must_exist=True)) as warehouse:
        if not warehouse.has_tables():
            raise UsageError(nothing_extracted(warehouse.name))
        seasons = plan_seasons(warehouse)
        selected = _select(warehouse, settings, selection, seasons, now)
        return make_plan(warehouse, settings, seasons, selected.due, selected.known, now)


@contextmanager
def _opened(
    selection: Selection, bounds: Bounds, reporter: Reporter, wait: bool
) -> Iterator["_Run"]:
    settings = _bounded(load_settings(), bounds)
    with closing(open_warehouse(reporter.line if wait else None)) as warehouse:
        # Before anything is asked for: without `wait`, a busy warehouse ends the run here.
        with warehouse.turn("extract"):
            pass
        with closing(Loader(warehouse)) as loader:
            this_run = _Run(settings, warehouse, loader, selection, reporter)
            with this_run.bounded(bounds):
                yield this_run


def _bounded(settings: Settings, bounds: Bounds) -> Settings:
    if bounds.chunk_size is not None:
        settings.chunk_size = bounds.chunk_size
    return settings


@dataclass(frozen=True)
class _Selected:
    """The fixtures to ask for; how many the selection has, and how many are fetched already."""

    due: list[DueFixture]
    known: int
    resumed: int = 0


def _select(
    warehouse: Warehouse,
    settings: Settings,
    selection: Selection,
    seasons: dict[int, Season],
    now: datetime,
) -> _Selected:
    chosen = chosen_seasons(selection, seasons) if selection.is_of_seasons else []
    scope = selection.scope([season.id for season in chosen])
    asked_for = selection.force or selection.fixture_ids is not None
    due = due_fixtures(warehouse, read_schedule(settings.schedule), scope, now, asked_for)
    if selection.fixture_ids is None:
        return _Selected(due, known_fixtures(warehouse, scope))
    # Ids that nothing is known of are asked for too.
    wanted = dict.fromkeys(selection.fixture_ids)
    unknown = set(wanted) - {fixture.id for fixture in due}
    due += [DueFixture(id, None, "asked for", None) for id in wanted if id in unknown]
    if selection.force or not (began := _unfinished_since(warehouse, selection, now)):
        return _Selected(due, len(wanted))
    done = {
        id
        for (id,) in warehouse.query(
            f"select id from {warehouse.raw}.fixture_checks as checks "
            f"where checked_at >= timestamptz '{began.isoformat()}' "
            "and (outcome in ('unchanged', 'missing') or outcome = 'stored' "
            f"and exists (select 1 from {warehouse.raw}.fixtures where fixtures.id = checks.id "
            "and fixtures.fetched_at >= checks.checked_at))"
        )
    }
    left = [fixture for fixture in due if fixture.id not in done]
    return _Selected(left, len(wanted), len(due) - len(left))


def _unfinished_since(warehouse: Warehouse, selection: Selection, now: datetime) -> datetime | None:
    """When a run for the same ids began that was cut short, or the first of several such runs."""
    began = None
    for started_at, outcome in warehouse.query(
        f"select started_at, outcome from {warehouse.raw}.runs "
        f"where arguments ->> 'fixture_ids' = '{selection.arguments()['fixture_ids']}' "
        f"and started_at > timestamptz '{(now - _RESUMABLE).isoformat()}' "
        "and outcome <> 'planned' order by started_at desc"
    ):
        if outcome == "completed":
            break
        began = started_at
    return began


class _Run:
    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        loader: Loader,
        selection: Selection,
        reporter: Reporter,
    ) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._loader = loader
        self._raw = warehouse.raw
        self._selection = selection
        self._reporter = reporter
        self._client = SportmonksClient(settings)
        self._client.governor.on_wait = reporter.waiting
        # Calls of the load under way: they are recorded with it, or else when the run ends.
        self._uncommitted: list[ApiCall] = []
        self._interrupted = False
        # Something that a run can go on without, but that leaves it incomplete.
        self._has_failed = False
        started_at = datetime.now(UTC)
        run_id = f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._summary = Summary(run_id, warehouse.name, started_at, selection.arguments())

    @contextmanager
    def bounded(self, bounds: Bounds) -> Iterator[None]:
        """Stops the run in order when a bound is reached."""
        self._client.calls_left = math.inf if bounds.max_calls is None else bounds.max_calls
        timer = None
        if bounds.max_minutes is not None:
            timer = threading.Timer(
                bounds.max_minutes * 60, self._client.stop, ["the time of --max-minutes is over"]
            )
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            if timer:
                timer.cancel()

    def execute(self) -> Summary:
        """Fetches what is due."""
        summary = self._summary
        try:
            self._prepare()
            self._fetch(self._select())
            summary.outcome = "failed" if summary.failed_ids else "completed"
        except UsageError:
            summary.outcome = "failed"
            self._close_run_that_broke_off()
            raise
        except KeyboardInterrupt:
            self._interrupted = True
        except StoppedError:
            summary.outcome = "stopped"
        except ExtractError as error:
            self._fail(str(error))
        if self._interrupted:
            summary.outcome = "interrupted"
        elif self._has_failed:
            summary.outcome = "failed"
        elif self._client.stopped and summary.outcome != "failed":
            summary.outcome = "stopped"
            self._reporter.line(f"Stopped: {self._client.stopped}.")
        try:
            # After a second Ctrl-C, what cannot be loaded now waits for the next run.
            if not (self._interrupted and self._loader.has_pending):
                self._close_run()
        except ExtractError as error:
            # What broke the run off is said already; its row is loaded by the next run.
            if summary.outcome != "failed":
                self._reporter.error(str(error))
            summary.outcome = "failed"
        return summary

    def plan(self) -> Plan:
        """Finds out what is due, and what it would cost."""
        self._summary.outcome = "planned"
        try:
            self._prepare()
            selected = self._select()
            self._summary.known = selected.known
        except (ExtractError, KeyboardInterrupt):
            self._close_run_that_broke_off()
            raise
        self._close_run()
        seasons = plan_seasons(self._warehouse)
        found = make_plan(
            self._warehouse,
            self._settings,
            seasons,
            selected.due,
            selected.known,
            datetime.now(UTC),
        )
        return replace(found, calls_spent=self._summary.calls)

    def _close_run_that_broke_off(self) -> None:
        """Records the calls that were spent, if there is a place for them yet."""
        if self._warehouse.has_tables():
            self._close_run()

    def _fail(self, text: str) -> None:
        self._has_failed = True
        self._reporter.error(text)

    def _prepare(self) -> None:
        """Everything before the first fixture: old loads, reference data, lists of fixtures."""
        self._finish_abandoned()
        self._refresh_references()
        self._create_tables()
        for discovery in self._discoveries():
            self._reporter.line(discovery.title)
            self._discover(discovery)

    def _discover(self, discovery: Discovery) -> None:
        """Reads some lists. One that fails does not keep the run from what is known already."""
        try:
            resources = ("fixture_index", "discoveries")
            self._load(self._source(discovery=discovery).with_resources(*resources))
        except TokenError:
            raise
        except (AccessError, RefusedError) as error:
            # Too many pages, too many seasons in one filter, or one that is not in the plan.
            if not (halves := discovery.halves()):
                self._fail(f"{discovery.title.rstrip('.')} failed: {error}")
            for half in halves:
                self._discover(half)
        except RequestError as error:
            self._fail(f"{discovery.title.rstrip('.')} failed: {error}")

    def _finish_abandoned(self) -> None:
        """Loads what runs had fetched that were cut short, before anything is asked for."""
        try:
            self._loader.finish_abandoned(
                lambda: self._reporter.line("Loading what a run had fetched that was cut short.")
            )
        except DroppedError as error:
            self._reporter.warning(str(error))

    def _refresh_references(self) -> None:
        settings, now = self._settings, datetime.now(UTC)
        listed_at = listing_times(self._warehouse)
        slow = {"types": settings.type_max_age, "states": settings.type_max_age}
        for name in REFERENCES:
            hours = slow.get(name, settings.reference_max_age)
            is_there = self._warehouse.query(f"select 1 from {self._raw}.{name} limit 1")
            is_fresh = is_there and not is_old(listed_at.get(name), hours, now)
            if is_fresh and not self._selection.force:
                continue
            self._reporter.line(f"Fetching {name}.")
            try:
                self._load(self._source().with_resources(name, f"{name}_listed"))
            except TokenError:
                raise
            except (AccessError, RefusedError) as error:
                self._reporter.warning(f"No {name}: {error} Going on without.")
            except RequestError as error:
                self._fail(f"Fetching {name} failed: {error}")

    def _create_tables(self) -> None:
        """Makes every raw table, so that dbt finds them all whatever was fetched so far."""
        if not self._warehouse.has_tables():
            self._load(
                [
                    dlt.resource(schema.empty_table(), name=name, **tables.hints(name))
                    for name, schema in tables.SCHEMAS.items()
                ]
            )

    def _discoveries(self) -> Iterator[Discovery]:
        """The lists of fixtures that are too old, or missing."""
        selection, now = self._selection, datetime.now(UTC)
        if selection.fixture_ids is not None:
            return iter(())
        chosen = chosen_seasons(selection, plan_seasons(self._warehouse))
        arguments = (self._warehouse, self._settings)
        if selection.window is not None:
            return discover_window(
                *arguments, selection.window, selection.league_id, now, selection.force
            )
        if not chosen:
            self._reporter.warning("The plan has no league with a current season.")
        is_over = {season.id: season.is_over for season in chosen}
        return discover_seasons(*arguments, is_over, now, selection.force)

    def _select(self) -> _Selected:
        selected = _select(
            self._warehouse,
            self._settings,
            self._selection,
            plan_seasons(self._warehouse),
            datetime.now(UTC),
        )
        if selected.resumed:
            self._reporter.line(
                f"Going on with a run that did not complete: {selected.resumed:,} of "
                f"{selected.known:,} fixtures are fetched. --force asks for them again."
            )
        return selected

    def _fetch(self, selected: _Selected) -> None:
        summary, settings, due = self._summary, self._settings, selected.due
        summary.due, summary.known, summary.resumed = len(due), selected.known, selected.resumed
        if self._client.down:
            raise self._client.down
        known_types = {id for (id,) in self._warehouse.query(f"select id from {self._raw}.types")}
        chunks = Chunks(
            self._warehouse,
            due,
            settings.chunk_size,
            settings.batch_size,
            lambda: self._client.stopped,
        )
        with self._reporter.fetching(len(due), summary.known):
            for chunk in chunks:
                summary.asked_by_others = chunks.asked_by_others
                self._fetch_chunk(chunk, known_types or None)
                self._reporter.committed(summary.asked, len(due))
                if self._client.down:
                    raise self._client.down
                if self._client.stopped:
                    break
        summary.asked_by_others = chunks.asked_by_others

    def _fetch_chunk(self, chunk: Sequence[DueFixture], known_types: set[int] | None) -> None:
        """Asks for some fixtures, and commits what is answered, also after the first Ctrl-C."""
        ids = [fixture.id for fixture in chunk]
        source = self._source(
            fixture_ids=ids,
            stored=WarehouseFixtures(self._warehouse, ids),
            known_types=known_types,
            run_row=self._summary.row,
        )
        seasons = list(dict.fromkeys(fixture.season_id for fixture in chunk))
        self._summary.chunks.append(Chunk(seasons))
        resources = ("fixtures", "fixture_checks", "api_calls", "runs", "unlisted_types")
        try:
            with self._stopping_in_order():
                self._load(source.with_resources(*resources))
        except (ExtractError, KeyboardInterrupt):
            self._summary.chunks.pop()
            raise

    @contextmanager
    def _stopping_in_order(self) -> Iterator[None]:
        """Lets the first Ctrl-C end the requests only, so that what was answered is committed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            self._interrupted = True
            self._reporter.line("Stopping: what was answered is committed. Ctrl-C again: at once.")
            # In a thread: the interrupted one may hold the locks that this needs.
            threading.Thread(target=self._client.stop, args=["interrupted"]).start()

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _close_run(self) -> None:
        summary = self._summary
        # What a load that broke off had answered is gone, but its calls are spent.
        calls = self._client.drain_calls()
        summary.count_calls(calls)
        calls = self._uncommitted + calls
        self._uncommitted.clear()
        summary.finished_at = datetime.now(UTC)
        call_rows = [{"run_id": summary.run_id, **asdict(call)} for call in calls]
        self._load(
            [
                dlt.resource(
                    tables.rows("runs", [summary.row()]), name="runs", **tables.hints("runs")
                ),
                dlt.resource(
                    tables.rows("api_calls", call_rows),
                    name="api_calls",
                    **tables.hints("api_calls"),
                ),
            ]
        )

    def _source(self, **arguments: Any) -> Any:
        return sportmonks(
            run_id=self._summary.run_id,
            settings=self._settings,
            client=self._client,
            on_batch=self._on_batch,
            **arguments,
        )

    def _load(self, data: Any) -> None:
        """Commits one load.

        Raises:
            ExtractError: the API or the database broke it off; nothing of it is in the warehouse.
        """
        self._loader.load(data)
        self._uncommitted.clear()

    def _on_batch(self, batch: Batch) -> None:
        self._summary.count_batch(batch)
        self._uncommitted += batch.calls
        self._reporter.fetched(len(batch.outcomes))
