"""The output of commands on a terminal, in a file and as JSON lines."""

import io
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from extract.api.clock import ApiClock
from extract.api.responses import ApiCall
from extract.cli.messages import Messages
from extract.cli.progress_bar import ConsoleProgress
from extract.cli.tables import print_check, print_plan, print_rows
from extract.config.endpoints import ENDPOINT
from extract.config.settings import load_settings
from extract.diagnostics.check_result import CheckResult
from extract.planning.plan import Plan, SeasonPlan
from extract.runs.eta import EtaEstimator
from extract.runs.summary import Summary
from extract.transform.progress_bar import BuildReporter
from simulator import Simulator
from tests.support.pipeline import Job
from tests.support.terminal import run_on_terminal

# A transform that takes no time.
SMALL = ["transform", "--exclude-resource-type", "test", "--select", "+states"]


def shown(output: str, columns: int) -> list[str]:
    """The lines without control sequences, each one that a bar draws too; none may be too wide."""
    bare = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", bare)]
    assert max(map(len, lines)) <= columns, max(lines, key=len)
    return lines


def has_cursor(output: str) -> bool:
    """Whether the cursor is visible at the end."""
    return output.rfind("\x1b[?25h") >= output.rfind("\x1b[?25l")


# At 60 columns, the default run has the bar of a transform: below.
@pytest.mark.parametrize("columns", [100, pytest.param(60, marks=pytest.mark.thorough)])
def test_progress_names_its_phase_and_counts_calls_quota_and_time(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", "20")
    with Simulator(seed=3, leagues=1, seasons=1, teams=12, quota=7, window=3, latency=0.1) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        output = run_on_terminal(columns, "extract", "--seasons", "all")
        paths = [request["path"] for request in api.control.requests()]
    assert has_cursor(output)
    lines = shown(output, columns)
    bar, time, all_of_them = "[━╸╺ ]{10,}", "[0-9]:[0-9]{2}:[0-9]{2}", "135/135"
    for phase in ("Reference data", "Lists", "Season lists"):
        assert any(re.fullmatch(f"{phase} +{bar} +[0-9]+ calls? .*{time}", line) for line in lines)
    frames = [line for line in lines if line.startswith("Fixtures ") and "to go" in line]
    counted = f"Fixtures +{bar} +[0-9 ]+/135 .*{time} to go"
    assert all(re.match(counted, frame) for frame in frames)
    assert any("quota in 0:00:0" in frame for frame in frames)
    assert (columns == 60) != any("of the Fixture quota left" in frame for frame in frames)
    # The bar moves while types are looked up one by one, which the count of calls shows.
    types = sum("/core/types/" in path for path in paths)
    looked_up = [line for line in lines if line.startswith("Types ")]
    assert types
    assert any(re.fullmatch(f"Types +{bar} +[0-9]/{types} .*{time}", line) for line in looked_up)
    assert any(f"Requesting {types} type(s)" in line for line in lines)
    loading = [line for line in lines if line.startswith("Loading ")]
    assert any(re.fullmatch(f"Loading +{bar} +{all_of_them} .*{time}", line) for line in loading)
    if columns == 100:
        # Lists of seasons are requested after the fixtures.
        so_far = sum("/seasons/" not in path for path in paths)
        assert any(f" {so_far} calls " in line for line in loading)


def test_the_summary_is_accurate(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SPORTMONKS__BATCH_SIZE", "4")
    ids = api.world.fixture_ids()[:8]
    monkeypatch.setenv("SOURCES__SPORTMONKS__REQUESTS_IN_FLIGHT", "1")
    lacking = {"kind": "missing_include", "include": "events", "path": ".*multi.*", "times": 1}
    api.control.faults([lacking, {**lacking, "after": 2}])
    output = duckdb_job.extract("--fixture-ids", ",".join(map(str, ids)), "--verbose").output
    # New fixtures had nothing before.
    assert "suddenly" not in output
    assert "4 fixtures are unconfirmed: an include is missing or became empty" in output
    notes = duckdb_job.query("select distinct note from sportmonks_raw.fixture_checks order by 1")
    assert notes == [("Stored without events; not confirmed yet.",), (None,)]
    assert re.search(r"^  due when the run began +8 *$", output, re.MULTILINE)
    # Also when all calls together took less than a tenth of a second.
    assert "Seconds waited" not in output
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [ids[0]]}])
    result = duckdb_job.extract("--fixture-ids", str(ids[0]), "--json", code=1)
    assert "Calls saved" not in result.output
    summary = json.loads(result.stdout)
    # One call per fixture would have taken no more than the three tries.
    assert (summary["fixture_calls"], summary["calls_saved"]) == (3, 0)


