"""The report in a browser, and its figures against the tables."""

import os
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from simulator import Simulator
from tests.support.pipeline import EVERY_MODEL, POSTGRES_IN_TEST_ALL, Job

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
NAME = "</script><script>document.title = 'taken over'</script> & Sons <b>FC</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or another one."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        assert "CI_BROWSER" not in os.environ, "no browser is installed"
        pytest.skip("no Chromium is installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=flags)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without errors, and without requests for anything but the report."""
    page = browser.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda it: None if it.url.startswith("file:") else wrong.append(it.url))
    yield page
    page.close()
    assert wrong == []


def fill(job: Job, api: Simulator) -> None:
    """Runs that store, fail, correct and leave something due."""
    ids = api.world.fixture_ids()
    played = [id for id in ids if api.control.fixture(id)["statistics"]]
    api.control.update(played[0], {"name": NAME})
    # Live since months ago: a check warns.
    api.control.update(played[6], {"state_id": 2})
    job.extract("--seasons", "all", "--max-calls", "12", "--chunk-size", "20")
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [played[8]]}])
    job.extract("--force", "--fixture-ids", ",".join(map(str, played[:12])), code=1)
    api.control.faults([])
    for id in played[:5]:
        statistic = api.control.fixture(id)["statistics"][0]["id"]
        api.control.correct_statistic(id, statistic, 7777)
    job.extract("--force", "--fixture-ids", ",".join(map(str, played[:5])))
    job.transform(*EVERY_MODEL)


def written(job: Job) -> Path:
    path = job.folder / "report.html"
    job.command("report", "--output", str(path))
    return path


def show(page: Page, path: Path, width: int = 1280, scheme: str = "light") -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(path.as_uri())
    # All charts are drawn, and each has marks.
    for chart in page.locator(".chart").all():
        chart.locator("svg .mark-rect path").first.wait_for(state="attached")


@pytest.fixture
def api() -> Iterator[Simulator]:
    with Simulator(seed=5, leagues=2, seasons=2, teams=6, quota=10_000) as simulator:
        yield simulator


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
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.add_script_tag(path=AXE)
        violations = page.evaluate("axe.run().then(found => found.violations)")
        assert [each["id"] for each in violations] == [], violations
    charts = {chart.get_attribute("id") for chart in page.locator(".chart").all()}
    assert charts >= {
        f"chart-{name}" for name in ("coverage", "freshness", "runs", "quota", "corrections")
    }
    for chart in page.locator(".chart").all():
        assert re.match("(Bars|Heat map)", chart.get_attribute("aria-label") or "")
    # A name is text, whatever is in it.
    assert page.title().startswith("Sportmonks warehouse")
    assert NAME in page.locator("#correction-rows").inner_text()
    sorts(page)
    filters(page)
    # The one that failed, though it is a table of one row.
    page.locator('#season-rows a[href="#unresolved-rows"]').press("Enter")
    assert page.locator("#unresolved-rows output").inner_text() == "1 row"
    page.locator("#unresolved-rows input").fill("no such fixture")
    assert page.locator("#unresolved-rows tbody tr:visible").count() == 0


def sorts(page: Page) -> None:
    """By keyboard: one way, the other, and by numbers as numbers."""
    table = page.locator("#run-rows-table")
    column = [each.inner_text().strip() for each in table.locator("th").all()].index("Requested")
    button = table.locator("th button").nth(column)
    for direction, reverse in (("ascending", False), ("descending", True)):
        button.focus()
        page.keyboard.press("Enter")
        assert table.locator("th").nth(column).get_attribute("aria-sort") == direction
        cells = table.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()
        numbers = [int(cell.replace(",", "")) for cell in cells]
        assert numbers == sorted(numbers, reverse=reverse)
        assert len(set(numbers)) > 1


def filters(page: Page) -> None:
    """A number leads to its rows, and a filter to those that hold its words."""
    link = page.locator('#season-rows a[href="#due-rows"]').first
    season, count = link.get_attribute("data-filter") or "", link.inner_text()
    link.press("Enter")
    assert page.url.endswith("#due-rows")
    shown = page.locator("#due-rows tbody tr:visible").all_inner_texts()
    assert len(shown) == int(count)
    assert all(word in row for row in shown for word in season.split())
    assert page.locator("#due-rows output").inner_text() == f"{count} rows"
    page.locator("#due-rows input").fill("no such fixture")
    assert page.locator("#due-rows tbody tr:visible").count() == 0


def extract_three(job: Job, api: Simulator) -> None:
    ids = ",".join(map(str, api.world.fixture_ids()[:3]))
    job.start("three fixtures", lambda: job.extract("--fixture-ids", ids))


def build_three(job: Job, api: Simulator) -> None:
    def make() -> None:
        extract_three(job, api)
        job.transform(*EVERY_MODEL)

    job.start("three fixtures, built", make)


def test_three_fixtures(duckdb_job: Job, api: Simulator, page: Page) -> None:
    build_three(duckdb_job, api)
    show(page, written(duckdb_job), 390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#stored").inner_text() == "3"


class Tables(HTMLParser):
    """The rows of a page's tables, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._table: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._table = self.rows.setdefault(str(dict(attributes)["id"]), [])
        elif tag == "tr":
            self._table.append([])
        elif tag == "td":
            self._table[-1].append(dict(attributes)["data-value"] or "")


@POSTGRES_IN_TEST_ALL
def test_numbers_are_those_of_the_tables(job: Job, api: Simulator) -> None:
    job.start("filled", lambda: fill(job, api))
    text = written(job).read_text()
    tables = Tables()
    tables.feed(text)
    found = {name: [row for row in rows if row] for name, rows in tables.rows.items()}
    for name, sql in {
        "season-rows-table": "select league_name, season_name, known, stored from "
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
        assert sorted(row[: len(rows[0])] for row in found[name]) == expected
    ((corrections,),) = job.query(
        "select count(*) from sportmonks.fixture_corrections where is_after_full_time"
    )
    assert len(found["correction-rows-table"]) == corrections >= 3
    ((stored,),) = job.query("select count(*) from sportmonks.fixtures")
    assert f'<b id="stored">{stored:,}</b>' in text
    select = ["--select", "config.severity:warn"]
    warned = job.command("transform", "--verbose", "--full-refresh", *select).output
    names = re.findall(r"WARN (\w+): [0-9]+ found", warned)
    assert "live_fixtures_are_recent" in names
    assert {name.replace("_", " ").capitalize() for name in names} == set(
        re.findall("<h3>(.*)</h3>", text)
    )
    assert f'<b id="warning-count">{len(names)}</b>' in text


def test_nothing_to_show(duckdb_job: Job, api: Simulator) -> None:
    path = duckdb_job.folder / "report.html"
    output = duckdb_job.command("report", "--output", str(path), code=2).output
    assert "sportmonks extract" in output
    extract_three(duckdb_job, api)
    output = duckdb_job.command("report", "--output", str(path), code=2).output
    assert "sportmonks transform" in output
    assert not path.exists()
    build_three(duckdb_job, api)
    output = duckdb_job.command("report", "--output", str(path / "no"), code=2).output
    assert "cannot be written" in output
