"""The operations page in a browser, and its figures against the tables."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from threading import Timer

import axe_playwright_python
import psycopg2
import pytest
from playwright.sync_api import Browser, Page

from extract.report.operations import write_page
from simulator import Simulator
from tests.support.pipeline import EVERY_MODEL, POSTGRES_IN_TEST_ALL, Database, Job, Postgres
from tests.support.postgres import Server
from tests.support.processes import start_command

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
NAME = "</script><script>document.title = 'taken over'</script> & Sons <img src=x onerror=alert(1)>"
ESCAPES = "Red \x1b[31mStar"
# Pairs of texts of a chart that overlap.
COLLISIONS = """() => [...document.querySelectorAll("svg.plot")].flatMap((plot) => {
  const boxes = [...plot.querySelectorAll("text")]
    .map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width);
  return boxes.flatMap(([one, a], i) => boxes.slice(i + 1)
    .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
    .map(([other]) => `${one} and ${other}`));
})"""


@pytest.fixture
def api() -> Iterator[Simulator]:
    with Simulator(seed=5, leagues=2, seasons=2, teams=6, quota=10_000) as simulator:
        yield simulator


def fill(job: Job, api: Simulator) -> None:
    """Runs that store, fail, correct and leave something due, as if they were days apart."""
    ids = api.world.fixture_ids()
    played = [id for id in ids if api.control.fixture(id)["statistics"]]
    api.control.update(played[0], {"name": NAME})
    api.control.update(played[1], {"name": ESCAPES})
    # Live since months ago: a check of the job finds it.
    api.control.update(played[6], {"state_id": 2})
    for id in played[9:12]:
        api.control.update(id, {"statistics": []})
    job.extract("--seasons", "all", "--max-calls", "12", "--chunk-size", "20")
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [played[8]]}])
    job.extract("--force", "--fixture-ids", ",".join(map(str, played[:12])), code=1)
    api.control.faults([])
    for id in played[:5]:
        statistic = api.control.fixture(id)["statistics"][0]["id"]
        api.control.correct_statistic(id, statistic, 7777)
    job.extract("--force", "--fixture-ids", ",".join(map(str, played[:5])))
    job.query(
        "update sportmonks_raw.runs set started_at = started_at - interval '1 day' * "
        "(select count(*) from sportmonks_raw.runs as later "
        "where later.started_at > runs.started_at) returning 1"
    )
    job.query(
        "update sportmonks_raw.api_calls "
        "set called_at = called_at - interval '1 hour' * (call_number % 30) returning 1"
    )
    # With its checks, which the page reads.
    job.command("transform", "--quiet")


def written(job: Job) -> Path:
    folder = job.folder / "report"
    job.command("report", "--output", str(folder))
    return folder / "operations.html"


def show(page: Page, path: Path, width: int = 1280, scheme: str = "light") -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(path.as_uri())


def fits(page: Page, width: int) -> None:
    """Nothing is wider than the page, no texts collide, and cut tables say that they are cut."""
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(COLLISIONS) == []
    for table in page.locator(".scroll:visible").all():
        is_cut = table.evaluate("table => table.scrollWidth > table.clientWidth + 1")
        hint = table.locator("xpath=preceding-sibling::p[@class='more']")
        hint.wait_for(state="visible" if is_cut else "hidden")


@pytest.mark.parametrize(
    "views",
    [
        [(1280, "light"), (390, "dark")],
        pytest.param([(1280, "dark"), (390, "light")], marks=pytest.mark.thorough),
    ],
)
def test_in_a_browser(
    duckdb_job: Job, api: Simulator, page: Page, views: list[tuple[int, str]]
) -> None:
    duckdb_job.start("filled", lambda: fill(duckdb_job, api))
    path = written(duckdb_job)
    assert api.token not in path.read_text()
    for width, scheme in views:
        show(page, path, width, scheme)
        fits(page, width)
        for summary in page.locator("summary").all():
            summary.press("Enter")
        fits(page, width)
        page.evaluate(AXE.read_text())
        violations = page.evaluate("axe.run().then(found => found.violations)")
        assert [each["id"] for each in violations] == [], violations
    charts = {chart.get_attribute("id") for chart in page.locator("figure").all()}
    assert charts == {"chart-calls", "chart-failures", "chart-quota"}
    for chart in page.locator("figure svg").all():
        assert chart.locator("rect").count() >= 1
        assert (chart.get_attribute("aria-label") or "").startswith("Bars over time: ")
    # A name is text, whatever is in it.
    assert page.title().startswith("Operations of the Sportmonks warehouse")
    corrections = page.locator("#correction-rows").inner_text()
    assert NAME in corrections
    assert "Red \\x1b[31mStar" in corrections
    assert page.locator("#attention li").count() == 2
    assert "1 fixture failed" in page.locator("#attention").inner_text()
    assert "live fixtures are recent" in page.locator("#attention").inner_text()
    sorts(page)
    page.locator("#gap-rows-table thead button", has_text="Share").click()
    shares = page.locator("#gap-rows-table tbody td:nth-child(4)")
    values = [float(each.get_attribute("data-value") or "") for each in shares.all()]
    assert values == sorted(values)
    table = page.locator("#unresolved-rows tbody tr:visible")
    assert table.count() == 1
    filters(page)


def sorts(page: Page) -> None:
    """By keyboard: one way, the other, and by numbers as numbers."""
    table = page.locator("#run-rows-table")
    column = [each.inner_text().strip() for each in table.locator("thead th").all()].index(
        "Requested"
    )
    button = table.locator("thead button").nth(column)
    for direction, reverse in (("ascending", False), ("descending", True)):
        button.focus()
        page.keyboard.press("Enter")
        assert table.locator("thead th").nth(column).get_attribute("aria-sort") == direction
        cells = table.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()
        numbers = [int(cell.replace(",", "")) for cell in cells]
        assert numbers == sorted(numbers, reverse=reverse)
        assert len(set(numbers)) > 1


def filters(page: Page) -> None:
    rows = page.locator("#due-rows tbody tr:visible")
    all_rows = rows.count()
    page.locator("#due-rows input").fill("NEW")
    shown = rows.all_inner_texts()
    assert 0 < len(shown) < all_rows
    assert all("new" in row for row in shown)
    assert page.locator("#due-rows output").inner_text() == f"{len(shown)} rows"
    page.locator("#due-rows input").fill("no such fixture")
    assert rows.count() == 0


def test_a_script_or_a_style_from_a_name_would_not_run(
    duckdb_job: Job, api: Simulator, browser: Browser
) -> None:
    """The policy of the page refuses both, should the escaping ever fail."""
    build_three(duckdb_job, api)
    path = written(duckdb_job)
    added = "<script>document.title = 'taken over'</script><style>body { display: none }</style>"
    path.write_text(path.read_text().replace("</main>", f"{added}</main>"))
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title().startswith("Operations")
    assert page.locator("h1").is_visible()
    page.close()


def extract_three(job: Job, api: Simulator) -> None:
    ids = ",".join(map(str, api.world.fixture_ids()[:3]))
    job.start("three fixtures", lambda: job.extract("--fixture-ids", ids))


def build_three(job: Job, api: Simulator) -> None:
    def make() -> None:
        extract_three(job, api)
        job.transform(*EVERY_MODEL)

    job.start("three fixtures, built", make)


def test_one_run_is_a_sentence_and_nothing_is_red(
    duckdb_job: Job, api: Simulator, page: Page
) -> None:
    build_three(duckdb_job, api)
    show(page, written(duckdb_job), 390)
    fits(page, 390)
    assert page.locator("#stored").inner_text() == "3"
    # No check was made of these tables.
    unknown = page.locator("#attention.unknown h2").inner_text()
    assert unknown.startswith("Not everything could be checked: no checks of the tables could be")
    assert "sportmonks_staging.last_transform" in page.locator("#unreadable").inner_text()
    assert page.locator("figure").count() == 0
    assert "and completed after" in page.locator("#runs").inner_text()
    link = page.get_by_role("link", name="Football pages")
    assert link.get_attribute("href") == "index.html"
    path = duckdb_job.folder / "with football.html"
    write_page(path, print, football="index.html")
    show(page, path)
    link = page.get_by_role("link", name="Football pages")
    assert link.get_attribute("href") == "index.html"


def test_an_empty_warehouse(duckdb_job: Job, api: Simulator, page: Page) -> None:
    def make() -> None:
        extract_three(duckdb_job, api)
        for table in ("fixtures", "fixture_index", "fixture_checks", "runs", "api_calls"):
            duckdb_job.query(f"delete from sportmonks_raw.{table} returning 1")
        duckdb_job.transform(*EVERY_MODEL)

    duckdb_job.start("empty", make)
    show(page, written(duckdb_job), 390)
    fits(page, 390)
    text = page.locator("main").inner_text()
    for part in (
        "Not everything could be checked: there was no run",
        "No fixture is known yet",
        "No fixture was requested yet",
        "There was none.",
        "No call was made",
        "None was seen.",
    ):
        assert part in text
    for part in ("Nothing needs attention", "all fixtures are as fresh", "succeeded"):
        assert part not in text


class Tables(HTMLParser):
    """The rows of a page's tables, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._table: list[list[str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "table":
            self._table = self.rows.setdefault(str(values["id"]), [])
        elif tag == "tr":
            self._table.append([])
        elif "data-value" in values:
            self._table[-1].append(values["data-value"] or "")