# A title, a bell, a colour, a CSI of C1, an order of text, a line separator; and no markup.
HOSTILE = "\x1b]0;title\x07\x1b[31m\x9b2J\u202eevil\u2066\u2028 [bold]:cat:[/] \r"
SEEN = r"\x1b]0;title\x07\x1b[31m\x9b2J\u202eevil\u2066\u2028 [bold]:cat:[/] \r"


def test_foreign_text_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=200, no_color=True)
    messages = Messages(console, "debug")
    progress = ConsoleProgress(messages)
    for say in (progress.line, progress.warning, progress.error):
        say(HOSTILE)
    print_rows(console, [HOSTILE], [[HOSTILE]])
    print_check(console, CheckResult("database", "fail", HOSTILE, HOSTILE))
    season = SeasonPlan(1, HOSTILE, HOSTILE, Counter(new=1))
    print_plan(messages, Plan("DuckDB", 1, [season], 1, 0, {}, None, 1.0))
    BuildReporter(console, []).line(HOSTILE, "red")
    Messages(console, as_json=True).write("warning", HOSTILE)
    output = written.getvalue()
    assert output.count(SEEN) == 10
    (line,) = (line for line in output.splitlines() if line.startswith("{"))
    assert json.loads(line)["message"] == HOSTILE
    assert not set(HOSTILE) - set(SEEN) - {"\x1b"} & set(output)
    assert not re.search(r"\x1b\]|\x1b\[31m", output)


def test_a_file_gets_no_control_characters(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR")
    for arguments in (["extract"], SMALL, [*SMALL, "--verbose"]):
        output = duckdb_job.command(*arguments).output
        assert len(output.splitlines()) > 5
        assert "\x1b" not in output
        assert "\r" not in output


def test_no_color_is_respected(duckdb_job: Job) -> None:
    colours = re.compile(r"\x1b\[[0-9;]*m")
    _, *select = SMALL
    both = ["run", "--verbose", "--", *select]
    output = run_on_terminal(100, *both, NO_COLOR="1")
    assert "Fixtures requested" in output
    assert "Completed successfully" in output
    assert set(colours.findall(output)) <= {"\x1b[0m", "\x1b[1m", "\x1b[2m"}
    assert "\x1b[32m" in run_on_terminal(100, *SMALL, "--verbose")


def json_lines(text: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
        assert line["message"]
    return lines


def test_json_lines_count_what_the_summary_counts(duckdb_job: Job, api: Simulator) -> None:
    poor = api.world.fixture_ids()[0]
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poor]}])
    result = duckdb_job.extract("--log-format", "json", "--verbose", "--json", code=1)
    summary = json.loads(result.stdout)
    lines = json_lines(result.stderr)
    calls = [line for line in lines if "endpoint" in line]
    assert {line["level"] for line in calls} == {"debug"}
    assert len(calls) == summary["calls"]
    assert sum(line["bytes"] for line in calls) == summary["bytes"]
    assert sum(line["endpoint"] == ENDPOINT for line in calls) == summary["fixture_calls"]
    (committed,) = (line for line in lines if "committed" in line["message"])
    assert committed["requested"] == summary["requested"] == len(api.world.fixture_ids())
    (closing,) = (line for line in lines if line.get("outcome"))
    ((note, count),) = summary["failures"].items()
    del summary["failed_ids"], summary["failures"]
    assert summary.items() <= closing.items()
    failed, reason = (line for line in lines if line["level"] == "error")
    assert failed["failed_ids"] == [poor]
    assert (reason["note"], reason["failed"]) == (note, count) == (note, 1)
    assert api.token not in result.stderr

    result = duckdb_job.command("plan", "--log-format", "json", "--json")
    (planned,) = json_lines(result.stderr)
    assert json.loads(result.stdout).items() <= planned.items()
    result = duckdb_job.extract("--season-id", "1", "--log-format", "json", code=2)
    assert [line["level"] for line in json_lines(result.output)] == ["error"]


def test_quiet_prints_errors_only(duckdb_job: Job, api: Simulator) -> None:
    assert duckdb_job.extract("--quiet").output == ""
    assert run_on_terminal(60, "extract", "--quiet", "--force") == ""
    poor = api.world.fixture_ids()[0]
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [poor]}])
    line, reason = duckdb_job.extract("--quiet", "--force", code=1).output.splitlines()
    assert str(poor) in line
    assert "1 failed: The API fails (HTTP 500" in reason
    known = len(api.world.fixture_ids())
    shown = rf"Fixtures due +[1-9][0-9]* of {known}\b"
    assert re.search(shown, duckdb_job.command("plan", "--quiet").output)
    assert "--verbose" in duckdb_job.extract("--quiet", "--verbose", code=2).output


