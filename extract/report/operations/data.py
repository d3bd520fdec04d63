"""The data of the operations page, read from the tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from extract.config.includes import refused_parts
from extract.warehouse.query import Rows
from extract.warehouse.target import final_schema

Query = Callable[[str], Rows]

# Rows of a table on the page, of a check, and of the charts.
_ROWS, _CHECK_ROWS, _RUNS, _HOURS = 300, 20, 500, 24 * 7

# Upper bounds of ages in hours, and their labels.
AGES = {1: "within an hour", 24: "a day", 168: "a week", 720: "30 days"}
OLDER, NEVER = "longer ago", "never"

# What each finished match should have, by the table that has it.
_EXPECTED = {
    "fixture_participants": "participants",
    "fixture_scores": "scores",
    "fixture_periods": "periods",
    "fixture_statistics": "statistics",
    "fixture_events": "events",
    "fixture_lineups": "lineups",
    "fixture_formations": "formations",
    "fixture_coaches": "coaches",
    "fixture_referees": "referees",
}


@dataclass(frozen=True)
class Gap:
    """Fixtures of a season that lack something.

    Attributes:
        league_name: name of the league.
        season_name: name of the season.
        what: what they lack: `stored` for fixtures that are not stored, or an array.
        missing: number of fixtures that lack it.
        among: number of fixtures that should have it.
    """

    league_name: str
    season_name: str
    what: str
    missing: int
    among: int


@dataclass(frozen=True)
class CheckResult:
    """A check of the tables that found rows.

    Attributes:
        name: name of the dbt test.
        description: what the check requires.
        is_ours: whether it is about this job, not about the provider's data.
        found: number of rows that it finds.
        found_before: number of rows that it found before `changed_at`; None if it did not run.
        changed_at: when a transform found another number than the one before; None if unknown.
        rows: the first of the rows.
    """

    name: str
    description: str
    is_ours: bool
    found: int
    found_before: int | None
    changed_at: datetime | None
    rows: Rows

    def new_since(self, time: datetime) -> int:
        """How many more rows it finds than at that time."""
        if self.changed_at is None or self.changed_at < time:
            return 0
        return max(0, self.found - (self.found_before or 0))


@dataclass(frozen=True)
class OperationsData:
    """What the operations page shows. What the role may not read is None.

    Attributes:
        made_at: when the data were read, in UTC.
        published_at: when the published copy that they were read from was written, in UTC; None
            if they were read from the warehouse.
        unreadable: the tables that the role may not read, or that do not exist.
        seasons: rows of `season_coverage` with a known fixture.
        gaps: what is missing, the most first.
        unused: arrays that no finished fixture has.
        refused: parts of `include` that the plan refuses, with the time of the last refusal.
        ages: fixtures by phase and by the time since they were last requested.
        runs: the newest rows of `extract_runs`, newest first.
        run_count: number of all such rows.
        quota: rows of `quota_usage` of the last hours, newest first.
        quota_left: limit and calls left of the quota for fixtures, from the newest response, and
            the time of the response.
        corrections: the newest rows of `fixture_corrections` after full time.
        corrections_by_day: corrections after full time by day and kind.
        unresolved: fixtures whose last outcome is `failed`, `unconfirmed` or `missing`.
        unresolved_counts: number of such fixtures by outcome.
        due: fixtures that the next run fetches.
        due_reasons: number of due fixtures by reason.
        upcoming: the next matches.
        checks: the checks that find rows.
        checks_stored: number of all checks that the last transforms ran.
        built_at: when the last transform ended, if everything that it noted is still so.
        behind: number of fixtures that were fetched after the newest in the tables, and the time of
            the first.
    """

    made_at: datetime
    published_at: datetime | None
    unreadable: Sequence[str]
    seasons: Rows
    gaps: Sequence[Gap]
    unused: Sequence[str]
    refused: Mapping[str, datetime]
    ages: Rows | None
    runs: Rows
    run_count: int
    quota: Rows
    quota_left: tuple[int, int, datetime] | None
    corrections: Rows
    corrections_by_day: Rows
    unresolved: Rows | None
    unresolved_counts: Mapping[str, int]
    due: Rows | None
    due_reasons: Rows | None
    upcoming: Rows
    checks: Sequence[CheckResult] | None
    checks_stored: int
    built_at: datetime | None
    behind: tuple[int, datetime | None]

    def total(self, column: str) -> int:
        """The sum of a column of `season_coverage`."""
        return sum(season[column] for season in self.seasons.records())

    def newest(self, column: str) -> datetime | None:
        """The greatest time of a column of `season_coverage`."""
        return max((each[column] for each in self.seasons.records() if each[column]), default=None)

    @property
    def last_run(self) -> dict[str, Any] | None:
        """The newest run that was to fetch fixtures; None if there is none."""
        return next((run for run in self.runs.records() if run["outcome"] != "planned"), None)

    @property
    def correction_count(self) -> int:
        """The number of corrections after full time."""
        return sum(day["corrections"] for day in self.corrections_by_day.records())

    @property
    def due_count(self) -> int:
        """The number of due fixtures."""
        if self.due_reasons is None:
            return self.total("due")
        return sum(reason["fixtures"] for reason in self.due_reasons.records())


def read_operations_data(
    query: Query,
    now: datetime,
    on_step: Callable[[str], None],
    published_at: datetime | None = None,
) -> OperationsData:
    """Reads the data of the page.

    Args:
        query: runs a query, where table names without a schema are those of the final tables.
        now: the current time, which ages end at.
        on_step: called with what is read now.
        published_at: when the published copy was written; None if `query` reads the warehouse.
    """
    schema = final_schema()
    raw, staging = f"{schema}_raw", f"{schema}_staging"
    # PostgreSQL lists the tables that the role may use.
    found = query(
        "select table_schema, table_name from information_schema.tables "
        f"where table_schema in ('{raw}', '{staging}')"
    )
    readable = {f"{schema}.{table}" for schema, table in found.rows}
    unreadable: list[str] = []

    def read(sql: str, *tables: str) -> Rows | None:
        """The rows of a query of raw or staging tables, if the role may read these."""
        missing = [table for table in tables if table not in readable]
        unreadable.extend(missing)
        return None if missing else query(sql)

    def records(rows: Rows | None) -> list[dict[str, Any]]:
        return rows.records() if rows else []

    on_step("coverage")
    seasons = query(
        "select season_id, league_name, season_name, known, stored, withdrawn, finished, due, "
        "unconfirmed, missing, failed, last_finished_kick_off_at, last_checked_at, last_loaded_at "
        "from season_coverage where known > 0 "
        "order by coalesce(is_current, false) desc, last_finished_kick_off_at desc nulls last, "
        "league_name, season_name"
    )
    due, checks, index = f"{raw}.due_fixtures", f"{raw}.fixture_checks", f"{raw}.fixture_index"
    gaps, unused = _gaps(seasons, query, index if index in readable else None)
    ages = read(_ages(now, index, checks), index, checks)
    refused = read(
        f"select scope, listed_at from {raw}.listing_log where listed_at is not null",
        f"{raw}.listing_log",
    )
    names = (
        "left join fixtures on {id} = fixtures.fixture_id "
        "left join seasons on coalesce(fixtures.season_id, {season}) = seasons.season_id "
        "left join leagues on seasons.league_id = leagues.league_id "
    )
    unresolved = read(
        "select checks.outcome, fixtures.name as fixture, checks.note, fixtures.starting_at, "
        "leagues.name as league_name, seasons.name as season_name, "
        "checks.checked_at as last_requested_at, checks.times_missing, checks.id as fixture_id "
        f"from {checks} as checks left join {index} as listed on checks.id = listed.id "
        + names.format(id="checks.id", season="listed.season_id")
        + "where checks.outcome in ('failed', 'unconfirmed', 'missing') "
        f"order by checks.outcome, checks.checked_at desc, checks.id limit {_ROWS}",
        checks,
        index,
    )
    counted = read(
        f"select outcome, count(*) as fixtures from {checks} "
        "where outcome in ('failed', 'unconfirmed', 'missing') group by 1",
        checks,
    )
    on_step("runs and quota")
    runs = query(
        "select started_at, outcome, due, requested, stored, unchanged, missing, unconfirmed, "
        "failed, calls, calls_saved, waited_seconds, seconds, updated_at, run_id "
        f"from extract_runs order by started_at desc limit {_RUNS}"
    )
    quota = query(
        "select hour_at, endpoint, calls, calls_answered, calls_over_quota, calls_failed, "
        "ids_requested, bytes, waited_seconds, quota_limit, min_quota_remaining "
        f"from quota_usage where hour_at >= {_time(now - timedelta(hours=_HOURS))} "
        "order by hour_at desc, calls desc, endpoint"
    )
    left = read(
        f"select quota_limit, quota_remaining, called_at from {raw}.api_calls "
        "where endpoint like '%fixtures%' and quota_remaining is not null "
        "and quota_limit is not null order by called_at desc limit 1",
        f"{raw}.api_calls",
    )
    on_step("corrections")
    corrections = query(
        "select first_seen_at, league_name, season_name, fixture_name, kind, type_name, field, "
        "old_value, new_value, starting_at, fixture_id from fixture_corrections "
        f"where is_after_full_time order by first_seen_at desc, fixture_id limit {_ROWS}"
    )
    corrections_by_day = query(
        "select cast(first_seen_at as date) as day, kind, count(*) as corrections "
        "from fixture_corrections where is_after_full_time group by 1, 2 order by 1 desc, 2"
    )
    on_step("what is due")
    due_rows = read(
        "select due.reason, fixtures.name as fixture, fixtures.starting_at, fixtures.state_code, "
        "leagues.name as league_name, seasons.name as season_name, "
        f"due.checked_at as last_requested_at, due.id as fixture_id from {due} as due "
        + names.format(id="due.id", season="due.season_id")
        + f"order by fixtures.starting_at desc nulls last, due.id limit {_ROWS}",
        due,
    )
    due_reasons = read(
        "select reason, count(*) as fixtures, min(checked_at) as requested_since "
        f"from {due} group by 1 order by 2 desc, 1",
        due,
    )
    upcoming = query(
        "select fixtures.starting_at, leagues.name as league_name, fixtures.name as fixture, "
        "fixtures.state_code, fixtures.fixture_id from fixtures "
        "inner join states on fixtures.state_id = states.state_id "
        "left join leagues on fixtures.league_id = leagues.league_id "
        "where states.phase = 'scheduled' and not fixtures.is_withdrawn "
        f"and fixtures.starting_at between {_time(now)} and {_time(now + timedelta(days=7))} "
        f"order by 1, 5 limit {_ROWS}"
    )
    on_step("checks")
    stored_checks = read(f"select * from {staging}.check_results", f"{staging}.check_results")
    note = f"{staging}.last_transform"
    # A transform with arguments leaves no such note.
    built = read(f"select built_at from {note}", note)
    behind = read(
        f"select count(*), min(fetched_at) from {raw}.fixtures "
        "where fetched_at > (select max(loaded_at) from fixtures)",
        f"{raw}.fixtures",
    )
    return OperationsData(
        made_at=now,
        published_at=published_at,
        unreadable=sorted({*unreadable}),
        seasons=seasons,
        gaps=gaps,
        unused=unused,
        refused=_refused(records(refused)),
        ages=ages,
        runs=runs,
        run_count=int(query("select count(*) from extract_runs").rows[0][0]),
        quota=quota,
        quota_left=left.rows[0] if left and left.rows else None,
        corrections=corrections,
        corrections_by_day=corrections_by_day,
        unresolved=unresolved,
        unresolved_counts=(
            {each["outcome"]: each["fixtures"] for each in records(counted)}
            if counted
            else {
                outcome: sum(season[outcome] for season in seasons.records())
                for outcome in ("failed", "unconfirmed", "missing")
            }
        ),
        due=due_rows,
        due_reasons=due_reasons,
        upcoming=upcoming,
        checks=_checks(stored_checks, query) if stored_checks and stored_checks.rows else None,
        checks_stored=len(records(stored_checks)),
        built_at=built.rows[0][0] if built and built.rows else None,
        behind=behind.rows[0] if behind else (0, None),
    )


def _refused(listed: Sequence[Mapping[str, Any]]) -> dict[str, datetime]:
    times = {each["scope"]: each["listed_at"] for each in listed}
    return {part: times[scope] for scope, part in refused_parts(times).items()}


def _gaps(seasons: Rows, query: Query, index: str | None) -> tuple[list[Gap], list[str]]:
    """What finished and known fixtures lack, and the arrays that none of them has."""
    # As in `season_coverage`: the API may send a fixture without its season.
    season = "fixtures.season_id"
    listed = ""
    if index:
        season = "coalesce(fixtures.season_id, listed.season_id)"
        listed = f"left join {index} as listed on fixtures.fixture_id = listed.id "
    missing = " union all ".join(
        f"select season_id, '{name}' as what, count(*) as missing from finished where not exists "
        f"(select 1 from {table} as child where child.fixture_id = finished.fixture_id) group by 1"
        for table, name in _EXPECTED.items()
    )
    found = query(
        f"with finished as (select fixtures.fixture_id, {season} as season_id from fixtures "
        f"{listed}inner join states on fixtures.state_id = states.state_id "
        f"where states.phase = 'finished' and not fixtures.is_withdrawn) {missing}"
    ).rows
    finished = sum(season["finished"] for season in seasons.records())
    totals = {
        name: sum(count for _, what, count in found if what == name) for name in _EXPECTED.values()
    }
    unused = [name for name, total in totals.items() if total == finished > 0]
    by_season = {season["season_id"]: season for season in seasons.records()}

    def gap(season: dict[str, Any], what: str, missing: int, among: int) -> Gap:
        league, name = season["league_name"] or "No league", season["season_name"] or ""
        return Gap(league, name, what, missing, among)

    gaps = [
        gap(season, "stored", season["known"] - season["stored"], season["known"])
        for season in by_season.values()
        if season["known"] > season["stored"]
    ]
    gaps += [
        gap(by_season[season_id], what, missing, by_season[season_id]["finished"])
        for season_id, what, missing in found
        # Without the index, a fixture may have no season here.
        if what not in unused and season_id in by_season
    ]
    gaps.sort(key=lambda gap: (gap.what != "stored", gap.missing == gap.among, -gap.missing))
    return gaps, unused


def _checks(stored: Rows, query: Query) -> list[CheckResult]:
    """The stored checks that find rows now."""
    results = []
    for check in stored.records():
        if not check["found"]:
            continue
        # The same number as when it was last counted, unless the tables have changed since.
        found = int(query(f"select count(*) from ({check['query']}) as found").rows[0][0])
        if found:
            rows = query(f"select * from ({check['query']}) as found limit {_CHECK_ROWS}")
            results.append(
                CheckResult(
                    check["check_name"],
                    check["description"],
                    check["is_ours"],
                    found,
                    check["found_before"],
                    check["changed_at"],
                    rows,
                )
            )
    return sorted(results, key=lambda check: (not check.is_ours, -check.found))


def _ages(now: datetime, index: str, checks: str) -> str:
    cases = " ".join(
        f"when checked_at >= {_time(now - timedelta(hours=hours))} then '{name}'"
        for hours, name in AGES.items()
    )
    return (
        f"select coalesce(states.phase, 'not stored') as phase, case {cases} "
        f"when checked_at is null then '{NEVER}' else '{OLDER}' end as requested, "
        f"count(*) as fixtures from {index} as known "
        f"full join {checks} as checks on known.id = checks.id "
        "left join fixtures on coalesce(known.id, checks.id) = fixtures.fixture_id "
        "left join states on fixtures.state_id = states.state_id group by 1, 2 order by 1, 2"
    )


def _time(time: datetime) -> str:
    return f"timestamptz '{time.isoformat()}'"
