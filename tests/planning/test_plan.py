"""A plan's calls and time, against those of the run that follows."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from extract.config.settings import Settings
from extract.planning.chunks import calls_for
from extract.planning.due import DueFixture
from extract.planning.estimate import Quota, run_seconds
from extract.planning.selection import Selection
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, requested_ids

NOW = datetime(2026, 3, 14, 15, 20, tzinfo=UTC)


@pytest.mark.parametrize("chunk_size", [25, pytest.param(2500, marks=pytest.mark.thorough)])
def test_a_run_makes_the_planned_calls(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, chunk_size: int
) -> None:
    chance = random.Random(chunk_size)
    monkeypatch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", "10")
    now, size = NOW, ["--chunk-size", str(chunk_size)]
    for _ in range(3):
        api.control.set_clock(now.isoformat())
        with time_machine.travel(now, tick=True):
            plan = json.loads(duckdb_job.command("plan", *size, "--json").stdout)
            assert (
                json.loads(duckdb_job.command("plan", *size, "--json").stdout)["calls_spent"] == 0
            )
            api.control.reset_requests()
            offline = json.loads(duckdb_job.command("plan", *size, "--offline", "--json").stdout)
            assert api.control.requests() == []
            summary = json.loads(duckdb_job.extract(*size, "--json").stdout)
        same = ("known", "due", "reasons", "seasons", "fixture_calls")
        assert {name: offline[name] for name in same} == {name: plan[name] for name in same}
        assert len(requested_ids(api)) == summary["fixture_calls"] == plan["fixture_calls"]
        assert summary["requested"] == plan["due"] == plan["calls_one_by_one"]
        assert sum(plan["reasons"].values()) == plan["due"]
        assert sum(season["due"] for season in plan["seasons"]) == plan["due"]
        now += timedelta(hours=chance.choice([1, 3, 26, 24 * 8]))


@POSTGRES_IN_TEST_ALL
def test_a_second_run_at_once_makes_no_call(job: Job, api: Simulator) -> None:
    with time_machine.travel(NOW, tick=True):
        job.extract()
        live = job.query("select count(*) from sportmonks_raw.fixtures where state_id in (2, 22)")
        assert live[0][0] > 0
        api.control.reset_requests()
        known = len(api.world.fixture_ids())
        assert f"No fixtures are due ({known} known)" in job.extract().output
        assert f"No fixtures are due ({known} known)" in job.command("plan").output
    assert api.control.requests() == []


def test_dry_run_is_a_plan(duckdb_job: Job, api: Simulator) -> None:
    plan = json.loads(duckdb_job.command("plan", "--json").stdout)
    dry = json.loads(duckdb_job.extract("--dry-run", "--json").stdout)
    assert dry == {**plan, "calls_spent": 0, "quota_resets_in": dry["quota_resets_in"]}
    assert len(requested_ids(api)) == 0
    assert duckdb_job.query("select count(*) from sportmonks_raw.fixtures") == [(0,)]


def test_a_dry_run_keeps_within_its_bounds(duckdb_job: Job, api: Simulator) -> None:
    dry_run = ["--dry-run", "--json", "--max-calls"]
    output = duckdb_job.extract(*dry_run, "2", code=1).output
    assert "Stopped before anything was listed: all calls that --max-calls allows" in output
    assert len(api.control.requests()) == 2
    api.control.reset_requests()
    # Enough for the reference data, and not for all lists.
    result = duckdb_job.extract(*dry_run, "9")
    plan = json.loads(result.stdout)
    assert len(api.control.requests()) == plan["calls_spent"] == plan["max_calls"] == 9
    assert "The plan may lack fixtures" in result.stderr
    assert not plan["complete"]
    assert json.loads(duckdb_job.extract(*dry_run, "100").stdout)["complete"]
    assert "100 by --max-calls" in duckdb_job.extract("--dry-run", "--max-calls", "100").output


@POSTGRES_IN_TEST_ALL
def test_a_run_records_its_arguments(job: Job, api: Simulator) -> None:
    season, league = api.world.seasons()[0]["id"], api.world.league_ids()[0]
    duckdb = job.database.environment()["TARGET"] == "duckdb"
    typed: list[tuple[list[str], dict[str, Any]]] = [
        (["--seasons", "2025..2026"], {"seasons": "2025..2026"}),
        (["--season-id", str(season)], {"seasons": [season]}),
    ]
    if duckdb:
        typed += [
            (["--seasons", "all", "--force"], {"seasons": "all", "force": True}),
            (["--seasons", "2025"], {"seasons": "2025"}),
            (
                ["--since", "2026-03-01", "--until", "2026-03-02", "--league-id", str(league)],
                {"window": ["2026-03-01", "2026-03-02"], "league_id": league},
            ),
        ]
    for arguments, _ in typed:
        job.command("plan", *arguments)
    listed = "select cast(arguments as text) from sportmonks_raw.runs order by started_at"
    assert [json.loads(row) for (row,) in job.query(listed)] == [given for _, given in typed]


def test_a_list_of_ids_is_recorded_and_identified() -> None:
    few = Selection([3, 1, 3]).arguments()
    assert (few["fixture_ids"], few["fixture_ids_count"]) == ([3, 1], 2)
    assert few["fixture_ids_hash"] == Selection([1, 3]).arguments()["fixture_ids_hash"]
    many = Selection(range(1, 30_001)).arguments()
    assert many["fixture_ids_count"] == 30_000
    assert many["fixture_ids_hash"] != few["fixture_ids_hash"]
    assert len(json.dumps(many)) < 100


def test_a_plan_is_for_people_too(duckdb_job: Job, api: Simulator) -> None:
    output = duckdb_job.command("plan").output
    league = api.world.leagues()[0]["name"]
    for text in (
        league,
        "2025/2026",
        "new",
        "Calls for them",
        "One call per fixture",
        "Quota left",
    ):
        assert text in output
    runs = duckdb_job.query("select outcome from sportmonks_raw.runs")
    assert runs == [("planned",)]


def test_a_plan_of_all_seasons_does_not_make_the_next_run_fetch_them(duckdb_job: Job) -> None:
    with Simulator(seed=1, leagues=1, seasons=3, teams=6) as api, pytest.MonkeyPatch.context() as m:
        m.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        plan = json.loads(duckdb_job.command("plan", "--seasons", "all", "--json").stdout)
        assert len(plan["seasons"]) == 3
        summary = json.loads(duckdb_job.extract("--json").stdout)
        assert summary["requested"] == plan["due"] / 3


def test_an_offline_plan_needs_no_token(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.start_planned()
    api.control.reset_requests()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SOURCES__SPORTMONKS__API_TOKEN")
        found = json.loads(duckdb_job.command("plan", "--offline", "--json").stdout)
    assert found["due"] > 0
    assert api.control.requests() == []


def test_a_plan_without_a_warehouse_names_the_remedy(job: Job) -> None:
    assert "run `sportmonks extract` first" in job.command("plan", "--offline", code=2).output


@pytest.mark.parametrize(
    ("fixtures", "failed", "chunk_size", "batch_size", "calls"),
    [
        (0, 0, 2500, 50, 0),
        (1, 0, 2500, 50, 1),
        (10_000, 0, 2500, 50, 200),
        (10_001, 0, 2500, 50, 201),
        (5000, 0, 2530, 50, 100),
        (100, 0, 30, 50, 4),
        (7, 0, 1, 50, 7),
        (99, 1, 2500, 50, 3),
        (0, 60, 2500, 50, 2),
    ],
)
def test_calls_for(
    fixtures: int, failed: int, chunk_size: int, batch_size: int, calls: int
) -> None:
    due = [DueFixture(id, 1, "new", None) for id in range(fixtures)]
    due += [DueFixture(id, 2, "failed", None) for id in range(failed)]
    assert calls_for(due, chunk_size, batch_size) == calls


@pytest.mark.parametrize(
    ("calls", "quota", "seconds"),
    [
        (100, None, 100),
        (100, Quota(3000, 3000, 0), 100),
        (2900, Quota(3000, 3000, 1800), 2900),
        # 2,900 at once, the other 100 when the window is over.
        (3000, Quota(3000, 3000, 1800), 1800 + 100),
        (3000, Quota(3000, 0, 600), 600 + 3600 + 100),
        (2900 * 3, Quota(3000, 3000, 3600), 3600 + 3600 + 2900),
    ],
)
def test_time_of_a_run(calls: int, quota: Quota | None, seconds: float) -> None:
    settings = Settings()
    settings.requests_in_flight, settings.quota_reserve = 4, 100
    assert run_seconds(calls, quota, settings, call_seconds=4) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["--season-id", "999999"], "Season 999999 does not exist or is not in your plan"),
        (["--seasons", "23001,999999"], "Season 999999 does not exist"),
        (["--seasons", "1901..1905"], "No season of your plan starts in 1901 to 1905"),
        (["--seasons", "2025..2019"], "the first year is later"),
        (["--seasons", "some"], "write all, a year or years such as 2024"),
        (["--seasons", "all", "--season-id", "1"], "either --season-id or --seasons"),
        (["--league-id", "999999"], "League 999999 does not exist"),
        (["--since", "2026-03-14", "--until", "2026-03-01"], "is later than --until 2026-03-01"),
        (["--since", "2026-01-01", "--until", "2026-04-12"], "are 101 days"),
        (["--since", "14.3.2026"], "'14.3.2026' is not a valid date: write it as 2026-03-14"),
        (["--since", "2026-02-30"], "'2026-02-30' is not a valid date"),
        (["--since", "9999-12-31"], "'9999-12-31' is not a valid date"),
        (["--since", "2149-01-01"], "is in the future: say --until when"),
        (["--seasons", "2024,2025"], "write all, a year or years such as 2024 or 2019..2025"),
        (["--until", "2026-03-14"], "--until needs --since"),
        (["--since", "2026-03-01", "--seasons", "all"], "either seasons or days"),
        (["--fixture-ids", "1", "--since", "2026-03-01"], "either fixture ids"),
    ],
)
def test_a_wrong_selection_spends_nothing(
    duckdb_job: Job, api: Simulator, arguments: list[str], output: str
) -> None:
    if "exist" in output or "No season" in output:
        duckdb_job.start_planned()  # reference data say what there is
    api.control.reset_requests()
    for command in ("extract", "plan"):
        result = duckdb_job.command(command, *arguments, code=2)
        assert output in result.output
        assert len([line for line in result.output.splitlines() if line.strip()]) == 1
    assert api.control.requests() == []


def test_a_wrong_schedule_spends_nothing(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Any] = [["live", "soon", "5m"]]
    monkeypatch.setenv("SOURCES__SPORTMONKS__SCHEDULE", json.dumps(rows))
    for command in ("extract", "plan"):
        result = duckdb_job.command(command, code=2)
        assert "schedule: row 1: 'soon' is not a valid age" in result.output
        assert "Traceback" not in result.output
    assert api.control.requests() == []
    assert duckdb_job.database.tables() == []


def test_a_call_that_was_stored_ahead_does_not_hide_the_quota(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_extracted()
    ahead = "called_at = called_at + interval '1 day', quota_remaining = 7"
    of_fixtures = "endpoint = 'football/fixtures/multi'"
    duckdb_job.query(f"update sportmonks_raw.api_calls set {ahead} where {of_fixtures}")
    plan = json.loads(duckdb_job.command("plan", "--json").stdout)
    assert plan["quota_remaining"] > 7
    assert plan["quota_resets_in"] <= 3600
