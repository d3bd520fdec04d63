"""One run of the extractor: which fixtures, chunk by chunk into the warehouse, what came of it."""

import json
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
import msgspec

from extract import tables
from extract.batches import ENDPOINT, OUTCOMES, Batch, Outcome
from extract.client import ApiCall, SportmonksClient
from extract.errors import (
    AccessError,
    DroppedError,
    ExtractError,
    RefusedError,
    TokenError,
    UsageError,
)
from extract.loader import Loader
from extract.payload import integer
from extract.report import Reporter
from extract.settings import Settings, load_settings
from extract.source import REFERENCES, sportmonks
from extract.warehouse import Warehouse, WarehouseFixtures, open_warehouse

# A run that was cut short longer ago than this is not resumed but begun anew.
_RESUMABLE = timedelta(hours=24)


@dataclass(frozen=True)
class Selection:
    """Which fixtures a run is about. Without ids, league and season: all current seasons.

    Attributes:
        fixture_ids: exactly these, or None.
        league_id: the current season of this league.
        season_id: this season.
        force: ask again for what an interrupted run has fetched, and for the reference data.
    """

    fixture_ids: Sequence[int] | None = None
    league_id: int | None = None
    season_id: int | None = None
    force: bool = False


@dataclass
class Summary:
    """What a run did; a row of `runs`.

    Attributes:
        warehouse: what the run wrote to, for people.
        outcome: `completed`, `failed` (at least one fixture was not answered, or the run broke
            off) or `interrupted`.
        outcomes: number of fixtures by outcome.
        resumed: fixtures that an interrupted run had fetched, and that were not asked for again.
        left: selected fixtures of which nothing is committed.
        calls: HTTP requests, retries and reference data included.
        calls_saved: against one call per fixture.
        waited_seconds: time that requests waited for quota and retries, added up.
        failed_ids: the ids whose outcome is `failed`.
    """

    run_id: str
    warehouse: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str = "completed"
    outcomes: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(OUTCOMES, 0)))
    resumed: int = 0
    left: int = 0
    calls: int = 0
    calls_saved: int = 0
    waited_seconds: float = 0.0
    failed_ids: list[int] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Fixtures that were asked for; the sum of the outcomes."""
        return sum(self.outcomes.values())

    def counts(self) -> dict[str, Any]:
        """The numbers, by name, as the column `counts` keeps them."""
        return {
            "asked": self.asked,
            **self.outcomes,
            "resumed": self.resumed,
            "left": self.left,
            "calls": self.calls,
            "calls_saved": self.calls_saved,
            "waited_seconds": round(self.waited_seconds, 3),
        }


def run(selection: Selection, reporter: Reporter, wait: bool = True) -> Summary:
    """Fetches the selected fixtures into the warehouse.

    Args:
        selection: which fixtures.
        reporter: told what happens.
        wait: for another process that uses the warehouse; otherwise that is an error.

    Returns:
        What was done; `outcome` tells whether all of it went well.

    Raises:
        UsageError: a setting, an id or the database is wrong; nothing was fetched.
        ExtractError: the run could not begin.
    """
    settings = load_settings()
    with closing(open_warehouse(reporter.line if wait else None)) as warehouse:
        # Before anything is asked for: without `wait`, a busy warehouse ends the run here.
        with warehouse.turn("extract"):
            pass
        with closing(Loader(warehouse)) as loader:
            return _Run(settings, warehouse, loader, selection, reporter).execute()


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
        # Batches of the load under way: they count when it is committed.
        self._uncommitted: list[Batch] = []
        started_at = datetime.now(UTC)
        run_id = f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._summary = Summary(run_id, warehouse.name, started_at)

    def execute(self) -> Summary:
        summary = self._summary
        try:
            self._finish_abandoned()
            self._refresh_references()
            self._create_tables()
            ids = self._remaining(self._select())
            self._fetch(ids)
            if summary.outcomes["failed"]:
                summary.outcome = "failed"
        except UsageError:
            raise
        except KeyboardInterrupt:
            summary.outcome = "interrupted"
        except ExtractError as error:
            summary.outcome = "failed"
            self._reporter.error(str(error))
        try:
            self._close_run()
        except ExtractError as error:
            # What broke the run off is said already; its row is loaded by the next run.
            if summary.outcome == "completed":
                self._reporter.error(str(error))
            summary.outcome = "failed"
        return summary

    def _finish_abandoned(self) -> None:
        """Loads what runs had fetched that were cut short, before anything is asked for."""
        try:
            self._loader.finish_abandoned(
                lambda: self._reporter.line("Loading what a run had fetched that was cut short.")
            )
        except DroppedError as error:
            self._reporter.warning(str(error))

    def _refresh_references(self) -> None:
        oldest = datetime.now(UTC) - timedelta(hours=self._settings.reference_max_age)
        for name in REFERENCES:
            fetched = self._warehouse.query(f"select max(fetched_at) from {self._raw}.{name}")
            if fetched and fetched[0][0] and fetched[0][0] > oldest and not self._selection.force:
                continue
            self._reporter.line(f"Fetching {name}.")
            try:
                self._load(self._source().with_resources(name))
            except TokenError:
                raise
            except (AccessError, RefusedError) as error:
                self._reporter.warning(f"No {name}: {error} Going on without.")

    def _create_tables(self) -> None:
        """Makes every raw table, so that dbt finds them all whatever was fetched so far."""
        if not self._warehouse.has_tables():
            self._load(
                [
                    dlt.resource(schema.empty_table(), name=name, **tables.hints(name))
                    for name, schema in tables.SCHEMAS.items()
                ]
            )

    def _select(self) -> list[int]:
        selection = self._selection
        if selection.fixture_ids is not None:
            return list(dict.fromkeys(selection.fixture_ids))
        seasons = self._seasons()
        if not seasons:
            self._reporter.warning("The plan has no league with a current season.")
            return []
        self._reporter.line(f"Listing the fixtures of {len(seasons)} season(s).")
        self._load(self._source(season_ids=seasons).with_resources("fixture_index"))
        listed = ", ".join(map(str, seasons))
        found = self._warehouse.query(
            f"select id from {self._raw}.fixture_index where season_id in ({listed})"
            f" and last_seen_at >= timestamptz '{self._summary.started_at.isoformat()}'"
            " order by season_id desc, id"
        )
        if not found and selection.season_id is not None:
            raise UsageError(
                f"Season {selection.season_id} has no fixtures: it does not exist or is not in "
                "your plan."
            )
        return [id for (id,) in found]

    def _seasons(self) -> list[int]:
        """The seasons that the selection means, newest first.

        Raises:
            UsageError: league or season are not what the reference data say.
        """
        league_id, season_id = self._selection.league_id, self._selection.season_id
        leagues = self._payloads("leagues")
        if league_id is not None and leagues and league_id not in leagues:
            raise UsageError(f"League {league_id} does not exist or is not in your plan.")
        if season_id is not None:
            season = self._payloads("seasons").get(season_id, {})
            if league_id is not None and season.get("league_id", league_id) != league_id:
                raise UsageError(
                    f"Season {season_id} belongs to league {season['league_id']}, not {league_id}."
                )
            return [season_id]
        current = {
            id: season.get("league_id")
            for id, season in self._payloads("seasons").items()
            if season.get("is_current") and season.get("league_id") in leagues
        }
        for league in leagues.values():
            season = league.get("currentseason") or {}
            if (id := integer(season.get("id"))) is not None:
                current[id] = league["id"]
        return sorted(
            (id for id, league in current.items() if league_id in (None, league)), reverse=True
        )

    def _remaining(self, ids: list[int]) -> list[int]:
        """The ids without those that a run which did not complete has fetched already."""
        if self._selection.force:
            return ids
        since = self._summary.started_at - _RESUMABLE
        done = {
            id
            for (id,) in self._warehouse.query(
                f"select id from {self._raw}.fixture_checks as checks "
                f"where checked_at > timestamptz '{since.isoformat()}' "
                "and (outcome in ('unchanged', 'missing') or outcome = 'stored' "
                f"and exists (select 1 from {self._raw}.fixtures where fixtures.id = checks.id "
                "and fixtures.fetched_at >= checks.checked_at)) "
                f"and not exists (select 1 from {self._raw}.runs where runs.outcome = 'completed' "
                "and runs.finished_at >= checks.checked_at)"
            )
        }
        remaining = [id for id in ids if id not in done]
        self._summary.resumed = len(ids) - len(remaining)
        if self._summary.resumed:
            self._reporter.line(
                f"Going on with a run that did not complete: {self._summary.resumed:,} of "
                f"{len(ids):,} fixtures are fetched. --force asks for them again."
            )
        return remaining

    def _fetch(self, ids: list[int]) -> None:
        size = self._settings.chunk_size
        self._summary.left = len(ids)
        with self._reporter.fetching(len(ids)):
            for start in range(0, len(ids), size):
                chunk = ids[start : start + size]
                stored = WarehouseFixtures(self._warehouse, chunk)
                self._load(
                    self._source(fixture_ids=chunk, stored=stored).with_resources(
                        "fixtures", "fixture_checks", "api_calls"
                    )
                )
                self._reporter.committed(self._summary.asked)
                if self._client.down:
                    raise self._client.down

    def _close_run(self) -> None:
        summary = self._summary
        # What a load that broke off had answered is gone, but its calls are spent.
        calls = [call for batch in self._uncommitted for call in batch.calls]
        calls += self._client.drain_calls()
        self._uncommitted.clear()
        self._count_calls(calls)
        summary.finished_at = datetime.now(UTC)
        selection = {k: v for k, v in asdict(self._selection).items() if v}
        if "fixture_ids" in selection:
            selection["fixture_ids"] = len(selection["fixture_ids"])
        row = {
            "run_id": summary.run_id,
            "started_at": summary.started_at,
            "finished_at": summary.finished_at,
            "arguments": json.dumps(selection),
            "counts": json.dumps(summary.counts()),
            "outcome": summary.outcome,
        }
        call_rows = [{"run_id": summary.run_id, **asdict(call)} for call in calls]
        self._load(
            [
                dlt.resource(tables.rows("runs", [row]), name="runs", **tables.hints("runs")),
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
        for batch in self._uncommitted:
            self._count_outcomes(batch.outcomes)
            self._count_calls(batch.calls)
        self._uncommitted.clear()

    def _on_batch(self, batch: Batch) -> None:
        self._uncommitted.append(batch)
        self._reporter.fetched(len(batch.outcomes))

    def _count_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        summary = self._summary
        summary.outcomes.update(outcome.name for outcome in outcomes)
        summary.left -= len(outcomes)
        summary.calls_saved += len(outcomes)
        summary.failed_ids += [o.id for o in outcomes if o.name == "failed"]

    def _count_calls(self, calls: Sequence[ApiCall]) -> None:
        summary = self._summary
        summary.calls += len(calls)
        summary.calls_saved -= sum(call.endpoint == ENDPOINT for call in calls)
        summary.waited_seconds += sum(call.waited_seconds for call in calls)

    def _payloads(self, table: str) -> dict[int, dict[str, Any]]:
        found = self._warehouse.query(f"select id, cast(payload as text) from {self._raw}.{table}")
        return {id: msgspec.json.decode(payload) for id, payload in found}