def test_verbose_prints_each_call(duckdb_job: Job, api: Simulator) -> None:
    output = duckdb_job.extract("--verbose").output
    assert len(re.findall(r"status 200, .* bytes", output)) == len(api.control.requests())


@pytest.mark.parametrize(
    ("columns", "arguments"),
    [
        pytest.param(100, [], marks=pytest.mark.thorough),
        (60, ["--select", "+path:models/marts/core", "--indirect-selection", "cautious"]),
    ],
)
def test_transform_shows_its_progress(duckdb_job: Job, columns: int, arguments: list[str]) -> None:
    duckdb_job.start_extracted()
    output = run_on_terminal(columns, "transform", *arguments)
    assert has_cursor(output)
    lines = shown(output, columns)
    frames = [found for line in lines if (found := re.search("([0-9]+)/([0-9]+) .*:", line))]
    assert int(frames[-1][1]) == int(frames[-1][2]) > 10
    assert any(re.search("[0-9]+/[0-9]+ .*:[0-9]{2} +[a-z]+_[a-z_]+", line) for line in lines)
    assert any(re.fullmatch("Tables built +[0-9]+", line) for line in lines)
    assert any(re.fullmatch("Checks passed +[0-9]{2}", line) for line in lines)
    # What a check found, its description and the first rows.
    text = " ".join(lines)
    assert re.search(r"WARN live_fixtures_are_recent: [0-9]+ found\. .* fixture_id [0-9]", text)


@pytest.mark.thorough
def test_ctrl_c_ends_the_bar_of_a_transform(duckdb_job: Job) -> None:
    duckdb_job.start_extracted()
    output = run_on_terminal(60, "transform", code=130, stop_at="fixture_events")
    assert has_cursor(output)
    assert shown(output, 60)[-2] == "Stopped by Ctrl-C: the same command goes on from here."
    assert "Traceback" not in output


def test_failures_are_printed_at_every_verbosity(duckdb_job: Job) -> None:
    duckdb_job.start_extracted()
    # In processes of their own, before dbt leaves the file open in this one.
    run_on_terminal(100, *SMALL)
    table = f"{duckdb_job.database.schema}.states"
    duckdb_job.database.execute(f"alter table {table} rename column name to title")
    assert "in model states" in " ".join(shown(run_on_terminal(60, *SMALL, code=1), 60))
    for option in ([], ["--quiet"], ["--verbose"], ["--log-format", "json"]):
        output = duckdb_job.command(*SMALL, *option, code=1).output
        assert "in model states" in output
        assert "out of sync" in output
    for option in ([], ["--quiet"]):
        output = duckdb_job.command("transform", *option, "--nonsense", code=2).output
        assert "No such option '--nonsense'" in output


def test_dbt_arguments_of_the_user_win(duckdb_job: Job) -> None:
    duckdb_job.start_extracted()
    _, *select = SMALL
    assert duckdb_job.command("transform", "--quiet", *select).output == ""
    lines = duckdb_job.command("transform", "--log-format", "json", *select).output.splitlines()
    assert all("info" in json.loads(line) for line in lines)
    assert len(lines) > 5


def call(remaining: int | None, resets_in: int | None = 1800) -> ApiCall:
    return ApiCall(1, datetime.now(UTC), ENDPOINT, 50, 1, quota_limit=3000,
                   quota_remaining=remaining, quota_resets_in=resets_in)  # fmt: skip


def test_the_eta_includes_quota_waits(duckdb_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__SPORTMONKS__QUOTA_RESERVE", "0")
    eta = EtaEstimator(load_settings())
    summary = Summary("run", "a warehouse", ApiClock(), {}, due=50 * 4000)
    summary.fixture_calls = 1
    assert eta.estimate(summary, [call(None)], 50).calls_left is None
    # 4,000 calls: 1,000 now, and 3,000 when the window has ended.
    outlook = eta.estimate(summary, [call(1000)], 50)
    assert outlook.calls_left == 1000
    assert 1800 <= outlook.seconds < 1900
    # None now, 3,000 then, and 1,000 an hour later.
    assert 5400 <= eta.estimate(summary, [call(0)], 50).seconds < 5500
    # A smaller batch takes more calls: 4 windows more.
    assert 5400 + 4 * 3600 <= eta.estimate(summary, [], 12).seconds < 5500 + 5 * 3600