@POSTGRES_IN_TEST_ALL
def test_numbers_are_those_of_the_tables(job: Job, api: Simulator) -> None:
    job.start("filled", lambda: fill(job, api))
    text = written(job).read_text()
    tables = Tables()
    tables.feed(text)
    found = {name: [row for row in rows if row] for name, rows in tables.rows.items()}
    for name, sql in {
        "season-rows-table": "select season_id, league_name, season_name, known, stored from "
        "sportmonks.season_coverage where known > 0",
        "run-rows-table": "select started_at, outcome, due, requested from sportmonks.extract_runs",
        "quota-rows-table": "select hour_at, endpoint, calls, calls_answered from "
        "sportmonks.quota_usage",
        "unresolved-rows-table": "select outcome from sportmonks_raw.fixture_checks "
        "where outcome in ('failed', 'unconfirmed', 'missing')",
        "due-rows-table": "select reason from sportmonks_raw.due_fixtures",
    }.items():
        rows = job.query(sql)
        assert rows
        expected = sorted([str(value) for value in row] for row in rows)
        assert sorted(row[: len(rows[0])] for row in found[name]) == expected, name
    gaps = {(row[0], row[4], row[5]): (int(row[1]), int(row[2])) for row in found["gap-rows-table"]}
    seasons = job.query(
        "select league_name, season_name, finished, finished_with_statistics, known, stored "
        "from sportmonks.season_coverage where known > 0"
    )
    for league, season, finished, with_statistics, known, stored in seasons:
        lacking = {"statistics": finished - with_statistics, "not stored yet": known - stored}
        for what, missing in lacking.items():
            gap = (missing, finished if what == "statistics" else known) if missing else None
            assert gaps.get((what, league, season)) == gap, what
    assert any(what == "statistics" for what, *_ in gaps)
    assert any(what == "not stored yet" for what, *_ in gaps)
    ((corrections,),) = job.query(
        "select count(*) from sportmonks.fixture_corrections where is_after_full_time"
    )
    assert len(found["correction-rows-table"]) == corrections >= 3
    assert f'<b id="correction-count">{corrections}</b>' in text
    ((stored,),) = job.query("select count(*) from sportmonks.fixtures")
    assert f'<b id="stored">{stored:,}</b>' in text
    checked = dict(
        job.query("select check_name, found from sportmonks_staging.check_results where found > 0")
    )
    assert "live_fixtures_are_recent" in checked
    shown = re.findall(
        r'<span class="name">(.*?)</span> <span class="found.*?>([0-9,]+) found', text
    )
    assert {name: int(count) for name, count in shown} == {
        name.replace("_", " ").capitalize(): count for name, count in checked.items()
    }
    assert f'<b id="warning-count">{len(checked)}</b>' in text
    for chart, name, sql in (
        ("calls", "calls", "select sum(calls) from sportmonks.extract_runs"),
        ("failures", "failed fixtures", "select sum(failed) from sportmonks.extract_runs"),
        ("quota", "answered", "select sum(calls_answered) from sportmonks.quota_usage "
                              "where endpoint like '%fixtures%'"),
    ):  # fmt: skip
        ((total,),) = job.query(sql)
        drawn = text.partition(f'id="chart-{chart}"')[2].partition("</figure>")[0]
        titles = unescape(" ".join(re.findall("<title>.*?: (.*?)</title>", drawn)))
        counts = re.findall(rf"([0-9,]+) {name}", titles)
        assert sum(int(count.replace(",", "")) for count in counts) == total > 0, chart


