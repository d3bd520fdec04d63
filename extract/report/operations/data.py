"""The data of the report, read from the final tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from extract.transform.checks import FailedCheck
from extract.warehouse.query import Rows
from extract.warehouse.target import final_schema

Query = Callable[[str], Rows]

# Rows of a table on the page; hours and runs of a chart.
_ROWS, _HOURS, _RUNS = 500, 168, 100

# Upper bounds of ages in hours, and their labels.
AGES = {1: "an hour", 24: "a day", 168: "a week", 720: "30 days"}
OLDER, NEVER = "older", "never"


@dataclass(frozen=True)
class ReportData:
    """What the report shows.

    Attributes:
        made_at: when the data were read, in UTC.
        published_at: when the published copy that they were read from was written, in UTC; None
            if they were read from the warehouse.
        seasons: rows of `season_coverage`, current seasons and those with the newest matches first.
        season_count: number of all such rows.
        ages: fixtures by phase and by the time since they were last requested.
        runs: the newest rows of `extract_runs`, newest first.
        run_count: number of all such rows.
        quota: rows of `quota_usage` of the last hours with a call, newest first.
        quota_left: limit and calls left of the quota for fixtures, from the newest response.
        corrections: the newest rows of `fixture_corrections` after full time.
        correction_count: number of all such rows.
        corrections_by_day: corrections by day and kind.
        unresolved: fixtures whose last outcome is `failed`, `unconfirmed` or `missing`.
        unresolved_count: number of all such fixtures.
        due: fixtures that the next run fetches.
        due_count: number of all such fixtures.
        due_reasons: number of due fixtures by reason.
        warnings: the checks that found rows, each with its first rows.
        totals: sums over all seasons, by column of `season_coverage`.
    """

    made_at: datetime
    published_at: datetime | None
    seasons: Rows
    season_count: int
    ages: Rows
    runs: Rows
    run_count: int
    quota: Rows
    quota_left: tuple[int, int] | None
    corrections: Rows
    correction_count: int
    corrections_by_day: Rows
    unresolved: Rows
    unresolved_count: int
    due: Rows
    due_count: int
    due_reasons: Rows
    warnings: Sequence[tuple[FailedCheck, Rows]]
    totals: dict[str, Any]

    @property
    def last_run(self) -> dict[str, Any] | None:
        """The newest run; None if there is none."""
        return next(iter(self.runs.records()), None)


def read_report_data(
    query: Query,
    warnings: Sequence[FailedCheck],
    now: datetime,
    published_at: datetime | None = None,
) -> ReportData:
    """Reads the data of the report.

    Args:
        query: runs a query, where table names without a schema are those of the final tables.
        warnings: the checks that found rows.
        now: the current time, which ages end at.
        published_at: when the published copy was written; None if `query` reads the warehouse.
    """

    def count(table: str) -> int:
        return int(query(f"select count(*) from {table}").rows[0][0])

    due = f"{final_schema()}_raw.due_fixtures"
    unresolved = (
        f"{final_schema()}_raw.fixture_checks as checks "
        "left join fixtures on checks.id = fixtures.fixture_id "
        f"left join {final_schema()}_raw.fixture_index as listed on checks.id = listed.id "
        "left join season_coverage as seasons "
        "on coalesce(fixtures.season_id, listed.season_id) = seasons.season_id "
        "where checks.outcome in ('failed', 'unconfirmed', 'missing')"
    )
    after_full_time = "fixture_corrections where is_after_full_time"
    return ReportData(
        made_at=now,
        published_at=published_at,
        seasons=query(
            "select league_name, season_name, known, stored, finished, finished_with_statistics, "
            "finished_with_events, due, unconfirmed, missing, failed, last_finished_kick_off_at, "
            "last_checked_at, last_loaded_at from season_coverage where known > 0 "
            "order by coalesce(is_current, false) desc, last_finished_kick_off_at desc nulls last, "
            f"league_name, season_name limit {_ROWS}"
        ),
        season_count=count("season_coverage where known > 0"),
        ages=query(_ages(now)),
        runs=query(
            "select started_at, outcome, due, requested, stored, unchanged, missing, unconfirmed, "
            "failed, calls, calls_saved, waited_seconds, seconds, run_id from extract_runs "
            f"order by started_at desc limit {_RUNS}"
        ),
        run_count=count("extract_runs"),
        quota=query(
            "select hour_at, endpoint, calls, calls_answered, calls_over_quota, calls_failed, "
            "ids_requested, bytes, waited_seconds, quota_limit, min_quota_remaining "
            "from quota_usage where hour_at in (select distinct hour_at from quota_usage "
            f"order by 1 desc limit {_HOURS}) order by hour_at desc, calls desc, endpoint "
            f"limit {_ROWS}"
        ),
        quota_left=_quota_left(query),
        corrections=query(
            "select first_seen_at, league_name, season_name, fixture_name, kind, type_name, field, "
            f"old_value, new_value, starting_at, fixture_id from {after_full_time} "
            f"order by first_seen_at desc, fixture_id limit {_ROWS}"
        ),
        correction_count=count(after_full_time),
        corrections_by_day=query(
            "select cast(first_seen_at as date) as day, kind, count(*) as corrections "
            f"from {after_full_time} group by 1, 2 order by 1 desc, 2 limit {_ROWS}"
        ),
        unresolved=query(
            "select checks.outcome, seasons.league_name, seasons.season_name, "
            "fixtures.name as fixture, fixtures.starting_at, checks.note, "
            "checks.checked_at as last_requested_at, checks.times_missing, "
            f"checks.id as fixture_id from {unresolved} "
            f"order by checks.checked_at desc, checks.id limit {_ROWS}"
        ),
        unresolved_count=count(unresolved),
        due=query(
            "select due.reason, seasons.league_name, seasons.season_name, "
            "fixtures.name as fixture, fixtures.starting_at, fixtures.state_code, "
            "due.checked_at as last_requested_at, "
            f"due.id as fixture_id from {due} as due "
            "left join fixtures on due.id = fixtures.fixture_id "
            "left join season_coverage as seasons on due.season_id = seasons.season_id "
            f"order by fixtures.starting_at desc nulls last, due.id limit {_ROWS}"
        ),
        due_count=count(due),
        due_reasons=query(
            f"select reason, count(*) as fixtures from {due} group by 1 order by 2 desc"
        ),
        warnings=[
            (warning, query(f"select * from ({warning.sql}) as found limit {_ROWS}"))
            for warning in warnings
        ],
        totals=query(
            "select coalesce(sum(known), 0) as known, coalesce(sum(stored), 0) as stored, "
            "max(last_loaded_at) as last_loaded_at, "
            "max(last_checked_at) as last_checked_at from season_coverage"
        ).records()[0],
    )


def _ages(now: datetime) -> str:
    cases = " ".join(
        f"when checked_at >= timestamptz '{now.isoformat()}' - interval '{hours} hours' "
        f"then '{name}'"
        for hours, name in AGES.items()
    )
    return (
        f"select coalesce(states.phase, 'not stored yet') as phase, case {cases} "
        f"when checked_at is null then '{NEVER}' else '{OLDER}' end as requested_within, "
        "count(*) as fixtures "
        f"from {final_schema()}_raw.fixture_index as known "
        f"full join {final_schema()}_raw.fixture_checks as checks on known.id = checks.id "
        "left join fixtures on coalesce(known.id, checks.id) = fixtures.fixture_id "
        "left join states on fixtures.state_id = states.state_id group by 1, 2 order by 1, 2"
    )


def _quota_left(query: Query) -> tuple[int, int] | None:
    """From the newest response about fixtures: runs wait for the quota of fixtures."""
    found = query(
        f"select quota_limit, quota_remaining from {final_schema()}_raw.api_calls "
        "where endpoint like '%fixtures%' and quota_remaining is not null "
        "and quota_limit is not null order by called_at desc limit 1"
    ).rows
    return (int(found[0][0]), int(found[0][1])) if found else None