@pytest.mark.thorough
def test_an_analyst_gets_the_page_of_the_final_tables(
    job_on: Callable[[Database], Job],
    postgres: Postgres,
    server: Server,
    api: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = job_on(postgres)
    build_three(job, api)
    role = f"{postgres.schema}_guest"
    server.query(f"create role {role} login")
    if server.password:
        server.query(f"alter role {role} password %s", [server.password])
    try:
        monkeypatch.setenv("PGUSER", role)
        refused = f"The role {role} may not read the schema {postgres.schema}."
        select = f"grant select on all tables in schema {postgres.schema} to {role}"
        output = " ".join(job.command("report", code=2).output.split())
        assert refused in output
        assert select in output
        server.query(f"grant usage on schema {postgres.schema} to {role}")
        server.query(select)
        server.query(f"revoke select on {postgres.schema}.league_table from {role}")
        output = " ".join(job.command("report", code=2).output.split())
        assert "league_table" in output
        assert select in output
        server.query(select)
        text = written(job).read_text()
    finally:
        server.query(f"drop owned by {role}")
        server.query(f"drop role {role}")
    assert '<b id="stored">3</b>' in text
    assert "They are not shown" in text
    assert "Not everything could be checked: " in text
    assert "Nothing needs attention" not in text
    missing = text.partition('id="unreadable">')[2].partition("</p>")[0]
    for table in ("due_fixtures", "fixture_checks", "api_calls", "check_results"):
        assert table in missing


@pytest.mark.thorough
def test_it_says_that_it_waits_for_a_lock(
    job_on: Callable[[Database], Job], postgres: Postgres, api: Simulator
) -> None:
    job = job_on(postgres)
    build_three(job, api)
    with closing(psycopg2.connect("")) as other:
        table = f"{postgres.schema}.team_fixtures"
        other.cursor().execute(f"lock table {table} in access exclusive mode")
        process = start_command("report", "--output", str(job.folder / "report"))
        timer = Timer(60, process.kill)
        timer.start()
        assert process.stdout
        assert "Waiting for a lock of process" in process.stdout.readline()
        other.rollback()
        process.stdout.read()
        assert process.wait() == 0
        timer.cancel()


@pytest.mark.thorough
def test_it_waits_for_the_duckdb_file(duckdb_job: Job, api: Simulator) -> None:
    build_three(duckdb_job, api)
    path = duckdb_job.folder / "report"
    program = (
        "import duckdb, sys, time; connection = duckdb.connect(sys.argv[1]); "
        "print('open', flush=True); time.sleep(2)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, os.environ["DUCKDB_PATH"]], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == b"open\n"
        output = duckdb_job.command("report", "--no-wait", "--output", str(path), code=1).output
        assert "in use by process" in output
        assert not path.exists()
        assert "Waiting for process" in duckdb_job.command("report", "--output", str(path)).output
        assert path.exists()


def test_nothing_to_show(duckdb_job: Job, api: Simulator) -> None:
    path = duckdb_job.folder / "report"
    output = duckdb_job.command("report", "--output", str(path), code=2).output
    assert "sportmonks extract" in output
    extract_three(duckdb_job, api)
    output = duckdb_job.command("report", "--output", str(path), code=2).output
    assert "sportmonks transform" in output
    assert not path.exists()
    build_three(duckdb_job, api)
    output = duckdb_job.command("report", "--output", str(path / "no"), code=2).output
    assert "cannot be written" in output
